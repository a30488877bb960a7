"""Values of every type as octets and back, and what is no value."""

from datetime import UTC, datetime, timedelta, timezone
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.wire.diameter.errors import InvalidAvpLength, InvalidAvpValue, UnencodableValue
from wispgate.wire.diameter.types import (
    Address,
    AvpType,
    Value,
    decode_value,
    encode_value,
    minimum_length,
)

_VALUES: list[tuple[AvpType, Value, str]] = [
    (AvpType.OCTET_STRING, b"\x00\xff", "00ff"),
    (AvpType.OCTET_STRING, b"", ""),
    (AvpType.INTEGER32, -1, "ffffffff"),
    (AvpType.INTEGER64, -(2**63), "8000000000000000"),
    (AvpType.UNSIGNED32, 2**32 - 1, "ffffffff"),
    (AvpType.UNSIGNED64, 2**64 - 1, "ffffffffffffffff"),
    (AvpType.FLOAT32, 0.5, "3f000000"),
    (AvpType.FLOAT64, -0.1, "bfb999999999999a"),
    (AvpType.ENUMERATED, 4, "00000004"),
    (AvpType.ENUMERATED, -1, "ffffffff"),
    (AvpType.UTF8_STRING, "Zoë", "5a6fc3ab"),
    (AvpType.DIAMETER_IDENTITY, "hss.example", "6873732e6578616d706c65"),
    (AvpType.DIAMETER_URI, "aaa://h:3868", "6161613a2f2f683a33383638"),
    (AvpType.IP_FILTER_RULE, "permit out ip", "7065726d6974206f7574206970"),
    (AvpType.QOS_FILTER_RULE, "tag", "746167"),
    (AvpType.ADDRESS, Address(1, bytes([192, 0, 2, 1])), "0001c0000201"),
    (AvpType.ADDRESS, Address.parse("2001:db8::1"), "000220010db8" + "00" * 11 + "01"),
    (AvpType.ADDRESS, Address.from_e164("4912"), "000834393132"),
    (AvpType.TIME, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "e8fe6f80"),
    # RFC 5905: the last second of era 0, and the first of era 1, 2036-02-07 06:28:16.
    (AvpType.TIME, datetime(2036, 2, 7, 6, 28, 15, tzinfo=UTC), "ffffffff"),
    (AvpType.TIME, datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC), "00000000"),
    (AvpType.TIME, datetime(1968, 1, 20, 3, 14, 8, tzinfo=UTC), "80000000"),
    (AvpType.TIME, datetime(2104, 2, 26, 9, 42, 23, tzinfo=UTC), "7fffffff"),
]


@pytest.mark.parametrize(("kind", "value", "octets"), _VALUES)
def test_value_and_octets_are_the_same_thing(kind: AvpType, value: Value, octets: str) -> None:
    assert encode_value(kind, value).hex() == octets
    assert decode_value(kind, bytes.fromhex(octets)) == value


@pytest.mark.parametrize(
    ("kind", "octets"),
    [
        (AvpType.INTEGER32, "000000"),
        (AvpType.INTEGER32, "0000000000"),
        (AvpType.UNSIGNED32, ""),
        (AvpType.UNSIGNED32, "0000000000000001"),
        (AvpType.UNSIGNED64, "00000001"),
        (AvpType.INTEGER64, "00000001"),
        (AvpType.FLOAT32, "0000000000000000"),
        (AvpType.FLOAT64, "00000000"),
        (AvpType.ENUMERATED, "0001"),
        (AvpType.TIME, "00"),
        (AvpType.TIME, "0000000000"),
        (AvpType.ADDRESS, "00"),
        (AvpType.ADDRESS, "0001c00002"),
        (AvpType.ADDRESS, "0002c0000201"),
    ],
)
def test_a_wrong_length_is_refused_and_never_a_default(kind: AvpType, octets: str) -> None:
    with pytest.raises(InvalidAvpLength) as caught:
        decode_value(kind, bytes.fromhex(octets))

    assert caught.value.result_code == 5014


