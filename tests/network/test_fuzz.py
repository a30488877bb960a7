"""Ten thousand mutated messages (a million in nightly): no crash, no hang, nobody else disturbed.

The seed is printed; `WISPGATE_FUZZ_SEED` repeats a run, `WISPGATE_FUZZ_COUNT` sets its length.
"""

import asyncio
import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from structlog import DropEvent
from structlog.typing import EventDict

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, PATIENCE, RawPeer, Rows, a_node, an_mme, until
from tests.network.conformance.stage import air_avps, request, speaker, watchdog
from tests.network.dialogue import IMSI, air, result_of
from tests.network.test_streams import a_ulr
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_GX,
    COMMAND_CREDIT_CONTROL,
)
from wispgate.wire.diameter.message import AvpItem

IN_TEST, IN_NIGHTLY = 10_000, 1_000_000
_BATCH = 40
# What the process may grow by after it has warmed up: caches are bounded, and all are full then.
_MOST_GROWTH = 48 * 1024 * 1024

# What the node logs where it did not know what to do: a fault of ours, whatever was sent.
_FAULTS = frozenset({"request failed", "task failed", "timer failed"})

Mutation = Callable[[bytearray, random.Random], bytearray]


def flip_octets(message: bytearray, chance: random.Random) -> bytearray:
    for _ in range(chance.choice((1, 1, 1, 2, 8))):
        message[chance.randrange(4, len(message))] = chance.choice((0, 255, chance.randrange(256)))
    return message


def flip_a_bit(message: bytearray, chance: random.Random) -> bytearray:
    message[chance.randrange(4, len(message))] ^= 1 << chance.randrange(8)
    return message


def cut_the_end(message: bytearray, chance: random.Random) -> bytearray:
    return with_length(message[: chance.randrange(20, len(message)) & ~3])


def repeat_a_part(message: bytearray, chance: random.Random) -> bytearray:
    start, end = sorted(chance.randrange(20, len(message)) & ~3 for _ in range(2))
    return with_length(message[:end] + message[start:])


def drop_a_part(message: bytearray, chance: random.Random) -> bytearray:
    start, end = sorted(chance.randrange(20, len(message)) & ~3 for _ in range(2))
    return with_length(message[:start] + message[end:])


def nest_deeply(message: bytearray, chance: random.Random) -> bytearray:
    """The AVPs inside groups inside groups."""
    body = bytes(message[20:])
    for _ in range(chance.randrange(1, 60)):
        code = chance.choice((260, 279, 284, 297, 443, 456, 1400))
        body = code.to_bytes(4, "big") + b"\x40" + (len(body) + 8).to_bytes(3, "big") + body
    return with_length(message[:20] + body)


def lie_about_the_length(message: bytearray, chance: random.Random) -> bytearray:
    message[chance.randrange(4)] = chance.randrange(256)
    return message


def with_length(message: bytearray) -> bytearray:
    message[1:4] = len(message).to_bytes(3, "big")
    return message


# Broken framing costs a connection each time: it is rare here, and has tests of its own.
MUTATIONS: tuple[Mutation, ...] = (
    *(flip_octets, flip_a_bit, cut_the_end, repeat_a_part, drop_a_part, nest_deeply) * 40,
    lie_about_the_length,
)


def a_ccr(application: int) -> bytes:
    avps: list[AvpItem] = [
        *air_avps(without="Requested-EUTRAN-Authentication-Info"),
        ("Auth-Application-Id", application), ("CC-Request-Type", 1), ("CC-Request-Number", 0),
        ("Service-Context-Id", "32251@3gpp.org"),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", IMSI)]),
        ("Called-Station-Id", "internet"),
        ("Multiple-Services-Credit-Control", [("Requested-Service-Unit", []), ("Rating-Group", 1)]),
    ]  # fmt: skip
    return request(avps, application=application, command=COMMAND_CREDIT_CONTROL)


def sound_messages() -> list[bytes]:
    return [
        request(air_avps()), a_ulr(number=1), a_ccr(APPLICATION_GX),
        a_ccr(APPLICATION_CREDIT_CONTROL), watchdog(), speaker().capabilities_request(NOW),
    ]  # fmt: skip


