"""A peer, and requests of its, for tests without a socket."""

from datetime import UTC, datetime
from uuid import UUID

from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.applications import RemotePeer, Request
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORIGIN = Origin("hss.epc.test", "epc.test")
PEER = RemotePeer(
    core_id=UUID(int=1),
    core="lab",
    identity="mme.epc.test",
    realm="epc.test",
    profile="generic3gpp",
    home_plmns=(Plmn("001", "01"),),
    unknown_imsi="unknown",
    application_ids=frozenset({APPLICATION_S6A}),
)
HEADER = Header(
    FLAG_REQUEST | FLAG_PROXIABLE, COMMAND_AUTHENTICATION_INFORMATION, APPLICATION_S6A, 77, 88
)


def air_avps(*more: AvpItem, without: str = "") -> list[AvpItem]:
    avps: list[AvpItem] = [
        ("Session-Id", "mme.epc.test;1;1"),
        ("Auth-Session-State", 1),
        ("Origin-Host", "mme.epc.test"),
        ("Origin-Realm", "epc.test"),
        ("Destination-Realm", "epc.test"),
        ("User-Name", "001010000000001"),
        ("Visited-PLMN-Id", bytes.fromhex("00f110")),
    ]
    kept = [avp for avp in avps if not (isinstance(avp, tuple) and avp[0] == without)]
    return [*kept, *more]


def an_air(*more: AvpItem, header: Header = HEADER, without: str = "") -> bytes:
    return encode_message(header, air_avps(*more, without=without))


def a_request(*more: AvpItem, without: str = "") -> Request:
    return Request(decode_message(an_air(*more, without=without)), PEER, ORIGIN, NOW)


S6A_VSAI: AvpItem = (
    "Vendor-Specific-Application-Id",
    [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
)
