"""Which rung a push stands on, where it goes, and how long it has (the ladder of CORES)."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from wispgate.domain.policy.capabilities import (
    GENERIC_3GPP,
    CoreProfile,
    Effect,
    Means,
    get_core_profile,
)
from wispgate.domain.policy.decisions import (
    Admitted,
    Refusal,
    Refused,
    decide_admission,
    decide_update_location,
)
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.domain.policy.pushes import LinePresence, list_taken_away, plan_pushes
from wispgate.kernel.errors import NotFound
from wispgate.kernel.ids import uuid7
from wispgate.store.pushes import (
    GxSeen,
    GySeen,
    NewPush,
    Picture,
    PushRow,
    PushState,
    RegistrationSeen,
)

# A phone registered elsewhere: the node that it left is told (TS 29.272 section 5.2.1.2).
LEAVE_NODE: Final = "leave_node"
# How, by what the node is and why it was left (Cancellation-Type, section 7.3.24).
CLR_MME_UPDATE: Final = "s6a_clr_update"
CLR_SGSN_UPDATE: Final = "s6a_clr_sgsn_update"
CLR_INITIAL_ATTACH: Final = "s6a_clr_initial_attach"

S6A_MEANS: Final = {
    Means.S6A_IDR,
    Means.S6A_DSR,
    Means.S6A_CLR_WITHDRAW,
    Means.S6A_CLR_REATTACH,
}
GX_MEANS: Final = {Means.GX_RULES, Means.GX_QOS, Means.GX_RELEASE}

EXHAUSTED: Final = "charging.quota_exhausted"
# There are units again, whatever was acted upon before: a gateway may have ended on final units
# that nobody but charging ever heard of.
REFILLED: Final = frozenset({"charging.quota_restored", "data.topped_up"})

# Refusals that another network, radio technology or node would not meet.
_OF_THE_PLACE: Final = frozenset(
    {Refusal.RAT_NOT_ALLOWED, Refusal.ROAMING_NOT_ALLOWED, Refusal.OPERATOR_BARRED}
)

# How long each means has to show its effect before the next is tried.
_PATIENCE: Final[Mapping[Means, timedelta]] = {
    Means.GX_RULES: timedelta(seconds=60),
    Means.GX_QOS: timedelta(seconds=60),
    Means.GX_RELEASE: timedelta(seconds=30),
    Means.GY_REAUTHORISE: timedelta(seconds=30),
    # An idle phone is paged before it can be detached.
    Means.S6A_CLR_WITHDRAW: timedelta(seconds=60),
    Means.S6A_CLR_REATTACH: timedelta(seconds=60),
    # The node tells the phone's cell at the next change from idle to active.
    Means.S6A_IDR: timedelta(seconds=300),
    Means.NEXT_ATTACH: timedelta(days=30),
}
_WAITING_PATIENCE: Final = timedelta(days=30)
# A push that waits for its peer lets the next rung be tried, and goes on waiting this long.
PEER_PATIENCE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Node:
    """A peer that may be told something. `routed_realms` are reached through it."""

    realm: str
    profile: str
    routed_realms: tuple[str, ...] = ()
    is_connected: bool = False


Cores = Mapping[tuple[UUID, str], Node]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is wanted for one card of a line: an effect, and the profile that it leads to.

    `profile` None: the card is the line's no more, and gets nothing.
    """

    effect: Effect
    cause: str
    imsi: str
    profile: NetworkProfile | None


@dataclass(frozen=True, slots=True)
class Places:
    """Where the goal has still to be told."""

    registrations: tuple[RegistrationSeen, ...]
    gx: tuple[GxSeen, ...]
    gy: tuple[GySeen, ...]
    is_misplaced: bool = False

    @property
    def presence(self) -> LinePresence:
        return LinePresence(
            is_registered=bool(self.registrations),
            is_misplaced=self.is_misplaced,
            has_gx_session=bool(self.gx),
            has_gy_session=bool(self.gy),
        )


def find_core(cores: Cores, places: Places) -> CoreProfile:
    """How the core behaves in which the line is seen: its MME's profile, else its gateway's."""
    keys = [(r.core_id, r.host.lower()) for r in places.registrations]
    keys += [(s.core_id, s.peer) for s in places.gx] + [(s.core_id, s.peer) for s in places.gy]
    names = [cores[key].profile for key in keys if key in cores]
    try:
        return get_core_profile(names[0]) if names else GENERIC_3GPP
    except NotFound:
        return GENERIC_3GPP


def find_places(picture: Picture, goal: Goal) -> Places:
    """Open places of the card that do not have what is wanted."""
    has_flag_changed = (
        picture.enforced is None
        or picture.enforced.is_exhausted != picture.wanted.is_exhausted
        or goal.cause in REFILLED
    )
    is_stop = goal.effect is Effect.STOP
    is_own = goal.imsi == picture.imsi
    registrations = tuple(
        r
        for r in picture.registrations
        if r.is_current
        and r.imsi == goal.imsi
        and (is_stop or has_flag_changed or r.known_version < picture.version)
    )
    return Places(
        registrations,
        tuple(
            s
            for s in picture.gx
            if s.is_open
            and s.imsi == goal.imsi
            and (is_stop or _is_uncertain(s, picture) or _is_behind(s, picture))
        ),
        tuple(s for s in picture.gy if s.is_open and is_own),
        is_misplaced=is_own and any(is_misplaced(picture.wanted, r) for r in registrations),
    )