class Faults:
    """Listens to the node's log, which is too long to be kept or shown."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __call__(self, _logger: object, _method: str, event: EventDict) -> EventDict:
        if event["event"] in _FAULTS and len(self.heard) < 10:
            self.heard.append(f"{event['event']}: {event.get('exc_info')!r}")
        raise DropEvent


@pytest.fixture
def faults() -> Iterator[Faults]:
    before = structlog.get_config()
    faults = Faults()
    structlog.configure(processors=[faults])
    yield faults
    structlog.configure(**before)


@pytest.fixture
def count(pytestconfig: pytest.Config) -> int:
    is_nightly = pytestconfig.getoption("--hypothesis-profile") == "nightly"
    return int(os.environ.get("WISPGATE_FUZZ_COUNT", IN_NIGHTLY if is_nightly else IN_TEST))


# A million take a quarter of an hour; each batch of them has a limit of its own.
@pytest.mark.timeout(3 * 3600)
async def test_mutated_messages_stop_nothing_and_cost_nothing(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, count: int, faults: Faults
) -> None:
    seed = int(os.environ.get("WISPGATE_FUZZ_SEED", "6733"))
    print(f"WISPGATE_FUZZ_SEED={seed} WISPGATE_FUZZ_COUNT={count}")  # noqa: T201 (to repeat it)
    chance = random.Random(seed)  # noqa: S311 (a test that can be repeated)
    rows.add_card(IMSI)
    rows.change_peer(MME_HOST, applications=["s6a", "gx", "gy"])
    rows.add_peer("good.epc.test")
    sound = sound_messages()
    async with a_node(database, opening_key, clock=TravellingClock(NOW)) as node:
        good = await an_mme(node, "good.epc.test")
        warm = 0
        attacker = Attacker(node)
        for number in range(0, count, _BATCH):
            await attacker.send([mutated(chance, sound) for _ in range(_BATCH)])
            if number % (count // 10) < _BATCH:
                await assert_served(good)
            if not warm and number >= count // 3:
                warm = resident_octets()
        grown = resident_octets() - warm
        await attacker.close()
        await assert_served(good)
        await until(lambda: len(node.open_peers) == 1)
        assert all(connection.in_flight == 0 for connection in node.connections)
        await good.close()

    assert faults.heard == []
    assert attacker.answered > count // 4
    assert grown < _MOST_GROWTH


def mutated(chance: random.Random, sound: list[bytes]) -> bytes:
    return bytes(chance.choice(MUTATIONS)(bytearray(chance.choice(sound)), chance))


async def assert_served(good: DiameterClient) -> None:
    async with asyncio.timeout(30):
        assert result_of(await air(good, IMSI)) == 2001


class Attacker:
    """Sends what it is given, each batch before a watchdog, and comes back when it is thrown out."""

    def __init__(self, node: DiameterNode) -> None:
        self._node = node
        self._raw: RawPeer | None = None
        self.answered = 0

    async def send(self, messages: list[bytes]) -> None:
        raw = self._raw or await self._connect()
        raw.write(b"".join(messages) + _LAST)
        # Who claims more octets than it sends has made the rest, the watchdog too, part of that.
        may_swallow = any(int.from_bytes(m[1:4], "big") != len(m) for m in messages)
        try:
            async with asyncio.timeout(0.5 if may_swallow else PATIENCE):
                while (await raw.read()).header.hop_by_hop != _LAST_NUMBER:
                    self.answered += 1
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
        except TimeoutError:
            assert may_swallow
            await self.close()

    async def _connect(self) -> RawPeer:
        raw = self._raw = await RawPeer.open(self._node.port)
        assert (await raw.introduce()).get_int("Result-Code") == 2001
        return raw

    async def close(self) -> None:
        if self._raw is not None:
            await self._raw.close()
            self._raw = None
            await until(lambda: all(p.identity != MME_HOST for p in self._node.open_peers))


# A watchdog of a number that no mutated message has.
_LAST_NUMBER = 0xFEEDFACE
_LAST = watchdog()[:12] + _LAST_NUMBER.to_bytes(4, "big") + watchdog()[16:]


def resident_octets() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
