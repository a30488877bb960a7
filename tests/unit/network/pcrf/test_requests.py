"""A CCR in our words: identities by their type, addresses, features."""

from uuid import UUID

import pytest

from tests.harness.network import NOW
from wispgate.kernel.plmn import Plmn
from wispgate.network.pcrf.requests import (
    PolicyRequest,
    RequestType,
    knows_extended_bandwidth,
    policy_request_of,
)
from wispgate.network.transport.applications import RemotePeer, Request
from wispgate.store.directory import Identity
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.errors import InvalidAvpValue
from wispgate.wire.diameter.header import request_header
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

CORE = UUID(int=1)
IMSI = "001010000000001"
PEER = RemotePeer(
    CORE, "core", "pgw", "epc.test", "generic3gpp", (Plmn("001", "01"),), "unknown", frozenset()
)
HEADER = request_header(272, 16777238, hop_by_hop=1, end_to_end=2)


def parsed(*avps: AvpItem, request_type: int = 1) -> PolicyRequest:
    octets = encode_message(
        HEADER,
        [
            ("Session-Id", "s;1"),
            ("Origin-Host", "pgw.epc.test"),
            ("Origin-Realm", "epc.test"),
            ("CC-Request-Type", request_type),
            ("CC-Request-Number", 0),
            *avps,
        ],
    )
    return policy_request_of(Request(decode_message(octets), PEER, Origin("a", "b"), NOW))


def subscription(kind: int, value: str) -> AvpItem:
    return ("Subscription-Id", [("Subscription-Id-Type", kind), ("Subscription-Id-Data", value)])


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (0, "15550100001", ("msisdn", "15550100001")),
        (0, "+15550100001", ("msisdn", "15550100001")),
        (0, IMSI, ("msisdn", IMSI)),
        (1, IMSI, ("imsi", IMSI)),
        (2, "sip:+15550100001@ims.test", ("msisdn", "15550100001")),
        (2, f"sip:{IMSI}@ims.test", ("imsi", IMSI)),
        (3, f"0{IMSI}@nai.epc.test", ("imsi", IMSI)),
        (3, "router@example", ("nai", "router@example")),
    ],
)
def test_an_identity_is_read_by_its_type(kind: int, value: str, expected: tuple[str, str]) -> None:
    assert parsed(subscription(kind, value)).identity == Identity(CORE, *expected)


@pytest.mark.parametrize(("kind", "value"), [(2, "sip:alice@example"), (4, "private")])
def test_an_identity_that_names_no_line_is_none(kind: int, value: str) -> None:
    assert parsed(subscription(kind, value)).identity is None


def test_the_imsi_goes_before_the_number() -> None:
    asked = parsed(subscription(0, "15550100001"), subscription(1, IMSI))

    assert asked.identity == Identity(CORE, "imsi", IMSI)
    assert asked.imsi == IMSI


@pytest.mark.parametrize(
    ("avps", "address"),
    [
        ((("Framed-IP-Address", b"\x0a\x2d\x00\x02"),), "10.45.0.2"),
        ((("Framed-IPv6-Prefix", bytes.fromhex("004020010db8cafe0001")),), "2001:db8:cafe:1::/64"),
        ((), None),
    ],
)
def test_the_address_is_the_ipv4_one_or_the_prefix(
    avps: tuple[AvpItem, ...], address: str | None
) -> None:
    assert parsed(*avps).framed_address == address


@pytest.mark.parametrize(
    "avp", [("Framed-IP-Address", b"\x0a"), ("Framed-IPv6-Prefix", b"\x00"),
            ("Framed-IPv6-Prefix", b"\x00\xff")],
)  # fmt: skip
def test_a_broken_address_is_told_with_its_avp(avp: AvpItem) -> None:
    with pytest.raises(InvalidAvpValue) as caught:
        parsed(avp)

    assert caught.value.failed_avp


def test_an_event_request_has_no_place_on_gx() -> None:
    with pytest.raises(InvalidAvpValue):
        parsed(request_type=4)

    assert parsed(request_type=3).type is RequestType.TERMINATION


def test_only_common_features_are_kept() -> None:
    lists = [(1, 0xFFFF_FFFF), (2, 0x88), (7, 1)]

    asked = parsed(
        *(
            (
                "Supported-Features",
                [("Vendor-Id", 10415), ("Feature-List-ID", n), ("Feature-List", f)],
            )
            for n, f in lists
        )
    )

    assert asked.features == ((1, 0x0B), (2, 0x80))
    assert knows_extended_bandwidth(asked.features)
