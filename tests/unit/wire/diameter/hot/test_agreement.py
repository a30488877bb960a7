"""A hot decoder says what the generic codec says, or nothing. Seeds are in the names."""

import random

import pytest

from tests.unit.wire.diameter.hot.mutation import reshaped, with_padding
from tests.unit.wire.diameter.hot.reference import (
    DECODERS,
    decode,
    generic_values,
    hot_messages,
    hot_values,
)
from tests.unit.wire.diameter.hot.requests import FULL_REQUESTS
from tests.unit.wire.diameter.test_hostile_input import mutated
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.message import decode_message
from wispgate.wire.diameter.validation import check_request

MESSAGES = hot_messages() + [make() for make in FULL_REQUESTS.values()]


def agrees(raw: bytes) -> bool:
    """Whether the hot decoder took the message; if it did, every value has been compared."""
    try:
        message = decode_message(raw)
    except DiameterError:
        assert all(decoder(raw) is None for decoder in DECODERS.values())
        return False
    hot = decode(raw)
    if hot is None:
        return False
    assert check_request(message) is None
    assert hot_values(hot) == generic_values(message)
    return True


def test_there_are_requests_of_every_command() -> None:
    commands = {decode_message(raw).header[1:3] for raw in MESSAGES}

    assert {(application, code) for code, application in commands} == set(DECODERS)
    assert len(hot_messages()) == 30


@pytest.mark.parametrize("raw", MESSAGES, ids=range(len(MESSAGES)))
def test_every_good_request_is_taken_with_its_values(raw: bytes) -> None:
    assert check_request(decode_message(raw)) is None

    is_taken = agrees(raw)

    assert is_taken


@pytest.mark.parametrize("seed", [20261126])
def test_reshaped_requests_get_the_same_verdict(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agrees(reshaped(chance.choice(MESSAGES), chance)) for _ in range(10_000))

    assert 2_000 < taken < 8_000


@pytest.mark.parametrize("seed", [20261127])
def test_mutated_requests_get_the_same_verdict(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agrees(mutated(chance.choice(MESSAGES), chance)) for _ in range(10_000))

    assert 500 < taken < 8_000


@pytest.mark.parametrize("raw", MESSAGES, ids=range(len(MESSAGES)))
def test_a_request_cut_anywhere_is_left_alone(raw: bytes) -> None:
    for length in range(0, len(raw), 4):
        cut = b"\1" + length.to_bytes(3, "big") + raw[4:length]

        agrees(cut) if length >= 20 else None

        assert all(decoder(raw[:length]) is None for decoder in DECODERS.values())


@pytest.mark.parametrize("make", FULL_REQUESTS.values(), ids=FULL_REQUESTS)
def test_padding_that_is_not_zero_changes_no_value(make: "type") -> None:
    assert agrees(make()) is True
    agrees(with_padding(make(), 0xFF))
