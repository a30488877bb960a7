"""The messages that a peer sends by itself keep the grammar and the rules of identifiers."""

from datetime import timedelta

import pytest

from tests.unit.wire.diameter.builders import NOW, a_header, a_node
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.hot.watchdog import decode_dwr
from wispgate.wire.diameter.message import decode_message
from wispgate.wire.diameter.validation import check_answer, check_request


def the_messages(origin_state_id: int | None = None) -> BaseMessages:
    return BaseMessages(a_node(origin_state_id=origin_state_id), seed=0xFFFFFFFE)


@pytest.mark.parametrize("state", [None, 17])
def test_our_requests_and_answers_keep_the_grammar(state: int | None) -> None:
    messages = the_messages(state)
    requests = [
        messages.capabilities_request(NOW),
        messages.watchdog_request(NOW),
        messages.disconnect_request(0, NOW),
    ]
    success = Result(2001)
    answers = [
        messages.capabilities_answer(decode_message(requests[0]), success),
        messages.watchdog_answer(decode_message(requests[1]), success),
        messages.error_answer(decode_message(requests[2]), success),
    ]

    assert [check_request(decode_message(octets)) for octets in requests] == [None] * 3
    assert [check_answer(decode_message(octets)) for octets in answers] == [None] * 3
    assert decode_message(requests[1]).find("Origin-State-Id") == state


def test_hop_by_hop_numbers_differ_and_wrap() -> None:
    messages = the_messages()

    assert [messages.next_hop_by_hop() for _ in range(3)] == [0xFFFFFFFF, 0, 1]


def test_end_to_end_begins_with_the_low_bits_of_the_time() -> None:
    messages = the_messages()

    first = messages.next_end_to_end(NOW)
    later = messages.next_end_to_end(NOW + timedelta(seconds=1))

    assert first >> 20 == int(NOW.timestamp()) & 0xFFF
    assert later >> 20 == (int(NOW.timestamp()) + 1) & 0xFFF


def test_an_error_answer_needs_only_the_header() -> None:
    answer = decode_message(the_messages().error_answer(a_header(), Result(5015)))

    assert answer.header == a_header().answer_header()
    assert answer.get("Result-Code") == 5015


@pytest.mark.parametrize("state", [None, 17])
def test_the_usual_watchdog_is_answered_like_any_other(state: int | None) -> None:
    messages = the_messages(state)
    raw = the_messages(5).watchdog_request(NOW)
    dwr = decode_dwr(raw)
    assert dwr is not None

    octets = messages.usual_watchdog_answer(dwr)

    assert octets == messages.watchdog_answer(decode_message(raw), Result(2001))