def test_text_that_is_not_utf8_is_an_invalid_value() -> None:
    with pytest.raises(InvalidAvpValue) as caught:
        decode_value(AvpType.UTF8_STRING, b"\xff")

    assert caught.value.result_code == 5004


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (AvpType.UNSIGNED32, -1),
        (AvpType.UNSIGNED32, 2**32),
        (AvpType.UNSIGNED32, "1"),
        (AvpType.UNSIGNED32, 1.5),
        (AvpType.INTEGER32, 2**31),
        (AvpType.UNSIGNED64, 2**64),
        (AvpType.FLOAT32, "x"),
        (AvpType.FLOAT32, 1e300),
        (AvpType.UTF8_STRING, b"x"),
        (AvpType.OCTET_STRING, "x"),
        (AvpType.ADDRESS, 1),
        (AvpType.ADDRESS, "host.example"),
        (AvpType.TIME, 0),
        (AvpType.TIME, datetime(2026, 1, 1)),  # noqa: DTZ001 - naive on purpose
        (AvpType.TIME, datetime(1960, 1, 1, tzinfo=UTC)),
        (AvpType.TIME, datetime(2105, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_value_that_the_type_cannot_carry_is_our_mistake(kind: AvpType, value: Any) -> None:
    with pytest.raises(UnencodableValue) as caught:
        encode_value(kind, value)

    assert not caught.value.is_theirs


def test_address_takes_and_gives_what_its_family_has() -> None:
    four, six = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")

    assert encode_value(AvpType.ADDRESS, four) == encode_value(AvpType.ADDRESS, "192.0.2.1")
    assert (Address.from_ip(four).ip, Address.from_ip(six).ip) == (four, six)
    assert Address.from_ip(four).e164 is None
    assert Address.from_e164("4912").ip is None
    assert [str(Address.from_ip(six)), str(Address.from_e164("49")), str(Address(9, b"\1"))] == [
        "2001:db8::1",
        "49",
        "9:01",
    ]


def test_address_of_no_family_is_refused() -> None:
    with pytest.raises(UnencodableValue):
        Address(70000, b"")


def test_octets_are_taken_from_buffers_and_bare_addresses() -> None:
    for value in (bytearray(b"\xc0\0\2\1"), memoryview(b"\xc0\0\2\1"), IPv4Address("192.0.2.1")):
        assert encode_value(AvpType.OCTET_STRING, value) == b"\xc0\0\2\1"


def test_time_loses_fractions_and_keeps_the_instant() -> None:
    local = datetime(2023, 11, 15, 0, 13, 20, 999_999, tzinfo=timezone(timedelta(hours=2)))

    assert encode_value(AvpType.TIME, local).hex() == "e8fe6f80"


def test_every_fixed_type_tells_its_least_length() -> None:
    assert [minimum_length(kind) for kind in (AvpType.UNSIGNED32, AvpType.INTEGER64)] == [4, 8]
    assert minimum_length(AvpType.ADDRESS) == 6
    assert minimum_length(AvpType.UTF8_STRING) == minimum_length(AvpType.GROUPED) == 0


_STRATEGIES = {
    AvpType.OCTET_STRING: st.binary(max_size=64),
    AvpType.INTEGER32: st.integers(-(2**31), 2**31 - 1),
    AvpType.INTEGER64: st.integers(-(2**63), 2**63 - 1),
    AvpType.UNSIGNED32: st.integers(0, 2**32 - 1),
    AvpType.UNSIGNED64: st.integers(0, 2**64 - 1),
    AvpType.FLOAT32: st.floats(width=32, allow_nan=False),
    AvpType.FLOAT64: st.floats(allow_nan=False),
    AvpType.UTF8_STRING: st.text(max_size=40),
    AvpType.ADDRESS: st.ip_addresses().map(Address.from_ip),
    AvpType.TIME: st.integers(-(2**31), 2**32 - 2_208_988_800 + 2**31 - 1).map(
        lambda unix: datetime.fromtimestamp(0, UTC) + timedelta(seconds=max(unix, -61_505_152))
    ),
}


@given(
    st.sampled_from(sorted(_STRATEGIES)).flatmap(lambda k: st.tuples(st.just(k), _STRATEGIES[k]))
)
def test_any_value_survives_the_wire(case: tuple[AvpType, Value]) -> None:
    kind, value = case

    assert decode_value(kind, encode_value(kind, value)) == value
