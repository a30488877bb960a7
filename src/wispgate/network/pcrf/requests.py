"""What a Gx CCR says, in our words (TS 29.212 section 5.6.2)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import Final
from uuid import UUID

from wispgate.network.transport.applications import Request
from wispgate.store.directory import Identity
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.errors import InvalidAvpValue
from wispgate.wire.diameter.message import Message

_EXTENDED_BANDWIDTH_LIST: Final = 2
_EXTENDED_BANDWIDTH: Final = 0x80
# Of list 1: Rel-8, Rel-9 and Rel-10 of Gx.
_OUR_FEATURES: Final = {1: 0x0B, _EXTENDED_BANDWIDTH_LIST: _EXTENDED_BANDWIDTH}
_IMSI_DIGITS: Final = re.compile(r"\d{14,15}")


class RequestType(IntEnum):
    """CC-Request-Type of a session-based dialogue."""

    INITIAL = 1
    UPDATE = 2
    TERMINATION = 3


# The longest of TS 29.061 section 16.4.7.2 has 21 octets.
_LONGEST_LOCATION = 64


class SubscriptionIdType(IntEnum):
    """RFC 8506 section 8.47. Some clients have mixed them up: the type is read, never guessed."""

    E164 = 0
    IMSI = 1
    SIP_URI = 2
    NAI = 3


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """One CCR. `identity` is the best that it names: the IMSI before the number."""

    session_id: str
    origin_host: str
    origin_realm: str
    type: RequestType
    number: int
    identity: Identity | None
    apn: str | None
    framed_address: str | None
    visited_plmn: str | None
    rat_type: int | None
    features: tuple[tuple[int, int], ...]
    has_network_requests: bool
    user_location: bytes | None = None

    @property
    def imsi(self) -> str:
        """Empty where the client did not name it."""
        return self.identity.value if self.identity and self.identity.kind == "imsi" else ""


def knows_extended_bandwidth(features: tuple[tuple[int, int], ...]) -> bool:
    """Whether a gateway with these features in common understands the extended AVPs of rates."""
    return (_EXTENDED_BANDWIDTH_LIST, _EXTENDED_BANDWIDTH) in features


def policy_request_of(request: Request) -> PolicyRequest:
    """Raises InvalidAvpValue with the AVP at fault."""
    message = request.message
    return PolicyRequest(
        session_id=message.get_text(commands.AVP_SESSION_ID),
        origin_host=message.get_text(commands.AVP_ORIGIN_HOST),
        origin_realm=message.get_text(commands.AVP_ORIGIN_REALM),
        type=_request_type(message),
        number=message.get_int(commands.AVP_CC_REQUEST_NUMBER),
        identity=_identity(message, request.peer.core_id),
        apn=_apn(message),
        framed_address=_framed_address(message),
        visited_plmn=message.find_text(commands.AVP_TGPP_SGSN_MCC_MNC),
        rat_type=message.find_int(commands.AVP_RAT_TYPE),
        features=tuple(_common_features(message)),
        has_network_requests=bool(message.find_int(commands.AVP_NETWORK_REQUEST_SUPPORT)),
        user_location=location_in(message.find_octets(commands.AVP_TGPP_USER_LOCATION_INFO)),
    )


def location_in(octets: bytes | None) -> bytes | None:
    """A User-Location-Info that is worth keeping: some gateways send none, or a long one."""
    return octets if octets is not None and 0 < len(octets) <= _LONGEST_LOCATION else None


def _request_type(message: Message) -> RequestType:
    avp = message.get_avp(commands.AVP_CC_REQUEST_TYPE)
    try:
        return RequestType(message.get_int(commands.AVP_CC_REQUEST_TYPE))
    except ValueError:
        # EVENT_REQUEST has no place on Gx.
        raise InvalidAvpValue("Gx has no such request", failed_avp=avp.encode()) from None


def _apn(message: Message) -> str | None:
    apn = message.find_text(commands.AVP_CALLED_STATION_ID)
    return apn.lower() if apn else None


def _identity(message: Message, core_id: UUID) -> Identity | None:
    pairs = [
        (
            avp.members.get_int(commands.AVP_SUBSCRIPTION_ID_TYPE),
            avp.members.get_text(commands.AVP_SUBSCRIPTION_ID_DATA),
        )
        for avp in message.list_avps(commands.AVP_SUBSCRIPTION_ID)
    ]
    return best_identity(pairs, core_id)


def best_identity(subscription_ids: Sequence[tuple[int, str]], core_id: UUID) -> Identity | None:
    """Where an IMSI is named, nothing else counts: numbers move from card to card."""
    found = [_named(kind, value) for kind, value in subscription_ids]
    for wanted in ("imsi", "msisdn", "nai"):
        for kind, value in filter(None, found):
            if kind == wanted:
                return Identity(core_id, kind, value)
    return None


def _named(kind: int, value: str) -> tuple[str, str] | None:
    match kind:
        case SubscriptionIdType.IMSI:
            return "imsi", value[:-1] if value[-1:] in ("f", "F") else value
        case SubscriptionIdType.E164:
            return "msisdn", value.removeprefix("tel:").removeprefix("+")
        case SubscriptionIdType.NAI:
            return _of_user(value) or ("nai", value)
        case SubscriptionIdType.SIP_URI:
            return _of_user(value.partition(":")[2] or value)
        case _:
            return None


def _of_user(address: str) -> tuple[str, str] | None:
    """A user part that is a number: +MSISDN, IMSI, or 0IMSI and 6IMSI of TS 23.003 section 19.3."""
    user = address.partition("@")[0]
    if user.startswith("+") and user[1:].isdigit():
        return "msisdn", user[1:]
    if len(user) == 16 and user[0] in "06" and _IMSI_DIGITS.fullmatch(user[1:]):
        return "imsi", user[1:]
    return ("imsi", user) if _IMSI_DIGITS.fullmatch(user) else None


def _framed_address(message: Message) -> str | None:
    """Raises InvalidAvpValue."""
    avp = message.find_avp(commands.AVP_FRAMED_IP_ADDRESS)
    prefix = message.find_avp(commands.AVP_FRAMED_IPV6_PREFIX)
    try:
        return framed_address(avp.data if avp else None, prefix.data if prefix else None)
    except ValueError as error:
        failed = (avp or prefix or message.avps[0]).encode()
        raise InvalidAvpValue(f"no address: {error}", failed_avp=failed) from None


def framed_address(address: bytes | None, prefix: bytes | None) -> str | None:
    """The IPv4 address, else the IPv6 prefix. Raises ValueError."""
    if address is not None:
        return str(IPv4Address(address))
    return None if prefix is None else _prefix(prefix)


def _prefix(data: bytes) -> str:
    """RFC 3162 section 2.3: a reserved octet, the length in bits, as many octets as it takes."""
    if len(data) < 2:
        raise ValueError("a prefix has a length")
    address = IPv6Address(data[2:18].ljust(16, b"\0"))
    return str(IPv6Network((address, data[1]), strict=False))


def _common_features(message: Message) -> Iterator[tuple[int, int]]:
    for avp in message.list_avps(commands.AVP_SUPPORTED_FEATURES):
        list_id = avp.members.find_int(commands.AVP_FEATURE_LIST_ID) or 0
        common = common_features(list_id, avp.members.find_int(commands.AVP_FEATURE_LIST) or 0)
        if common:
            yield list_id, common


def common_features(list_id: int, features: int) -> int:
    """What of a list of features we have too."""
    return features & _OUR_FEATURES.get(list_id, 0)
