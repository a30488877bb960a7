"""What answers to pushes mean."""

import pytest

from wispgate.network.enforcement.outcomes import Outcome, read_outcome
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message, decode_message

REQUEST = Header(0xC0, 317, 16777251, 1, 2)


def an_answer(result: Result | int) -> Message:
    return decode_message(answer_to(REQUEST, result, Origin("a", "b")))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (2001, (Outcome.DONE, "2001")),
        (2002, (Outcome.DONE, "2002")),
        (3002, (Outcome.BUSY, "3002")),
        (3004, (Outcome.BUSY, "3004")),
        (3007, (Outcome.REFUSED, "3007")),
        (4002, (Outcome.BUSY, "4002")),
        (5002, (Outcome.GONE, "5002 gone")),
        (5012, (Outcome.REFUSED, "5012")),
        (experimental(2001), (Outcome.DONE, "3gpp 2001")),
        (experimental(4144), (Outcome.BUSY, "3gpp 4144")),
        (experimental(5001), (Outcome.GONE, "3gpp 5001 gone")),
        (experimental(5142), (Outcome.REFUSED, "3gpp 5142")),
    ],
)
def test_each_result_has_its_consequence(
    result: Result | int, expected: tuple[Outcome, str]
) -> None:
    assert read_outcome(an_answer(result)) == expected


def test_an_answer_without_a_result_is_a_refusal() -> None:
    bare = decode_message(REQUEST._replace(flags=0x40).encode(20))

    assert read_outcome(bare) == (Outcome.REFUSED, "no result")
