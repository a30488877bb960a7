"""Whom a message is about."""

import pytest

from tests.unit.wire.diameter.builders import a_header
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.mentions import does_mention, session_id_of
from wispgate.wire.diameter.message import AvpItem, encode_message

IMSI = b"001010000000001"


def subscription(kind: int, value: str) -> AvpItem:
    members: list[AvpItem] = [("Subscription-Id-Type", kind), ("Subscription-Id-Data", value)]
    return ("Subscription-Id", members)


@pytest.mark.parametrize(
    ("avp", "is_meant"),
    [
        (("User-Name", "001010000000001"), True),
        (("User-Name", "001010000000001@epc.example"), True),
        (("User-Name", "0001010000000001@nai.epc.example"), True),
        (("User-Name", "0010100000000017"), False),
        (("Session-Id", "mme;001010000000001"), False),
        (subscription(1, "001010000000001"), True),
        (subscription(0, "001010000000001"), False),
        (subscription(1, "1001010000000001"), False),
        (("Failed-AVP", [("User-Name", "001010000000001")]), True),
        (("Failed-AVP", [("Session-Id", "001010000000001")]), False),
        (encode_avp(9_999_999, 0, 0, b"\0\0\0\1\x40\0\0\x17001010000000001\0"), False),
        (encode_avp(279, 0, 0x40, b"001010000000001"), False),
    ],
)
def test_a_subscriber_is_named_by_its_own_value_alone(avp: AvpItem, is_meant: bool) -> None:
    assert does_mention(encode_message(a_header(), [avp]), IMSI) is is_meant


def test_a_hostile_depth_is_not_followed() -> None:
    inner = encode_avp(1, 0, 0x40, IMSI)
    for _ in range(2000):
        inner = encode_avp(279, 0, 0x40, inner)

    assert not does_mention(encode_message(a_header(), [inner]), IMSI)


def test_the_session_stands_first_or_anywhere() -> None:
    first = encode_message(a_header(), [("Session-Id", "a;b"), ("Origin-Host", "x")])
    later = encode_message(a_header(), [("Origin-Host", "x"), ("Session-Id", "a;b")])
    vendors = encode_message(
        a_header(), [encode_avp(263, 10415, 0xC0, b"no"), ("Session-Id", "a;b")]
    )

    assert [session_id_of(raw) for raw in (first, later, vendors)] == [b"a;b"] * 3


def test_without_a_session_there_is_none() -> None:
    assert session_id_of(encode_message(a_header(), [])) == b""
    assert session_id_of(encode_message(a_header(), [("Origin-Host", "x")])) == b""
    assert session_id_of(encode_message(a_header(), [b"\0\0\1\1\x40\0\1\0"])) == b""
