"""Who we are and who they are: the contents of CER and CEA (RFC 6733 section 5.3)."""

from dataclasses import dataclass
from typing import Final, cast

from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.commands import (
    APPLICATION_RELAY,
    AVP_ACCT_APPLICATION_ID,
    AVP_AUTH_APPLICATION_ID,
    AVP_FIRMWARE_REVISION,
    AVP_HOST_IP_ADDRESS,
    AVP_INBAND_SECURITY_ID,
    AVP_ORIGIN_HOST,
    AVP_ORIGIN_REALM,
    AVP_ORIGIN_STATE_ID,
    AVP_PRODUCT_NAME,
    AVP_SUPPORTED_VENDOR_ID,
    AVP_VENDOR_ID,
    AVP_VENDOR_SPECIFIC_APPLICATION_ID,
    VENDOR_3GPP,
    VENDOR_ETSI,
)
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.types import Address

_NO_INBAND_SECURITY: Final = 0


@dataclass(frozen=True, slots=True, order=True)
class Application:
    """An application as it is announced. `vendor_id` only says who defined it."""

    application_id: int
    vendor_id: int = 0
    is_accounting: bool = False


@dataclass(frozen=True, slots=True)
class LocalNode:
    """One of our identities. `origin_state_id` grows only when state was lost (section 8.16)."""

    origin_host: str
    origin_realm: str
    host_ip_addresses: tuple[Address, ...]
    applications: tuple[Application, ...]
    vendor_id: int = 0
    product_name: str = "WISPGate"
    origin_state_id: int | None = None
    supported_vendor_ids: tuple[int, ...] = (VENDOR_3GPP, VENDOR_ETSI)
    firmware_revision: int | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a remote node says of itself."""

    origin_host: str
    origin_realm: str
    host_ip_addresses: tuple[Address, ...]
    applications: frozenset[Application]
    vendor_id: int
    product_name: str
    origin_state_id: int | None
    supported_vendor_ids: frozenset[int]
    firmware_revision: int | None
    can_go_without_inband_security: bool

    @property
    def is_relay(self) -> bool:
        """Relays announce one number that stands for every application."""
        return any(a.application_id == APPLICATION_RELAY for a in self.applications)


def capabilities_avps(node: LocalNode) -> list[AvpItem]:
    """What CER and CEA say after the identity.

    3GPP applications are announced twice, plain and as vendor specific: peers differ in where
    they look.
    """
    avps: list[AvpItem] = [("Host-IP-Address", address) for address in node.host_ip_addresses]
    avps += [("Vendor-Id", node.vendor_id), ("Product-Name", node.product_name)]
    if node.origin_state_id is not None:
        avps.append(("Origin-State-Id", node.origin_state_id))
    avps += [("Supported-Vendor-Id", vendor_id) for vendor_id in node.supported_vendor_ids]
    avps += [_plain(application) for application in node.applications]
    avps += [
        _vendor_specific(application) for application in node.applications if application.vendor_id
    ]
    if node.firmware_revision is not None:
        avps.append(("Firmware-Revision", node.firmware_revision))
    return avps


def decode_capabilities(message: Message) -> Capabilities:
    """From a CER or CEA. Raises MissingAvp, InvalidAvpLength or InvalidAvpValue."""
    securities = _ints(message, AVP_INBAND_SECURITY_ID)
    return Capabilities(
        origin_host=_text(message, AVP_ORIGIN_HOST),
        origin_realm=_text(message, AVP_ORIGIN_REALM),
        host_ip_addresses=tuple(
            value for value in message.list(AVP_HOST_IP_ADDRESS) if isinstance(value, Address)
        ),
        applications=_applications(message),
        vendor_id=message.get_int(AVP_VENDOR_ID),
        product_name=_text(message, AVP_PRODUCT_NAME),
        origin_state_id=message.find_int(AVP_ORIGIN_STATE_ID),
        supported_vendor_ids=_ints(message, AVP_SUPPORTED_VENDOR_ID),
        firmware_revision=message.find_int(AVP_FIRMWARE_REVISION),
        can_go_without_inband_security=not securities or _NO_INBAND_SECURITY in securities,
    )


def _text(message: Message, key: int) -> str:
    """As it was written, NULs and all: a stranger's name is shown, not refused for its form."""
    return cast(str, message.get(key))


def common_applications(node: LocalNode, remote: Capabilities) -> tuple[Application, ...]:
    """Ours that the remote node speaks as well: numbers of the same kind, or any with a relay."""
    if remote.is_relay:
        return node.applications
    theirs = {(a.application_id, a.is_accounting) for a in remote.applications}
    return tuple(
        a
        for a in node.applications
        if a.application_id == APPLICATION_RELAY or (a.application_id, a.is_accounting) in theirs
    )


def _plain(application: Application) -> AvpItem:
    return _id_name(application), application.application_id


def _vendor_specific(application: Application) -> AvpItem:
    return (
        "Vendor-Specific-Application-Id",
        [("Vendor-Id", application.vendor_id), _plain(application)],
    )


def _id_name(application: Application) -> str:
    return "Acct-Application-Id" if application.is_accounting else "Auth-Application-Id"


def _applications(message: Message) -> frozenset[Application]:
    """Each number once: with its vendor, where the remote node names one."""
    vendors = dict.fromkeys(_announced(message), 0)
    for group in message.list_avps(AVP_VENDOR_SPECIFIC_APPLICATION_ID):
        vendor_id = group.members.find_int(AVP_VENDOR_ID) or 0
        vendors |= dict.fromkeys(_announced(group.members), vendor_id)
    return frozenset(
        Application(number, vendor_id, is_accounting)
        for (number, is_accounting), vendor_id in vendors.items()
    )


def _announced(sequence: AvpSequence) -> list[tuple[int, bool]]:
    return [(n, False) for n in sorted(_ints(sequence, AVP_AUTH_APPLICATION_ID))] + [
        (n, True) for n in sorted(_ints(sequence, AVP_ACCT_APPLICATION_ID))
    ]


def _ints(sequence: AvpSequence, key: int) -> frozenset[int]:
    return frozenset(value for value in sequence.list(key) if isinstance(value, int))
