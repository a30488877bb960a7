"""Framing: each message once, wherever the stream is cut; what is no message is refused."""

import pytest

from tests.unit.wire.diameter.builders import a_message
from wispgate.wire.diameter.errors import FramingError, InvalidMessageLength, UnsupportedVersion
from wispgate.wire.diameter.framing import Framer


def test_each_message_comes_out_once_wherever_the_stream_is_cut() -> None:
    messages = [a_message(number) for number in range(1, 5)]
    stream = b"".join(messages)

    for first in range(len(stream) + 1):
        for second in (first, min(first + 3, len(stream)), len(stream)):
            framer = Framer()
            pieces = (stream[:first], stream[first:second], stream[second:])
            received = [m for piece in pieces for m in framer.receive_data(piece)]

            assert received == messages, (first, second)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 19, 20, 21, 64, 1000])
def test_pieces_of_any_size_make_the_same_messages(size: int) -> None:
    messages = [a_message(number) for number in range(1, 20)]
    stream = b"".join(messages)
    framer = Framer()

    received = []
    for start in range(0, len(stream), size):
        received += framer.receive_data(stream[start : start + size])

    assert received == messages


def test_a_large_message_in_single_octets_is_joined_once() -> None:
    message = (b"\x01" + (200_000).to_bytes(3, "big")).ljust(200_000, b"\0")
    framer = Framer()

    received = [m for octet in message for m in framer.receive_data(bytes([octet]))]

    assert received == [message]


@pytest.mark.parametrize(
    ("first_word", "error", "result_code"),
    [
        (b"\x02\x00\x00\x14", UnsupportedVersion, 5011),
        (b"GET ", UnsupportedVersion, 5011),
        (b"\x01\x00\x00\x10", InvalidMessageLength, 5015),
        (b"\x01\x00\x00\x00", InvalidMessageLength, 5015),
        (b"\x01\x00\x00\x15", InvalidMessageLength, 5015),
        (b"\x01\x04\x00\x04", InvalidMessageLength, 5015),
        (b"\x01\xff\xff\xfc", InvalidMessageLength, 5015),
    ],
)
@pytest.mark.parametrize("size", [1, 5, 500])
def test_a_bad_header_is_refused_after_the_good_messages_before_it(
    first_word: bytes, error: type[FramingError], result_code: int, size: int
) -> None:
    bad = first_word + bytes(range(16))
    stream = a_message(1) + a_message(2) + bad + a_message(3)
    framer = Framer()
    received: list[bytes] = []

    def receive_all() -> None:
        for start in range(0, len(stream), size):
            received.extend(framer.receive_data(stream[start : start + size]))

    with pytest.raises(error) as caught:
        receive_all()

    assert received + caught.value.messages == [a_message(1), a_message(2)]
    assert caught.value.header == bad
    assert caught.value.result_code == result_code
    assert framer.receive_data(a_message(1)) == []


def test_the_longest_message_allowed_is_taken() -> None:
    message = b"\x01\x00\x04\x00".ljust(1024, b"\0")

    assert Framer(1024).receive_data(message) == [message]
    with pytest.raises(InvalidMessageLength):
        Framer(1020).receive_data(message)


def test_what_has_no_end_yet_can_be_seen() -> None:
    whole = a_message(1)
    framer = Framer()

    before = framer.unread
    framer.receive_data(whole + whole[:30])

    assert (before, framer.unread) == (b"", whole[:30])
