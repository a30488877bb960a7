"""Whatever arrives, nothing but a DiameterError comes out of the decoder. Seeds are in the names."""

import random

import pytest

from tests.unit.wire.diameter.builders import NOW, a_peer, an_open_link, rows_of
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.message import decode_message
from wispgate.wire.diameter.validation import check_answer, check_request

MESSAGES = [bytes.fromhex(row["hex"]) for row in rows_of("open5gs.jsonl")]


def mutated(message: bytes, chance: random.Random) -> bytes:
    """A few octets changed, doubled or cut out; mostly with a length that fits again."""
    data = bytearray(message)
    for _ in range(chance.randint(1, 6)):
        position = (
            chance.randrange(20, len(data)) if chance.random() < 0.9 else chance.randrange(20)
        )
        match chance.randrange(4):
            case 0:
                data[position] = chance.randrange(256)
            case 1:
                data[position] ^= 1 << chance.randrange(8)
            case 2:
                data[position:position] = data[position : position + 4 * chance.randint(1, 5)]
            case _:
                del data[position : position + 4 * chance.randint(1, 5)]
                data += bytes(max(0, 24 - len(data)))
    if chance.random() < 0.9:
        data += bytes(-len(data) % 4)
        data[0:4] = b"\x01" + len(data).to_bytes(3, "big")
    return bytes(data)


def read_all(avps: tuple[Avp, ...], depth: int = 0) -> None:
    for avp in avps:
        try:
            value = avp.value
        except DiameterError:
            continue
        if isinstance(value, tuple) and depth < 10:
            read_all(value, depth + 1)


@pytest.mark.parametrize("seed", [20261123])
def test_mutated_messages_raise_nothing_but_diameter_errors(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret
    decoded = refused = 0
    for _ in range(2000):
        octets = mutated(chance.choice(MESSAGES), chance)
        try:
            message = decode_message(octets)
        except DiameterError:
            refused += 1
            continue
        decoded += 1
        read_all(message.avps)
        violation = check_request(message)
        check_answer(message)
        if violation is not None:
            result = Result(violation.result_code, failed_avp=violation.failed_avp)
            answer = decode_message(answer_to(message, result, Origin("h", "r")))
            assert answer.get("Result-Code") == violation.result_code

    assert decoded > 100
    assert refused > 100


@pytest.mark.parametrize("seed", [20261124])
def test_a_peer_survives_mutated_messages_in_every_state(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret
    for number in range(600):
        octets = mutated(chance.choice(MESSAGES), chance)
        if number % 3 == 0:
            peer = an_open_link().responder
        else:
            peer = a_peer(role="responder" if number % 3 == 1 else "initiator")
            peer.start(now=NOW)
            peer.connection_made(now=NOW)
        peer.receive_data(octets, now=NOW)
        peer.data_to_send(now=NOW)
        peer.get_timer()
        peer.connection_lost(now=NOW)
