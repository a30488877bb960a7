"""S6a through the hot codec; values of requests are compared in test_agreement."""

import pytest

from tests.unit.wire.diameter.hot.requests import a_full_air, a_full_pur, a_full_ulr
from wispgate.wire.diameter.answers import Origin, answer_to, experimental
from wispgate.wire.diameter.hot.s6a import decode_air, decode_pur, decode_ulr
from wispgate.wire.diameter.hot.vectors import (
    S6aAnswers,
    authentication_info,
    eutran_vector,
    ula_flags,
)
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_avps

ORIGIN = Origin("hss.example", "example")
ANSWERS = S6aAnswers(ORIGIN)
COMMON: list[AvpItem] = [
    ("Auth-Session-State", 1),
    (
        "Vendor-Specific-Application-Id",
        [("Vendor-Id", 10415), ("Auth-Application-Id", 16777251)],
    ),
]
RAND, AUTN, KASME = bytes(range(16)), bytes(range(16, 32)), bytes(range(32))


def generic_vector(xres: bytes, number: int) -> AvpItem:
    numbered: list[AvpItem] = [("Item-Number", number)] if number else []
    return (
        "E-UTRAN-Vector",
        [*numbered, ("RAND", RAND), ("XRES", xres), ("AUTN", AUTN), ("KASME", KASME)],
    )


@pytest.mark.parametrize("length", [4, 7, 8, 16])
@pytest.mark.parametrize("number", [0, 1])
def test_a_vector_equals_the_generic_one(length: int, number: int) -> None:
    xres = bytes(range(100, 100 + length))

    vector = eutran_vector(RAND, xres, AUTN, KASME, item_number=number)

    assert vector == encode_avps([generic_vector(xres, number)])


def test_an_aia_equals_the_generic_one() -> None:
    raw = a_full_air()
    air = decode_air(raw)
    assert air is not None
    vectors = b"".join(eutran_vector(RAND, b"12345678", AUTN, KASME, item_number=n) for n in (1, 2))

    aia = ANSWERS.encode(air, 2001, authentication_info(vectors))

    info: AvpItem = ("Authentication-Info", [generic_vector(b"12345678", n) for n in (1, 2)])
    assert aia == answer_to(decode_message(raw), 2001, ORIGIN, [*COMMON, info])


def test_a_ula_equals_the_generic_one() -> None:
    raw = a_full_ulr()
    ulr = decode_ulr(raw)
    assert ulr is not None
    data = encode_avps([("Subscription-Data", [("Subscriber-Status", 0)])])

    ula = ANSWERS.encode(ulr, 2001, ula_flags(1) + data)

    assert ula == answer_to(decode_message(raw), 2001, ORIGIN, [*COMMON, ("ULA-Flags", 1), data])


def test_a_refusal_equals_the_generic_one() -> None:
    raw = a_full_pur()
    pur = decode_pur(raw)
    assert pur is not None

    refusal = ANSWERS.encode_result(pur, experimental(5001))

    assert refusal == answer_to(decode_message(raw), experimental(5001), ORIGIN, COMMON)


def test_each_decoder_takes_its_own_command_only() -> None:
    raws = (a_full_air(), a_full_ulr(), a_full_pur())

    taken = [
        [decoder(raw) is not None for raw in raws]
        for decoder in (decode_air, decode_ulr, decode_pur)
    ]

    assert taken == [[True, False, False], [False, True, False], [False, False, True]]


@pytest.mark.parametrize("missing", ["User-Name", "RAT-Type", "ULR-Flags", "Visited-PLMN-Id"])
def test_a_ulr_without_what_its_grammar_requires_is_left_alone(missing: str) -> None:
    whole = decode_message(a_full_ulr())
    body = encode_avps([avp for avp in whole.avps if avp.name != missing])

    raw = whole.header.encode(20 + len(body)) + body

    assert decode_ulr(raw) is None
