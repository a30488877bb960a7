"""Messages from names and values, and back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.wire.diameter.builders import a_ccr, a_header
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.errors import MissingAvp, UnencodableValue, UnknownAvpName
from wispgate.wire.diameter.message import (
    AvpItem,
    decode_message,
    encode_avps,
    encode_message,
    encode_named,
)


def test_a_message_is_built_from_names_and_values() -> None:
    octets = encode_message(
        a_header(),
        [
            ("Session-Id", "a;b;c"),
            ("Result-Code", 2001),
            ("Subscription-Data", [("MSISDN", bytes.fromhex("94715500"))]),
        ],
    )

    assert octets.hex() == (
        "0100004c c0000110 00000004 00000001 000003e9"
        "00000107 4000000d 613b623b 63000000"
        "0000010c 4000000c 000007d1"
        "00000578 c000001c 000028af 000002bd c0000010 000028af 94715500"
    ).replace(" ", "")


def test_a_decoded_message_answers_by_name() -> None:
    message = decode_message(
        a_ccr(
            ("Event-Timestamp", datetime(2026, 5, 9, tzinfo=UTC)),
            ("Framed-IP-Address", b"\1\2\3\4"),
        )
    )

    assert message.get("Session-Id") == "smf.example;1;1"
    assert message.get("Event-Timestamp") == datetime(2026, 5, 9, tzinfo=UTC)
    assert message.find("User-Name") is None
    assert message.list("User-Name") == []
    assert message.header.command_code == 272
    assert repr(message).endswith("of 10 AVPs>")
    with pytest.raises(MissingAvp):
        message.get("User-Name")


def test_ready_avps_and_octets_stand_beside_named_ones() -> None:
    raw = encode_named("User-Name", "001")

    together = encode_avps([raw, Avp(1, 0, 0x40, b"001"), ("User-Name", "001")])

    assert together == raw * 3


def test_unknown_avps_and_odd_flags_come_out_as_they_came_in() -> None:
    odd = [Avp(1, 99999, 0xE0, b"abc"), Avp(416, 0, 0x00, b"\0\0\0\1"), Avp(7, 0, 0x9F, b"")]
    octets = encode_message(a_header(), list(odd))

    message = decode_message(octets)

    assert message.avps == tuple(odd)
    assert encode_message(message.header, message.avps) == octets


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (("No-Such-AVP", 1), UnknownAvpName),
        (("User-Data", b""), UnknownAvpName),
        (("Rating-Group", "1"), UnencodableValue),
        (("Subscription-Id", b"raw"), UnencodableValue),
        (("Subscription-Id", "text"), UnencodableValue),
        (("Subscription-Id", [("Subscription-Id-Type", "x")]), UnencodableValue),
    ],
)
def test_what_cannot_be_encoded_is_our_mistake(item: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode_avps([item])


def test_a_message_longer_than_its_length_field_is_refused() -> None:
    with pytest.raises(UnencodableValue):
        encode_message(a_header(), [("Class", bytes(1 << 24))])


_LEAVES = st.one_of(
    st.tuples(st.just("User-Name"), st.text(max_size=20)),
    st.tuples(st.just("Rating-Group"), st.integers(0, 2**32 - 1)),
    st.tuples(st.just("CC-Total-Octets"), st.integers(0, 2**64 - 1)),
    st.tuples(st.just("Class"), st.binary(max_size=30)),
    st.tuples(st.just("RAT-Type"), st.integers(-(2**31), 2**31 - 1)),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.tuples(st.just("Proxy-Info"), st.lists(inner, max_size=4)),
    max_leaves=12,
)


def _tree(avps: tuple[Avp, ...]) -> list[Any]:
    values = [(avp.name, avp.value) for avp in avps]
    return [(name, _tree(v) if isinstance(v, tuple) else v) for name, v in values]


@given(st.lists(_TREES, max_size=8))
def test_any_tree_of_avps_survives_the_wire(tree: list[AvpItem]) -> None:
    octets = encode_message(a_header(), tree)

    message = decode_message(octets)

    assert _tree(message.avps) == tree
    assert encode_message(message.header, message.avps) == octets