def is_misplaced(wanted: NetworkProfile, registration: RegistrationSeen) -> bool:
    """Whether it would be refused where it is: the node is to let it go, not to learn more."""
    decision = decide_update_location(
        wanted,
        visited_plmn=registration.visited_plmn,
        rat_type=registration.rat_type or None,
        features=registration.features,
    )
    return isinstance(decision, Refused) and decision.reason in _OF_THE_PLACE


def _is_uncertain(session: GxSeen, picture: Picture) -> bool:
    """Something was sent to the session and has not been seen in effect: it may have either."""
    return any(
        push.session_id == session.session_id and push.state in ("sent", "acknowledged")
        for push in picture.pushes
    )


def _is_behind(session: GxSeen, picture: Picture) -> bool:
    if session.version < picture.version:
        return True
    admission = decide_admission(picture.wanted, apn=session.apn, visited_plmn=session.visited_plmn)
    return not isinstance(admission, Admitted) or admission.speed != session.speed


def find_next_step(
    goal: Goal, core: CoreProfile, places: Places, *, after: str | None = None
) -> tuple[int, Means] | None:
    """The first rung, or the one after `after`, that reaches a place; None at the ladder's end."""
    order = _order(goal, core)
    names = [str(means) for means in order]
    start = names.index(after) + 1 if after in names else 0
    reachable = {push.means for push in plan_pushes(goal.effect, core, places.presence)}
    for rung in range(start, len(order)):
        if order[rung] in reachable:
            return rung, order[rung]
    return None


def _order(goal: Goal, core: CoreProfile) -> tuple[Means, ...]:
    """The core's ladder. An exhausted quota is charging's own business while it has a session:
    the gateway ends it at its next report.
    """
    ladder = core.ladders.get(goal.effect, ())
    is_out_of_quota = goal.effect is Effect.STOP and goal.cause == EXHAUSTED
    if is_out_of_quota and Means.GY_NEXT_REPORT in ladder:
        rest = tuple(m for m in ladder if m is not Means.GY_NEXT_REPORT)
        return (Means.GY_NEXT_REPORT, *rest)
    return ladder


def deadline_of(means: Means, core: CoreProfile, now: datetime) -> datetime:
    if means is Means.GY_NEXT_REPORT:
        return now + timedelta(seconds=core.validity_seconds + 60)
    return now + _PATIENCE.get(means, _WAITING_PATIENCE)


def make_pushes(
    picture: Picture, goal: Goal, places: Places, step: tuple[int, Means], core: CoreProfile,
    *, now: datetime,
) -> list[NewPush]:  # fmt: skip
    """One push for each place that the means reaches; one without target where it only waits."""
    rung, means = step
    deadline = deadline_of(means, core, now)
    is_moot = goal.effect is Effect.STOP and means is Means.NEXT_ATTACH and not _is_seen(places)
    return [
        NewPush(
            # Rungs that are asked for in one millisecond keep their order.
            push_id=uuid7(now, bytes([rung]) + os.urandom(9)),
            core_id=target.core_id,
            effect=goal.effect,
            means=means,
            rung=rung,
            cause=goal.cause,
            imsi=goal.imsi,
            session_id=target.session_id,
            target_host=target.host,
            target_realm=target.realm,
            next_hop=target.next_hop,
            state=PushState.IN_EFFECT if is_moot else PushState.ASKED,
            evidence="it is registered nowhere and has no session" if is_moot else "",
            deadline=deadline,
            contexts=_list_contexts(picture) if means is Means.S6A_DSR else (),
        )
        for target in _targets(picture, places, means)
    ]


def _list_contexts(picture: Picture) -> tuple[int, ...]:
    if picture.enforced is None:
        return ()
    return tuple(apn.context_id for apn in list_taken_away(picture.enforced, picture.wanted))


def leave_node_push(
    push_id: UUID, imsi: str, target: "Target", *, means: str = CLR_MME_UPDATE, now: datetime
) -> NewPush:
    """Tells a node that the phone is elsewhere now. Named by its event, so that there is but one."""
    return NewPush(
        push_id=push_id,
        core_id=target.core_id,
        effect=LEAVE_NODE,
        means=means,
        rung=0,
        cause="line.registered",
        imsi=imsi,
        session_id=None,
        target_host=target.host,
        target_realm=target.realm,
        next_hop=target.next_hop,
        state=PushState.ASKED,
        evidence="",
        deadline=now + timedelta(seconds=60),
    )


@dataclass(frozen=True, slots=True)
class Target:
    core_id: UUID
    host: str
    realm: str
    next_hop: str
    session_id: str | None = None


def goal_of(push: PushRow, picture: Picture) -> Goal:
    """What a push was for."""
    profile = picture.wanted if push.imsi == picture.imsi else None
    return Goal(effect=Effect(push.effect), cause=push.cause, imsi=push.imsi, profile=profile)


def _is_seen(places: Places) -> bool:
    return bool(places.registrations or places.gx or places.gy)


def _targets(picture: Picture, places: Places, means: Means) -> Iterator[Target]:
    if means in S6A_MEANS:
        for r in places.registrations:
            yield Target(r.core_id, r.host, r.realm, r.host.lower())
    elif means in GX_MEANS:
        for s in places.gx:
            yield Target(s.core_id, s.host, s.realm, s.peer, s.session_id)
    elif means is Means.GY_REAUTHORISE:
        for gy in places.gy:
            yield Target(gy.core_id, gy.peer, "", gy.peer, gy.session_id)
    elif means is Means.GY_NEXT_REPORT:
        for gy in places.gy:
            yield Target(gy.core_id, "", "", "", gy.session_id)
    else:
        yield Target(picture.core_id, "", "", "")
