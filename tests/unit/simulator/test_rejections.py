"""What a Diameter refusal becomes at the phone."""

import pytest

from wispgate.kernel.errors import InvalidValue
from wispgate.simulator.dialects import DIALECTS, dialect_named
from wispgate.simulator.nas import CAUSES
from wispgate.simulator.rejections import (
    BASE_CAUSES,
    EXPERIMENTAL_CAUSES,
    describe,
    find_cause,
    find_esm_cause,
)
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message, decode_message


def an_answer(result: Result | int) -> Message:
    return decode_message(answer_to(Header(0x80, 316, 16777251, 1, 1), result, Origin("h", "r")))


@pytest.mark.parametrize(
    ("result", "cause"),
    [
        (2001, None),
        (experimental(5001), 8),
        (experimental(5004), 11),
        (experimental(5420), 15),
        (experimental(5421), 13),
        (experimental(4181), 17),
        (experimental(5450), 42),
        (5003, 15),
        (3002, 15),
        (3004, 17),
        (5012, 17),
        (5004, 17),
        (4001, 42),
    ],
)
def test_results_become_these_causes(result: Result | int, cause: int | None) -> None:
    assert find_cause(an_answer(result)) == cause


def test_every_cause_that_is_given_has_a_rule() -> None:
    given = {*EXPERIMENTAL_CAUSES.values(), *BASE_CAUSES.values()}

    assert given <= set(CAUSES)


@pytest.mark.parametrize(("result", "cause"), [(4012, 33), (4010, 33), (5030, 29), (5012, 26)])
def test_refused_sessions_have_these_causes(result: int, cause: int) -> None:
    assert find_esm_cause(result) == cause


def test_dialects_are_found_by_name() -> None:
    assert [dialect_named(dialect.name) for dialect in DIALECTS] == list(DIALECTS)
    with pytest.raises(InvalidValue, match="open5gs or generic3gpp"):
        dialect_named("klingon")


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (3003, "ULA 3003 REALM_NOT_SERVED"),
        (4999, "ULA 4999 (unknown)"),
        (experimental(5420), "ULA 5420 UNKNOWN_EPS_SUBSCRIPTION"),
        (experimental(5999), "ULA 5999 (unknown)"),
    ],
)
def test_a_refusal_is_described_by_code_and_name(result: Result | int, words: str) -> None:
    assert describe("ULA", an_answer(result)) == words
