"""What S6a requests ask, in our words, read from their AVPs by the generic codec.

`usual` reads the same from what the hot codec took. This is the one place that knows what to
refuse, and which AVP is at fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wispgate.domain.authentication.sqn import (
    ResynchronisationRequest,
    find_resynchronisation_request,
)
from wispgate.domain.authentication.vectors import decide_vector_count
from wispgate.domain.equipment.lists import DEVICE_DIGITS
from wispgate.domain.policy.access import NO_FEATURES, NodeFeatures
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi, decode_tbcd
from wispgate.kernel.plmn import Plmn
from wispgate.network.hss.resynchronisations import VectorRequest
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.errors import InvalidAvpValue
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode

_EUTRAN: Final = "Requested-EUTRAN-Authentication-Info"
_UTRAN: Final = "Requested-UTRAN-GERAN-Authentication-Info"
# A DiameterIdentity is a domain name.
_LONGEST_IDENTITY: Final = 255
# ULR-Flags (TS 29.272 section 7.3.7).
_SINGLE_REGISTRATION: Final = 1 << 0
_S6A_INDICATOR: Final = 1 << 1
_SKIP_SUBSCRIBER_DATA: Final = 1 << 2
_GPRS_SUBSCRIPTION_DATA: Final = 1 << 3
_INITIAL_ATTACH: Final = 1 << 5
# PUR-Flags (section 7.3.149): which half of a combined node has forgotten the phone.
_PURGED_IN_MME: Final = 1 << 0
_PURGED_IN_SGSN: Final = 1 << 1
# NOR-Flags (section 7.3.49).
_NOTIFIED_SINGLE_REGISTRATION: Final = 1 << 0


class ServingNode(StrEnum):
    """What a phone is registered with: it may be with one of each."""

    MME = "mme"
    SGSN = "sgsn"


class Ending(StrEnum):
    """How a node learns that a phone is with the other kind now (section 5.2.1.1.3)."""

    SGSN_UPDATE = "sgsn_update"
    INITIAL_ATTACH = "initial_attach"


@dataclass(frozen=True, slots=True)
class LocationRequest:
    """What a ULR says. `rat_type` None: it does not say."""

    imsi: Imsi
    host: str
    realm: str
    plmn: Plmn
    rat_type: int | None
    imei: str | None
    flags: int
    features: NodeFeatures = NO_FEATURES
    sgsn_number: str = ""

    @property
    def node(self) -> ServingNode:
        """S6a/S6d-Indicator: set by an MME."""
        return ServingNode.MME if self.flags & _S6A_INDICATOR else ServingNode.SGSN

    @property
    def ending(self) -> Ending | None:
        """What becomes of the registration with a node of the other kind; None: it stays."""
        if self.flags & _SINGLE_REGISTRATION and self.node is ServingNode.MME:
            return Ending.SGSN_UPDATE
        return Ending.INITIAL_ATTACH if self.flags & _INITIAL_ATTACH else None

    @property
    def wants_gprs_data(self) -> bool:
        return bool(self.flags & _GPRS_SUBSCRIPTION_DATA)

    @property
    def device(self) -> str | None:
        """TAC and serial number, 14 digits; None: it does not say."""
        return self.imei[:DEVICE_DIGITS] if self.imei else None

    @property
    def may_skip_data(self) -> bool:
        """Skip-Subscriber-Data (TS 29.272 section 7.3.7)."""
        return bool(self.flags & _SKIP_SUBSCRIBER_DATA)


class DoubleResynchronisation(InvalidAvpValue):
    code = "double_resynchronisation"
    result_code = ResultCode.UNABLE_TO_COMPLY


def location_request_of(message: Message) -> LocationRequest:
    """What a ULR says. Raises InvalidAvpValue with the AVP at fault."""
    return LocationRequest(
        imsi=imsi_of(message),
        host=identity_of(message, commands.AVP_ORIGIN_HOST),
        realm=identity_of(message, commands.AVP_ORIGIN_REALM),
        plmn=visited_plmn_of(message),
        rat_type=message.find_int("RAT-Type"),
        imei=imei_of(message),
        flags=message.find_int("ULR-Flags") or 0,
        features=features_of(message),
        sgsn_number=_number_of(message),
    )


def features_of(message: Message) -> NodeFeatures:
    """Supported-Features, 3GPP's of S6a; another vendor's say nothing here."""
    lists = [
        (avp.members.find_int("Feature-List-ID"), avp.members.find_int("Feature-List") or 0)
        for avp in message.list_avps("Supported-Features")
        if avp.members.find_int("Vendor-Id") in (None, commands.VENDOR_3GPP)
    ]
    return features_in(lists)


def features_in(lists: Iterable[tuple[int | None, int]]) -> NodeFeatures:
    """From pairs of Feature-List-ID and Feature-List."""
    by_id = dict(lists)
    return NodeFeatures(by_id.get(1, 0), by_id.get(2, 0))


def purged_nodes_of(message: Message) -> tuple[ServingNode, ...]:
    """The kinds of node that a PUR speaks of: both, unless a combined node tells the half."""
    flags = message.find_int("PUR-Flags") or 0
    halves = {_PURGED_IN_MME: ServingNode.MME, _PURGED_IN_SGSN: ServingNode.SGSN}
    told = tuple(node for bit, node in halves.items() if flags & bit)
    return told or tuple(ServingNode)


def is_single_registration(message: Message) -> bool:
    """Whether a NOR says that the phone is with this MME alone."""
    return bool((message.find_int("NOR-Flags") or 0) & _NOTIFIED_SINGLE_REGISTRATION)


def _number_of(message: Message) -> str:
    """SGSN-Number: TBCD, for people. What is none is nothing worth keeping."""
    octets = message.find_octets("SGSN-Number")
    try:
        return "" if octets is None else decode_tbcd(octets)
    except InvalidValue:
        return ""


def imsi_of(message: Message) -> Imsi:
    """User-Name is the IMSI. Raises InvalidAvpValue with the AVP at fault."""
    avp = message.get_avp("User-Name")
    try:
        return Imsi(message.get_text("User-Name"))
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=avp.encode()) from None


def identity_of(message: Message, key: int) -> str:
    """Origin-Host or Origin-Realm, a name that can be kept. Raises InvalidAvpValue."""
    name = message.get_text(key)
    if not is_identity(name):
        failed_avp = message.get_avp(key).encode()
        raise InvalidAvpValue("not a DiameterIdentity", failed_avp=failed_avp)
    return name


def is_identity(name: str) -> bool:
    """Whether it can be kept, and shown."""
    return name.isascii() and name.isprintable() and 0 < len(name) <= _LONGEST_IDENTITY


def visited_plmn_of(message: Message) -> Plmn:
    """Visited-PLMN-Id. Raises InvalidAvpValue with the AVP at fault."""
    avp = message.get_avp("Visited-PLMN-Id")
    try:
        return Plmn.decode(avp.data)
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=avp.encode()) from None


def gateways_of(message: Message) -> dict[str, str]:
    """The gateway that serves an APN, as a NOR tells it (section 7.3.1): by APN, its host."""
    agent = message.find_avp("MIP6-Agent-Info")
    apn = message.find_text("Service-Selection")
    if agent is None or not apn:
        return {}
    home_agent = agent.members.find_avp("MIP-Home-Agent-Host")
    host = home_agent.members.find_text("Destination-Host") if home_agent else None
    address = agent.members.find("MIP-Home-Agent-Address")
    return {apn: host or str(address or "")}


def vector_request_of(request: Request) -> VectorRequest:
    """What an AIR asks for. Raises InvalidAvpValue, or InvalidValue for a double resynchronisation."""
    message = request.message
    eutran, utran = message.find_avp(_EUTRAN), message.find_avp(_UTRAN)
    resynchronisations = [
        found for group in (eutran, utran) if group and (found := _resynchronisation(group))
    ]
    if len(resynchronisations) > 1:
        # Section 5.2.3.1.3: then the HSS answers UNABLE_TO_COMPLY.
        raise DoubleResynchronisation("resynchronisation is asked for twice")
    return VectorRequest(
        core_id=request.peer.core_id,
        imsi=imsi_of(message),
        serving_node=identity_of(message, commands.AVP_ORIGIN_HOST),
        plmn=visited_plmn_of(message),
        eutran_vectors=_count(eutran) if eutran or not utran else 0,
        utran_vectors=_count(utran) if utran else 0,
        resynchronisation=resynchronisations[0] if resynchronisations else None,
    )


def _count(group: Avp | None) -> int:
    wanted = group.members.find_int("Number-Of-Requested-Vectors") if group else None
    return decide_vector_count(1 if wanted is None else wanted)


def _resynchronisation(group: Avp) -> ResynchronisationRequest | None:
    avp = group.members.find_avp("Re-Synchronization-Info")
    if avp is None:
        return None
    try:
        return find_resynchronisation_request(avp.data)
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=group.around(avp.encode())) from None


def imei_of(message: Message) -> str | None:
    """The IMEI as it came. What cannot be one is nothing that is worth keeping."""
    terminal = message.find_avp("Terminal-Information")
    return plausible_imei(terminal.members.find_text("IMEI") if terminal else None)


def plausible_imei(imei: str | None) -> str | None:
    """14 to 16 digits, or None."""
    is_plausible = imei is not None and imei.isascii() and imei.isdigit() and 14 <= len(imei) <= 16
    return imei if is_plausible else None
