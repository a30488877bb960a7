"""What a test MME asks over S6a, and what it reads out of the answers."""

from tests.harness.network import MME_HOST, REALM, Card
from wispgate.domain.authentication.milenage import Milenage
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_UPDATE_LOCATION,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, Message, encode_message

PLMN = Plmn("001", "01")
IMSI = "001010000000001"


def common(mme: DiameterClient, imsi: str, *, destination_realm: str = REALM) -> list[AvpItem]:
    return [
        ("Session-Id", mme.new_session_id()),
        (
            "Vendor-Specific-Application-Id",
            [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
        ),
        ("Auth-Session-State", 1),
        ("Origin-Host", mme.host),
        ("Origin-Realm", mme.realm),
        ("Destination-Realm", destination_realm),
        ("User-Name", imsi),
    ]


async def air(
    mme: DiameterClient, imsi: str, *, vectors: int = 1, resync: bytes = b"", plmn: Plmn = PLMN,
    destination_realm: str = REALM,
) -> Message:  # fmt: skip
    wanted: list[AvpItem] = [
        ("Number-Of-Requested-Vectors", vectors),
        ("Immediate-Response-Preferred", 1),
    ]
    if resync:
        wanted.append(("Re-Synchronization-Info", resync))
    return await mme.request(
        APPLICATION_S6A,
        COMMAND_AUTHENTICATION_INFORMATION,
        [
            *common(mme, imsi, destination_realm=destination_realm),
            ("Requested-EUTRAN-Authentication-Info", wanted),
            ("Visited-PLMN-Id", plmn.encode()),
        ],
    )


async def ulr(mme: DiameterClient, imsi: str, *, flags: int = 34) -> Message:
    return await mme.request(
        APPLICATION_S6A,
        COMMAND_UPDATE_LOCATION,
        [
            *common(mme, imsi),
            ("RAT-Type", 1004),
            ("ULR-Flags", flags),
            ("Visited-PLMN-Id", PLMN.encode()),
            ("Terminal-Information", [("IMEI", "35693803564380"), ("Software-Version", "01")]),
        ],
    )


def result_of(answer: Message) -> int:
    code = answer.find_int("Result-Code")
    if code is not None:
        return code
    return answer.get_avp("Experimental-Result").members.get_int("Experimental-Result-Code")


def vectors_of(answer: Message) -> list[tuple[bytes, bytes, bytes, bytes]]:
    groups = answer.get_avp("Authentication-Info").members.list_avps("E-UTRAN-Vector")
    names = ("RAND", "XRES", "AUTN", "KASME")
    return [tuple(g.members.get_octets(name) for name in names) for g in groups]  # type: ignore[misc]


def sqn_of(card: Card, autn: bytes, rand: bytes) -> int:
    return int.from_bytes(autn[:6], "big") ^ Milenage(card.k, card.opc).respond(rand).ak


def an_air(*, number: int, imsi: str = IMSI, host: str = MME_HOST, ballast: int = 0) -> bytes:
    """A whole AIR as octets. `ballast` octets of Proxy-Info come back with the answer."""
    avps: list[AvpItem] = [
        ("Session-Id", f"{host};1;{number}"),
        ("Auth-Session-State", 1),
        ("Origin-Host", host),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("User-Name", imsi),
        ("Requested-EUTRAN-Authentication-Info", [("Number-Of-Requested-Vectors", 1)]),
        ("Visited-PLMN-Id", PLMN.encode()),
    ]
    if ballast:
        avps.append(("Proxy-Info", [("Proxy-Host", host), ("Proxy-State", bytes(ballast))]))
    header = Header(
        FLAG_REQUEST | FLAG_PROXIABLE,
        COMMAND_AUTHENTICATION_INFORMATION,
        APPLICATION_S6A,
        number,
        number,
    )
    return encode_message(header, avps)
