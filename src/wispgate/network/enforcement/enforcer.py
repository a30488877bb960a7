"""The enforcer of a Diameter process: hears of changes, sends pushes, looks for their effect."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.network.enforcement.desk import Desk
from wispgate.network.enforcement.follower import Follower
from wispgate.network.enforcement.ladder import Cores, Node
from wispgate.network.enforcement.messages import Vocabulary
from wispgate.network.enforcement.reconciler import Reconciler
from wispgate.network.enforcement.resets import Resets
from wispgate.network.enforcement.sender import Sender
from wispgate.network.transport.node import DiameterNode
from wispgate.store import pushes as store
from wispgate.store.hot import HotStore
from wispgate.store.pushes import PushRow

_log = structlog.get_logger("enforcement")

POLL_SECONDS: Final = 0.3
# Every so many turns: looking for effects, reading the peers anew.
_TURNS_PER_JUDGEMENT: Final = 3
_TURNS_PER_REFRESH: Final = 15
# Those that only wait for their phone are many, and their deadlines are long.
_TURNS_PER_FULL_JUDGEMENT: Final = 90
_MOST_LINES: Final = 500
# State is lost when a person restores a backup: nobody waits for it.
_TURNS_PER_RESET: Final = 15
_EVERY_HOP, _NAMED_HOPS = "", "!"


class Enforcer:
    """Runs beside a node, in every Diameter process. All of its state is in the database."""

    def __init__(self, store: HotStore, vocabulary: Vocabulary, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._cores: Cores = {}
        self._reconcilers = [
            Reconciler(Desk(store, partition.number), clock, self._cores)
            for partition in store.partitions
        ]
        self._followers = [
            Follower(reconciler, store.public, self._refresh) for reconciler in self._reconcilers
        ]
        self._senders = [Sender(reconciler, vocabulary) for reconciler in self._reconcilers]
        self._resets = Resets(store, clock=clock)
        self._sending: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._is_stopping = False

    async def run(self, node: DiameterNode) -> None:
        """Works until it is told to stop, or cancelled; what fails is said, and tried again."""
        number = 0
        try:
            while not self._is_stopping:
                is_busy = await self._guarded(self.turn(node, number))
                number += 1
                if not is_busy:
                    await self._rest()
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    def stop(self) -> None:
        """`run` ends after the turn under way: no statement is torn off."""
        self._is_stopping = True
        self.wake()

    def wake(self) -> None:
        """There is something to do: the next turn begins at once."""
        self._woken.set()

    async def turn(self, node: DiameterNode, number: int) -> bool:
        """One look at everything; whether there was so much that there may be more."""
        if number % _TURNS_PER_REFRESH == 0:
            await self._refresh()
        is_busy = await self.listen()
        for sender, push in await self.take(node):
            self._spawn(self._send(sender, node, push))
        if number % _TURNS_PER_RESET == 0:
            self._spawn(self._resets.tell(node))
        if number % _TURNS_PER_JUDGEMENT == 0:
            is_full = number % _TURNS_PER_FULL_JUDGEMENT == 0
            await self._judge(_EVERY_HOP if is_full else _NAMED_HOPS)
        return is_busy

    async def listen(self) -> bool:
        """Acts upon what the outboxes tell; whether there was anything."""
        return any([await follower.follow() for follower in self._followers])

    async def take(self, node: DiameterNode) -> list[tuple[Sender, PushRow]]:
        """What this node is to send now: from here on it stands as sent."""
        return [(sender, push) for sender in self._senders for push in await sender.take(node)]

    # --- parts of a turn ------------------------------------------------------------------------

    async def _refresh(self) -> None:
        rows = await self._store.public.fetch("list_enforcing_peers", {"now": self._clock.now()})
        self._cores = {
            (row["core_id"], row["identity"]): Node(
                row["realm"], row["profile"], tuple(row["routed_realms"]), row["is_connected"]
            )
            for row in rows
        }
        for reconciler in self._reconcilers:
            reconciler.cores = self._cores

    async def _send(self, sender: Sender, node: DiameterNode, push: PushRow) -> None:
        await sender.send(node, push)
        self.wake()

    async def _judge(self, least_hop: str) -> None:
        now = self._clock.now()
        held = await self._store.public.fetch("list_held_connections", {"now": now})
        hops = {
            "core_ids": [row["core_id"] for row in held],
            "identities": [row["identity"] for row in held],
        }
        for reconciler in self._reconcilers:
            await reconciler.desk.fetch("wait_for_peers", hops)
            desk, most = reconciler.desk, _MOST_LINES
            lines = await store.list_lines(desk, "list_lines_under_way", most=most)
            lines += await store.list_lines(
                desk, "list_overdue_lines", most=most, now=now, least_hop=least_hop
            )
            if lines:
                await reconciler.judge(set(lines))

    # --- tasks ----------------------------------------------------------------------------------

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._noted(work))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _noted(self, work: Coroutine[Any, Any, None]) -> None:
        await self._guarded(work)

    async def _guarded(self, work: Coroutine[Any, Any, bool | None]) -> bool:
        try:
            return bool(await work)
        except asyncio.CancelledError:
            raise
        except Unavailable as error:
            _log.warning("enforcement waits", cause=error.code)
        except Exception:  # noqa: BLE001 (the top of a task: said, and the enforcer lives on)
            _log.exception("enforcement failed")
        return False
