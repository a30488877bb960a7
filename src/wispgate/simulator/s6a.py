"""S6a messages of the MME, in the form of the captured ones (TS 29.272 section 7.2)."""

from dataclasses import dataclass
from typing import Final

from wispgate.kernel.plmn import Plmn
from wispgate.simulator.ue import UE
from wispgate.wire.diameter.avp import AvpSequence
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.message import AvpItem, Message

_NO_STATE_MAINTAINED: Final = 1
_EUTRAN: Final = 1004
_S6A_INDICATOR: Final = 1 << 1
_INITIAL_ATTACH: Final = 1 << 5
_SRVCC_NOT_SUPPORTED: Final = 0
_SMS_NOT_REQUIRED: Final = 1

APPLICATION: Final[AvpItem] = (
    "Vendor-Specific-Application-Id",
    [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
)
STATELESS: Final[AvpItem] = ("Auth-Session-State", _NO_STATE_MAINTAINED)


@dataclass(frozen=True, slots=True)
class Vector:
    """An E-UTRAN vector as the MME holds it: KASME it keeps for itself."""

    rand: bytes
    xres: bytes
    autn: bytes
    kasme: bytes


@dataclass(frozen=True, slots=True)
class Addressing:
    """The ends of one S6a request."""

    session_id: str
    origin_host: str
    origin_realm: str
    destination_realm: str

    def avps(self, ue: UE) -> list[AvpItem]:
        return [
            ("Session-Id", self.session_id),
            STATELESS,
            ("Origin-Host", self.origin_host),
            ("Origin-Realm", self.origin_realm),
            ("Destination-Realm", self.destination_realm),
            ("User-Name", ue.imsi.digits),
        ]


def authentication_information(
    addressing: Addressing, ue: UE, plmn: Plmn, *, resynchronisation: bytes = b""
) -> list[AvpItem]:
    """AIR for one vector; `resynchronisation` is RAND and AUTS of a card that is ahead."""
    wanted: list[AvpItem] = [
        ("Number-Of-Requested-Vectors", 1),
        ("Immediate-Response-Preferred", 1),
    ]
    if resynchronisation:
        wanted.append(("Re-Synchronization-Info", resynchronisation))
    return [
        *addressing.avps(ue),
        ("Requested-EUTRAN-Authentication-Info", wanted),
        ("Visited-PLMN-Id", plmn.encode()),
        APPLICATION,
    ]


def update_location(
    addressing: Addressing, ue: UE, plmn: Plmn, *, is_attach: bool = True
) -> list[AvpItem]:
    """ULR at attach, or of a phone that the HSS asked to be told of again."""
    flags = _S6A_INDICATOR | (_INITIAL_ATTACH if is_attach else 0)
    equipment: list[AvpItem] = [("IMEI", ue.imei.tac + ue.imei.serial)]
    if ue.imei.software_version:
        equipment.append(("Software-Version", ue.imei.software_version))
    session_id, *rest = addressing.avps(ue)
    return [
        session_id,
        APPLICATION,
        *rest,
        ("Terminal-Information", equipment),
        ("RAT-Type", _EUTRAN),
        ("ULR-Flags", flags),
        ("Visited-PLMN-Id", plmn.encode()),
        ("UE-SRVCC-Capability", _SRVCC_NOT_SUPPORTED),
        ("SMS-Register-Request", _SMS_NOT_REQUIRED),
    ]


def purge(addressing: Addressing, ue: UE) -> list[AvpItem]:
    return [*addressing.avps(ue), APPLICATION]


def notify(addressing: Addressing, ue: UE) -> list[AvpItem]:
    """NOR after attach: tells which terminal it is (section 5.2.5.1)."""
    terminal: AvpItem = ("Terminal-Information", [("IMEI", ue.imei.tac + ue.imei.serial)])
    return [*addressing.avps(ue), terminal, ("NOR-Flags", 0), APPLICATION]


def vector_of(answer: Message) -> Vector:
    """The first vector of an AIA. Raises MissingAvp."""
    information = answer.get_avp("Authentication-Info").members
    group = information.get_avp("E-UTRAN-Vector").members
    return Vector(*(group.get_octets(name) for name in ("RAND", "XRES", "AUTN", "KASME")))


def subscription_data(message: AvpSequence) -> AvpSequence | None:
    avp = message.find_avp("Subscription-Data")
    return None if avp is None else avp.members
