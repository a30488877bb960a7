"""What a network function is given and what it gives back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Generic, Protocol, Self, TypeVar, runtime_checkable
from uuid import UUID

from wispgate.kernel.errors import Unavailable
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.message import Message, decode_message

# The names by which peers are allowed applications.
APPLICATION_IDS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "s6a": commands.APPLICATION_S6A,
        "s13": commands.APPLICATION_S13,
        "gx": commands.APPLICATION_GX,
        "gy": commands.APPLICATION_CREDIT_CONTROL,
        "rx": commands.APPLICATION_RX,
        "sy": commands.APPLICATION_SY,
        "rf": commands.APPLICATION_ACCOUNTING,
    }
)


@dataclass(frozen=True, slots=True)
class RemotePeer:
    """An admitted peer: its core decides whose subscribers a request can mean.

    `origin` is who we are towards it, if not the node's own name. `routed_realms` are reached
    through it; "*" stands for every realm.
    """

    core_id: UUID
    core: str
    identity: str
    realm: str
    profile: str
    home_plmns: tuple[Plmn, ...]
    unknown_imsi: str
    application_ids: frozenset[int] = field(default_factory=frozenset)
    origin: Origin | None = None
    routed_realms: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[UUID, str]:
        """What a connection is leased by."""
        return self.core_id, self.identity


class Request:
    """One checked request. Slots and no dataclass, as each message makes one.

    `hot` is what the application's own decoder gave, if it has one that took the request. Then
    `message` is decoded only when somebody asks for it.
    """

    __slots__ = ("_message", "_raw", "hot", "now", "origin", "peer")

    def __init__(self, message: Message, peer: RemotePeer, origin: Origin, now: datetime) -> None:
        self._message: Message | None = message
        self._raw = b""
        self.hot: HotRequest | None = None
        self.peer = peer
        self.origin = origin
        self.now = now

    @classmethod
    def from_hot(cls, hot: HotRequest, peer: RemotePeer, origin: Origin, now: datetime) -> Self:
        """A request that a hot decoder took, and so the generic codec would."""
        request = cls.__new__(cls)
        request._message = None
        request._raw = hot.raw
        request.hot = hot
        request.peer = peer
        request.origin = origin
        request.now = now
        return request

    @property
    def message(self) -> Message:
        """The request by the generic codec."""
        message = self._message
        if message is None:
            message = self._message = decode_message(self._raw)
        return message


class AnswerTaker(Protocol):
    """Who sends an answer that came later."""

    def take_answer(self, pending: "PendingAnswer", answer: bytes) -> None: ...


class PendingAnswer:
    """An answer that comes later and costs the loop no task.

    The function that gave it calls `resolve` or `fail` once, in a later turn of the loop. Slots
    and no closures, as each request makes one; what stands in them is the driver's.
    """

    __slots__ = ("header", "refuse", "request", "started", "taker")

    header: Header
    started: float
    taker: AnswerTaker
    refuse: Callable[[Exception, Request], bytes]

    def __init__(self, request: Request) -> None:
        self.request = request

    def resolve(self, answer: bytes) -> None:
        """Here is the answer."""
        self.taker.take_answer(self, answer)

    def fail(self, error: Exception) -> None:
        """There is none: the error is answered as if `handle` had raised it."""
        self.taker.take_answer(self, self.refuse(error, self.request))


Subject = TypeVar("Subject")
Outcome = TypeVar("Outcome")


class Batched(PendingAnswer, Generic[Subject, Outcome]):
    """An answer that waits for its batch: a receiver of `store.batching`.

    `settle` is told what became of `subject`, and resolves the answer or sends it its long way.
    """

    __slots__ = ("_settle", "subject")

    def __init__(
        self,
        request: Request,
        subject: Subject,
        settle: "Callable[[Batched[Subject, Outcome], Outcome], None]",
    ) -> None:
        super().__init__(request)
        self.subject = subject
        self._settle = settle

    def done(self) -> bool:
        return False

    def set_result(self, outcome: Outcome, /) -> None:
        """Raises nothing."""
        try:
            self._settle(self, outcome)
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            self.fail(error)

    def set_exception(self, exception: Exception, /) -> None:
        self.fail(exception)


class LongWays:
    """Requests that what is kept in memory did not answer: each goes its way in a task."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, pending: PendingAnswer, answer: Awaitable[bytes]) -> None:
        """The pending answer is this one, as soon as it is there."""
        task = asyncio.get_running_loop().create_task(_finish(pending, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _finish(pending: PendingAnswer, answer: Awaitable[bytes]) -> None:
    try:
        octets = await answer
    except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
        pending.fail(error)
    else:
        pending.resolve(octets)


Answer = bytes | Awaitable[bytes] | PendingAnswer


class LineChanges(Unavailable):
    """A line kept changing while something was decided about it. Answered 3004."""

    code = "line_changes"


class Application(Protocol):
    """A function behind one Diameter application.

    `handle` gives the answer's octets, now or later: what can be awaited gets a task, and a
    PendingAnswer says by itself when it is there. What it raises is answered for it: a
    DiameterError with its result code, InvalidValue with 5004, Unavailable with 3004, anything
    else with 5012 and a traceback in the log.
    """

    application_id: int
    # Announced with Vendor-Specific-Application-Id too; 0 where the application has no vendor.
    vendor_id: int

    def handle(self, request: Request) -> Answer: ...


@runtime_checkable
class HotApplication(Application, Protocol):
    """An application with a decoder of its own for the requests that come by the thousand.

    `decode` gives None for whatever it does not know or does not like; the generic codec then
    reads and checks the request. What it gives needs no check (docs/why/codec.md).
    """

    def decode(self, raw: bytes) -> HotRequest | None: ...
