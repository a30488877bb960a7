"""Takes the pushes of the peers that this very node holds, sends them, and notes the answers.

A push is marked as sent before it leaves. One whose sender died stays marked until it is taken
again. What is sent again without an answer to the first is the same request: its number, its name
of ours, and the T bit. What was answered (3004, say) and is asked again is a new one.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog

from wispgate.domain.policy.capabilities import Effect, Means
from wispgate.network.enforcement.ladder import (
    CLR_INITIAL_ATTACH,
    CLR_MME_UPDATE,
    CLR_SGSN_UPDATE,
)
from wispgate.network.enforcement.messages import Draft, Vocabulary, draft_request
from wispgate.network.enforcement.outcomes import Outcome, read_outcome
from wispgate.network.enforcement.reconciler import Reconciler
from wispgate.network.transport.node import DiameterNode
from wispgate.network.transport.requests import ConnectionGone, NoAnswer, PeerAway
from wispgate.store import pushes as store
from wispgate.store.pushes import PushRow, PushState

_log = structlog.get_logger("enforcement")

_MOST: Final = 100
# A sender that has not noted an answer after this long is gone.
SILENCE: Final = timedelta(seconds=30)
_ATTEMPTS: Final = 3
# Before a peer that was busy, or did not answer, is asked again.
_PAUSE: Final = timedelta(seconds=2)
_CANCELLATIONS: Final = {
    CLR_MME_UPDATE,
    CLR_SGSN_UPDATE,
    CLR_INITIAL_ATTACH,
    Means.S6A_CLR_WITHDRAW,
    Means.S6A_CLR_REATTACH,
}
_UPDATES: Final = {Means.S6A_IDR, Means.S6A_DSR}
_RELEASES: Final = {Means.GX_RELEASE, Means.GX_RULES, Means.GX_QOS}


@dataclass(slots=True)
class Sender:
    """Sends the pushes of one partition."""

    reconciler: Reconciler
    vocabulary: Vocabulary

    async def take(self, node: DiameterNode) -> list[PushRow]:
        """The pushes that this node is to send now; they are marked as sent."""
        peers = [peer.key for peer in node.open_peers]
        if not peers:
            return []
        origins = [node.origin_towards(core_id, identity) for core_id, identity in peers]
        now = self.reconciler.clock.now()
        rows = await self.reconciler.desk.fetch(
            "take_pushes",
            {
                "core_ids": [core_id for core_id, _ in peers],
                "identities": [identity for _, identity in peers],
                "hosts": [origin.host for origin in origins],
                "realms": [origin.realm for origin in origins],
                "busy_since": now - _PAUSE,
                "silent_since": now - SILENCE,
                "most": _MOST,
                "now": now,
            },
        )
        return [store.push_of(row) for row in rows]

    async def send(self, node: DiameterNode, push: PushRow) -> None:
        """Sends one push and notes what came of it. Raises DatabaseLost."""
        reconciler = self.reconciler
        now = reconciler.clock.now()
        pictures = await store.read_pictures(reconciler.desk, [push.line_id], since=now)
        picture = pictures.get(push.line_id)
        origin = node.origin_towards(push.core_id, push.next_hop)
        draft = picture and Draft(push, picture, origin, reconciler.cores)
        request = draft_request(draft, self.vocabulary) if draft else None
        if request is None:
            await self._settle(push, PushState.SUPERSEDED, "nothing is left to tell")
            return
        try:
            answer = await node.send_request(push.core_id, push.next_hop, request)
        except PeerAway as error:
            # Nothing left now; what left before may have arrived.
            await self._wait(push, error.code, is_unanswered=push.is_repeated)
        except ConnectionGone as error:
            await self._wait(push, error.code, is_unanswered=True)
        except NoAnswer as error:
            await self._try_again(push, error.code, is_unanswered=True)
        else:
            await self._note(push, *read_outcome(answer))

    async def _note(self, push: PushRow, outcome: Outcome, result: str) -> None:
        match outcome:
            case Outcome.BUSY:
                await self._try_again(push, result)
            case Outcome.REFUSED:
                await self._fail(push, result)
            case Outcome.DONE | Outcome.GONE:
                await self._follow_up(push, is_gone=outcome is Outcome.GONE)
                await self._acknowledge(push, outcome, result)

    async def _acknowledge(self, push: PushRow, outcome: Outcome, result: str) -> None:
        """A node that lost the phone cannot change its speed: that is the next rung's."""
        is_useless = outcome is Outcome.GONE and push.means in _UPDATES
        if is_useless and push.effect != Effect.STOP:
            await self._fail(push, result)
        else:
            await self._settle(push, PushState.ACKNOWLEDGED, result)
            await self.reconciler.judge([push.line_id])

    async def _follow_up(self, push: PushRow, *, is_gone: bool) -> None:
        """What the answer says of the node's own memory."""
        now = self.reconciler.clock.now()
        where = {"core_id": push.core_id, "imsi": push.imsi, "host": push.target_host}
        if push.means in _CANCELLATIONS or (is_gone and push.means in _UPDATES):
            values = where | {"sent_at": push.sent_at, "now": now}
            await self.reconciler.desk.fetch("forget_registration", values)
        elif push.means in _UPDATES and push.effect != Effect.STOP:
            values = where | {"version": push.wanted_version}
            await self.reconciler.desk.fetch("know_profile", values)
        elif is_gone and push.means in _RELEASES:
            values = {"session_id": push.session_id, "now": now}
            await self.reconciler.desk.fetch("lose_policy_session", values)

    async def _wait(self, push: PushRow, result: str, *, is_unanswered: bool) -> None:
        await self._settle(push, PushState.WAITING_FOR_PEER, result, is_unanswered=is_unanswered)

    async def _try_again(self, push: PushRow, result: str, *, is_unanswered: bool = False) -> None:
        if push.attempts < _ATTEMPTS:
            await self._settle(push, PushState.ASKED, result, is_unanswered=is_unanswered)
        else:
            await self._fail(push, result)

    async def _fail(self, push: PushRow, result: str) -> None:
        if await self._settle(push, PushState.FAILED, result):
            await self.reconciler.climb(push)

    async def _settle(
        self, push: PushRow, state: PushState, result: str, *, is_unanswered: bool = False
    ) -> bool:
        now = self.reconciler.clock.now()
        is_settled = await store.settle_push(
            self.reconciler.desk, push, state, result, now=now, is_unanswered=is_unanswered
        )
        _log.info(
            "push",
            line=str(push.line_id),
            effect=push.effect,
            means=push.means,
            peer=push.next_hop,
            state=str(state),
            result=result,
        )
        return is_settled
