"""Refusals that cost next to nothing: nobody reads the request."""

import pytest

from tests.unit.wire.diameter.hot.requests import a_full_air, a_full_ccr, a_full_dwr
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.header import HEADER_LENGTH, peek_header
from wispgate.wire.diameter.hot.answers import UnreadAnswers, leading_session
from wispgate.wire.diameter.message import decode_message

ORIGIN = Origin("hss.example", "example")
SESSION = bytes.fromhex("0000010740000009") + b"s\0\0\0"
HEADER = bytes(HEADER_LENGTH)


@pytest.mark.parametrize("raw", [a_full_air(), a_full_ccr()])
@pytest.mark.parametrize("code", [3004, 5012])
def test_the_answer_is_the_generic_one_with_what_must_come_back(raw: bytes, code: int) -> None:
    header = peek_header(raw)

    answer = UnreadAnswers(ORIGIN, code).encode(raw, header)

    message = decode_message(raw)
    assert message.list_avps("Proxy-Info")
    assert answer == answer_to(message, Result(code), ORIGIN)


def test_a_request_without_a_session_is_answered_without_one() -> None:
    raw = a_full_dwr()
    header = peek_header(raw)

    assert UnreadAnswers(ORIGIN, 3004).encode(raw, header) == answer_to(header, 3004, ORIGIN)


@pytest.mark.parametrize(
    ("avps", "session"),
    [
        (SESSION, SESSION),
        (SESSION + SESSION, SESSION),
        (b"", b""),
        (SESSION[:7], b""),
        (SESSION[:8], b""),
        (SESSION[:4] + b"\xc0" + SESSION[5:], b""),
        (SESSION[:7] + b"\x07" + SESSION[8:], b""),
        (SESSION[:7] + b"\x0d" + SESSION[8:], b""),
        (b"\0\0\1\x08" + SESSION[4:], b""),
    ],
)
def test_only_a_whole_session_in_front_comes_back(avps: bytes, session: bytes) -> None:
    assert leading_session(HEADER + avps) == session
