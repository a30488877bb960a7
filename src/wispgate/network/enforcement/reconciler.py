"""Works on one line at a time: its pushes are decided, judged and followed under its row's lock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from wispgate.domain.policy.capabilities import Means
from wispgate.kernel.clock import Clock
from wispgate.network.enforcement.desk import Desk
from wispgate.network.enforcement.evidence import Verdict, find_verdict
from wispgate.network.enforcement.hops import with_next_hop
from wispgate.network.enforcement.ladder import (
    LEAVE_NODE,
    PEER_PATIENCE,
    Cores,
    find_core,
    find_next_step,
    find_places,
    goal_of,
    make_pushes,
)
from wispgate.network.enforcement.reconciliation import decide_first_pushes, decide_goals
from wispgate.store import pushes as store
from wispgate.store.hot import Transaction
from wispgate.store.pushes import NewPush, Picture, PushRow, PushState

_log = structlog.get_logger("enforcement")

# How long a session that ended is looked at as evidence.
_MEMORY: Final = timedelta(days=1)
_WAITING: Final = {PushState.ASKED, PushState.WAITING_FOR_PEER}


@dataclass(slots=True)
class Reconciler:
    """Pushes of the lines of one partition. `cores` is kept fresh by the enforcer."""

    desk: Desk
    clock: Clock
    cores: Cores

    async def reconcile(self, line_id: UUID, cause: str) -> None:
        """Asks for what the line needs. Doing it again finds nothing left to do."""
        async with self.desk.transaction() as transaction:
            picture = await self._lock(transaction, line_id)
            if picture is None:
                return
            now = self.clock.now()
            for goal in decide_goals(picture, cause):
                reason = f"version {picture.version} is wanted ({cause})"
                values = {"line_id": line_id, "imsi": goal.imsi, "reason": reason, "now": now}
                if goal.profile is not None:
                    await transaction.fetch("supersede_pushes", values)
                made = decide_first_pushes(picture, goal, self.cores, now=now)
                await store.add_pushes(transaction, picture, self._routed(made), now=now)
                _log_asked(picture, made)
            if picture.enforced != picture.wanted:
                await store.set_enforced(transaction, picture)

    async def add(self, line_id: UUID, push: NewPush) -> None:
        """A push that was decided elsewhere; one of the same id is left alone."""
        async with self.desk.transaction() as transaction:
            picture = await self._lock(transaction, line_id)
            if picture is not None:
                await store.add_pushes(
                    transaction, picture, self._routed([push]), now=self.clock.now()
                )
                _log_asked(picture, [push])

    async def judge(self, line_ids: Iterable[UUID]) -> None:
        """Ends pushes by what is seen of their lines, and takes the next rung of overdue ones."""
        now = self.clock.now()
        judged = await store.list_lines(
            self.desk, "list_lines_with_pushes", line_ids=list(line_ids)
        )
        if not judged:
            return
        pictures = await store.read_pictures(self.desk, judged, since=now - _MEMORY)
        for picture in pictures.values():
            for push in picture.pushes:
                verdict = find_verdict(push, picture)
                if verdict is not None:
                    await self._end(picture, push, verdict, now)
                elif push.deadline < now:
                    await self._give_up(picture.line_id, push)

    async def climb(self, push: PushRow) -> None:
        """The next rung, unless the line is on its way already or wants something else by now."""
        async with self.desk.transaction() as transaction:
            await self._climb(transaction, push)

    # --- ends -----------------------------------------------------------------------------------

    async def _end(self, picture: Picture, push: PushRow, verdict: Verdict, now: datetime) -> None:
        state, evidence = verdict
        if not await store.end_push(self.desk, push, state, evidence, now=now):
            return
        _log_ended(push, state, evidence)
        if state == PushState.IN_EFFECT:
            for other in _alternatives(push, picture):
                await store.end_push(
                    self.desk, other, PushState.SUPERSEDED, "another means had the effect", now=now
                )

    async def _give_up(self, line_id: UUID, push: PushRow) -> None:
        """Past its deadline: failed; or it waits on for its peer, while the next rung is tried."""
        async with self.desk.transaction() as transaction:
            # The line before its pushes, as everywhere: so nobody waits for each other.
            await transaction.fetch("lock_line", {"line_id": line_id})
            now = self.clock.now()
            is_waiting = push.state in _WAITING and push.next_hop
            if is_waiting and now < push.asked_at + PEER_PATIENCE:
                values = {"push_id": push.push_id, "deadline": push.asked_at + PEER_PATIENCE}
                is_mine = bool(await transaction.fetch("extend_push", values))
            else:
                reason = f"no effect was seen by {push.deadline.isoformat(timespec='seconds')}"
                is_mine = await store.end_push(transaction, push, PushState.FAILED, reason, now=now)
                _log_ended(push, PushState.FAILED, reason)
            if is_mine:
                await self._climb(transaction, push)

    async def _climb(self, transaction: Transaction, push: PushRow) -> None:
        picture = await self._lock(transaction, push.line_id)
        if picture is None or push.effect == LEAVE_NODE or _is_followed(push, picture):
            return
        now = self.clock.now()
        goal = goal_of(push, picture)
        places = find_places(_as_before(picture), goal)
        core = find_core(self.cores, places)
        step = find_next_step(goal, core, places, after=push.means)
        if step is None:
            _log.warning("no means left", line=str(push.line_id), effect=push.effect)
            return
        made = make_pushes(picture, goal, places, step, core, now=now)
        await store.add_pushes(transaction, picture, self._routed(made), now=now)
        _log_asked(picture, made)

    def _routed(self, pushes: list[NewPush]) -> list[NewPush]:
        return [with_next_hop(self.cores, push) for push in pushes]

    async def _lock(self, transaction: Transaction, line_id: UUID) -> Picture | None:
        await transaction.fetch("lock_line", {"line_id": line_id})
        since = self.clock.now() - _MEMORY
        return (await store.read_pictures(transaction, [line_id], since=since)).get(line_id)


def _as_before(picture: Picture) -> Picture:
    """Nobody is taken to have what a push has just failed to bring: the flag counts as changed."""
    return replace(picture, enforced=None)


def _is_followed(push: PushRow, picture: Picture) -> bool:
    """A later rung is under way, or something newer is wanted."""
    return any(
        other.push_id != push.push_id
        and other.imsi == push.imsi
        and other.effect != LEAVE_NODE
        and (other.effect != push.effect or other.rung > push.rung)
        for other in picture.pushes
    )


def _alternatives(push: PushRow, picture: Picture) -> list[PushRow]:
    """Other means to the same end that have not left, or only wait for an occasion."""
    return [
        other
        for other in picture.pushes
        if other.effect == push.effect
        and other.imsi == push.imsi
        and other.rung != push.rung
        and (other.state in _WAITING or other.means == Means.NEXT_ATTACH)
    ]


def _log_asked(picture: Picture, made: Sequence[NewPush]) -> None:
    for push in made:
        _log.info(
            "push asked",
            line=str(picture.line_id),
            effect=str(push.effect),
            means=str(push.means),
            target=push.target_host,
            cause=push.cause,
        )


def _log_ended(push: PushRow, state: PushState, evidence: str) -> None:
    _log.info(
        "push ended",
        line=str(push.line_id),
        effect=push.effect,
        means=push.means,
        state=str(state),
        evidence=evidence,
    )
