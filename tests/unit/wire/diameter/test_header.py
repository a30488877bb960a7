"""The header's bits, identifiers and lengths."""

import pytest

from wispgate.wire.diameter.errors import InvalidMessageLength, UnsupportedVersion
from wispgate.wire.diameter.header import Header, decode_header, peek_header, request_header

_OCTETS = bytes.fromhex("01000014c000011001000023 0000000a 0000000b".replace(" ", ""))


def test_header_round_trips_through_its_octets() -> None:
    header = decode_header(_OCTETS)

    assert header == Header(0xC0, 272, 0x01000023, 10, 11)
    assert header.encode(20) == _OCTETS
    assert peek_header(_OCTETS) == header


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (0x80, (True, False, False, False)),
        (0x40, (False, True, False, False)),
        (0x20, (False, False, True, False)),
        (0x10, (False, False, False, True)),
        (0x0F, (False, False, False, False)),
    ],
)
def test_each_flag_bit_has_its_property(flags: int, expected: tuple[bool, ...]) -> None:
    header = Header(flags, 1, 2, 3, 4)

    assert (
        header.is_request,
        header.is_proxiable,
        header.is_error,
        header.is_retransmitted,
    ) == expected


def test_answer_header_keeps_identifiers_and_p_bit_only() -> None:
    request = Header(0xF0, 316, 16777251, 7, 8)

    assert request.answer_header() == Header(0x40, 316, 16777251, 7, 8)
    assert request.answer_header(is_error=True).flags == 0x60
    assert Header(0x90, 280, 0, 7, 8).answer_header().flags == 0


def test_request_header_is_proxiable_unless_told_otherwise() -> None:
    header = request_header(272, 4, hop_by_hop=1, end_to_end=2)

    assert header == Header(0xC0, 272, 4, 1, 2)
    assert request_header(280, 0, hop_by_hop=1, end_to_end=2, is_proxiable=False).flags == 0x80


def test_a_header_that_contradicts_its_message_is_refused() -> None:
    for octets in (_OCTETS[:19], _OCTETS + b"\0\0\0\0", b"\x01\x00\x00\x15" + bytes(17)):
        with pytest.raises(InvalidMessageLength):
            decode_header(octets)
    with pytest.raises(UnsupportedVersion):
        decode_header(b"\x03" + _OCTETS[1:])
