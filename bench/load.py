"""Load on a node: conversations of ready requests over a few connections, every answer checked.

A conversation is what one phone says, request after request, each sent when the one before it is
answered: AIR then ULR, or CCR-I then CCR-T. A closed loop keeps a window of them going on each
connection; `rate` sends at a fixed rate instead, whatever comes back.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Self

from wispgate.simulator.diameter import DiameterClient
from wispgate.wire.diameter.answers import Origin, answer_to
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import COMMAND_DEVICE_WATCHDOG
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

SESSION: Final = "{};{:010d};{:010d}"
IMSI: Final = "9" * 15
ADDRESS: Final = b"\x7a\x7a\x7a\x7a"
SUCCESS: Final = 2001
_sessions: Final = count(1)
_RESULT: Final = b"\0\0\1\x0c\x40\0\0\x0c"
_EXPERIMENTAL: Final = b"\0\0\1\x2a\x40\0\0\x0c"


@dataclass(frozen=True)
class Template:
    """A ready request, and where in it stands what differs: session, IMSI, address."""

    octets: bytes
    session_at: int
    imsi_at: int
    address_at: int

    @classmethod
    def make(
        cls, host: str, command: int, application: int, avps: Sequence[AvpItem],
        *, flags: int = FLAG_REQUEST | FLAG_PROXIABLE,
    ) -> Self:  # fmt: skip
        """From AVPs that name the session as `a_session(host)`, the IMSI as `IMSI`."""
        octets = encode_message(Header(flags, command, application, 0, 0), avps)
        return cls(
            octets,
            octets.find(a_session(host).encode()),
            octets.find(IMSI.encode()),
            octets.find(ADDRESS),
        )

    def fill(self, identifier: int, session: bytes, phone: "Phone") -> bytes:
        message = bytearray(self.octets)
        message[12:16] = message[16:20] = identifier.to_bytes(4, "big")
        if self.session_at >= 0:
            message[self.session_at : self.session_at + len(session)] = session
        if self.imsi_at >= 0:
            message[self.imsi_at : self.imsi_at + 15] = phone.imsi
        if self.address_at >= 0:
            message[self.address_at : self.address_at + 4] = phone.address
        return bytes(message)


def a_session(host: str, number: int = 0, count: int = 0) -> str:
    """A Session-Id, always of the same length."""
    return SESSION.format(host, number, count)


@dataclass(frozen=True)
class Phone:
    """One of those that talk."""

    number: int
    imsi: bytes = b""

    @property
    def address(self) -> bytes:
        return (0x0A000000 + self.number).to_bytes(4, "big")


@dataclass
class Figures:
    """What came back."""

    latencies: list[float] = field(default_factory=list)
    results: dict[int, int] = field(default_factory=dict)

    @property
    def failures(self) -> dict[int, int]:
        return {code: times for code, times in self.results.items() if code != SUCCESS}

    def quantile(self, percent: int) -> float:
        """Milliseconds."""
        if len(self.latencies) < 2:
            return float("nan")
        return statistics.quantiles(self.latencies, n=100)[percent - 1] * 1000

    def join(self, others: Sequence["Figures"]) -> Self:
        for other in others:
            self.latencies += other.latencies
            for code, times in other.results.items():
                self.results[code] = self.results.get(code, 0) + times
        return self


class Load(asyncio.Protocol):
    """One connection that lets phones talk."""

    def __init__(
        self, host: str, conversation: Sequence[Template], phones: Iterator[Phone]
    ) -> None:
        self.host = host
        self._conversation = conversation
        self._phones = phones
        self._open: dict[int, tuple[int, bytes, Phone, float]] = {}
        self._next = 1
        self._buffer = b""
        self._is_closed_loop = True
        # Results upon which the phone asks again.
        self.repeats: set[int] = set()
        self.figures = Figures()
        self.sent = 0
        self.is_stopping = False
        self.is_drained = asyncio.Event()
        self.watchdogs: list[float] = []
        self._watchdog_sent = 0.0
        self.transport: Any = None

    def take_over(self, client: DiameterClient) -> Self:
        """Goes on with the connection of a client that has introduced itself."""
        inner: Any = client
        inner._ticking.cancel()
        self.transport = transport = inner._transport
        transport.set_protocol(self)
        return self

    def begin(self, window: int) -> None:
        """A closed loop: `window` phones talk at a time."""
        self.transport.write(b"".join(self._start() for _ in range(window)))

    async def keep_rate(self, per_second: float, seconds: float) -> None:
        """An open loop: conversations begin at this rate, answered or not."""
        self._is_closed_loop = False
        started = time.perf_counter()
        begun = 0
        while (elapsed := time.perf_counter() - started) < seconds:
            due = int(elapsed * per_second) - begun
            if due > 0:
                self.transport.write(b"".join(self._start() for _ in range(due)))
                begun += due
            await asyncio.sleep(0.002)

    @property
    def unanswered(self) -> int:
        return len(self._open)

    def ask_watchdog(self, octets: bytes) -> None:
        """Sends a DWR, unless one is under way; what it took will stand in `watchdogs`."""
        if not self._watchdog_sent:
            self._watchdog_sent = time.perf_counter()
            self.transport.write(octets)

    async def drain(self, seconds: float = 60) -> None:
        """No more conversations; waits for the answers that are due."""
        self.is_stopping = True
        if not self._open:
            return
        try:
            await asyncio.wait_for(self.is_drained.wait(), seconds)
        except TimeoutError:
            raise AssertionError(f"{self.host}: {len(self._open)} requests unanswered") from None

    async def exhausted(self) -> None:
        """Until every phone has had its say."""
        await self.is_drained.wait()

    def data_received(self, data: bytes) -> None:
        buffer, position, now, out = self._buffer + data, 0, time.perf_counter(), []
        while len(buffer) - position >= 20:
            length = int.from_bytes(buffer[position + 1 : position + 4], "big")
            if len(buffer) - position < length:
                break
            following = self._receive(buffer[position : position + length], now)
            if following:
                out.append(following)
            position += length
        self._buffer = buffer[position:]
        if out:
            self.transport.write(b"".join(out))
        if self.is_stopping and not self._open:
            self.is_drained.set()

    def _receive(self, message: bytes, now: float) -> bytes:
        identifier = int.from_bytes(message[12:16], "big")
        if message[4] & FLAG_REQUEST or identifier not in self._open:
            return self._receive_other(message, now)
        step, session, phone, sent = self._open.pop(identifier)
        figures = self.figures
        figures.latencies.append(now - sent)
        code = result_of(message)
        figures.results[code] = figures.results.get(code, 0) + 1
        if code in self.repeats:
            return self._send(step, session, phone)
        if code == SUCCESS and step + 1 < len(self._conversation):
            return self._send(step + 1, session, phone)
        return self._start() if self._is_closed_loop and not self.is_stopping else b""

    def _receive_other(self, message: bytes, now: float) -> bytes:
        """What the node asks is granted; our own watchdog's answer is timed."""
        if message[4] & FLAG_REQUEST:
            origin = Origin(self.host, self.host.split(".", 1)[1])
            return answer_to(decode_message(message), SUCCESS, origin, [("Auth-Session-State", 1)])
        if int.from_bytes(message[5:8], "big") != COMMAND_DEVICE_WATCHDOG:
            raise AssertionError(f"nobody asked for this: {message[:20].hex()}")
        self.watchdogs.append(now - self._watchdog_sent)
        self._watchdog_sent = 0.0
        return b""

    def _start(self) -> bytes:
        phone = next(self._phones, None)
        if phone is None:
            self.is_stopping = True
            return b""
        session = a_session(self.host, phone.number, next(_sessions)).encode()
        return self._send(0, session, phone)

    def _send(self, step: int, session: bytes, phone: Phone) -> bytes:
        self._next += 1
        self.sent += 1
        self._open[self._next] = step, session, phone, time.perf_counter()
        return self._conversation[step].fill(self._next, session, phone)


def result_of(answer: bytes) -> int:
    """Result-Code, or the Experimental-Result-Code."""
    place = answer.find(_RESULT, 20)
    if place < 0:
        place = answer.index(_EXPERIMENTAL, 20)
    return int.from_bytes(answer[place + 8 : place + 12], "big")


def a_watchdog(host: str, identifier: int = 0xFFFF_FFFF) -> bytes:
    """A DWR of a peer."""
    avps: list[AvpItem] = [
        ("Origin-Host", host),
        ("Origin-Realm", host.split(".", 1)[1]),
        ("Origin-State-Id", 1),
    ]
    header = Header(FLAG_REQUEST, COMMAND_DEVICE_WATCHDOG, 0, identifier, identifier)
    return encode_message(header, avps)


async def connect(
    port: int, host: str, application: Application, conversation: Sequence[Template],
    phones: Iterator[Phone],
) -> Load:  # fmt: skip
    """A peer that has introduced itself and is about to talk."""
    client = DiameterClient(host, host.split(".", 1)[1], [application])
    await client.connect("127.0.0.1", port)
    return Load(host, conversation, phones).take_over(client)
