"""Pushes and what they are decided from: a line as it is wanted, known and seen.

A push is durable before it is sent, and ends only by evidence, failure or being superseded.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import NO_FEATURES, NodeFeatures
from wispgate.domain.policy.profile import NetworkProfile


class PushState(StrEnum):
    """asked → (waiting_for_peer) → sent → acknowledged → in_effect | failed | superseded."""

    ASKED = "asked"
    WAITING_FOR_PEER = "waiting_for_peer"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    IN_EFFECT = "in_effect"
    FAILED = "failed"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationSeen:
    """Where one card of the line is registered; `is_current` False once it was purged.

    `node` is "mme" or "sgsn", and `features` are what it can do.
    """

    core_id: UUID
    imsi: str
    host: str
    realm: str
    known_version: int
    seen_at: datetime
    is_current: bool
    node: str = "mme"
    visited_plmn: str = ""
    rat_type: int = 0
    features: NodeFeatures = NO_FEATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class GxSeen:
    """A policy session, with what it was given."""

    session_id: str
    core_id: UUID
    peer: str
    host: str
    realm: str
    imsi: str
    apn: str
    visited_plmn: str
    speed: Speed
    version: int
    is_open: bool
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GySeen:
    """A charging session."""

    session_id: str
    core_id: UUID
    peer: str
    is_open: bool
    opened_at: datetime
    seen_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRow:
    """A push that is not ended.

    `first_attempt` is the one with which the request left that has no answer yet, as `sent_host`
    of `sent_realm`; an attempt after it is a repetition.
    """

    push_id: UUID
    line_id: UUID
    core_id: UUID
    effect: str
    means: str
    rung: int
    wanted_version: int
    cause: str
    imsi: str
    session_id: str | None
    target_host: str
    target_realm: str
    next_hop: str
    state: str
    attempts: int
    result: str
    first_attempt: int
    sent_host: str
    sent_realm: str
    asked_at: datetime
    sent_at: datetime | None
    acknowledged_at: datetime | None
    deadline: datetime
    contexts: Sequence[int] = ()

    @property
    def is_repeated(self) -> bool:
        """Whether it left before and may have arrived."""
        return self.attempts > self.first_attempt


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPush:
    """A push to be written. `contexts` are the APN configurations that a node is to delete."""

    push_id: UUID
    core_id: UUID
    effect: str
    means: str
    rung: int
    cause: str
    imsi: str
    session_id: str | None
    target_host: str
    target_realm: str
    next_hop: str
    state: str
    evidence: str
    deadline: datetime
    contexts: Sequence[int] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One line: what is wanted of it, what enforcement acted upon last, and where it is seen."""

    line_id: UUID
    operator_id: UUID
    account_id: UUID
    core_id: UUID
    imsi: str
    msisdn: str | None
    wanted: NetworkProfile
    version: int
    enforced: NetworkProfile | None
    vectors_asked_at: datetime | None
    registrations: tuple[RegistrationSeen, ...]
    gx: tuple[GxSeen, ...]
    gy: tuple[GySeen, ...]
    pushes: tuple[PushRow, ...]


class Executor(Protocol):
    """A partition or a transaction in it."""

    async def fetch(self, name: str, values: Mapping[str, Any]) -> Sequence[Any]: ...


async def read_pictures(
    executor: Executor, line_ids: Iterable[UUID], *, since: datetime
) -> dict[UUID, Picture]:
    """Lines with all that is seen of them; sessions that ended before `since` are left out."""
    wanted = {"line_ids": list(line_ids)}
    recent = wanted | {"since": since}
    # Pushes first: what an answer changed elsewhere was written before the push says so.
    pushes = _by_line(await executor.fetch("read_open_pushes", wanted), push_of)
    lines = await executor.fetch("read_enforced_lines", wanted)
    parts = _Parts(
        _by_line(await executor.fetch("read_line_registrations", wanted), _registration),
        _by_line(await executor.fetch("read_line_gx_sessions", recent), _gx),
        _by_line(await executor.fetch("read_line_gy_sessions", recent), _gy),
        pushes,
    )
    return {row["line_id"]: _picture(row, parts) for row in lines}


async def add_pushes(
    executor: Executor, picture: Picture, pushes: Sequence[NewPush], *, now: datetime
) -> None:
    """Writes pushes of one line; one of the same id is left alone."""
    if not pushes:
        return
    await executor.fetch(
        "add_pushes",
        {
            "operator_id": picture.operator_id,
            "account_id": picture.account_id,
            "line_id": picture.line_id,
            "wanted_version": picture.version,
            "push_ids": [push.push_id for push in pushes],
            "core_ids": [push.core_id for push in pushes],
            "effects": [push.effect for push in pushes],
            "means": [push.means for push in pushes],
            "rungs": [push.rung for push in pushes],
            "causes": [push.cause for push in pushes],
            "imsis": [push.imsi for push in pushes],
            "session_ids": [push.session_id for push in pushes],
            "hosts": [push.target_host for push in pushes],
            "realms": [push.target_realm for push in pushes],
            "hops": [push.next_hop for push in pushes],
            "states": [push.state for push in pushes],
            "evidences": [push.evidence for push in pushes],
            "deadlines": [push.deadline for push in pushes],
            # An array of arrays would have to be a rectangle.
            "contexts": [" ".join(str(one) for one in push.contexts) for push in pushes],
            "now": now,
        },
    )


async def set_enforced(executor: Executor, picture: Picture) -> None:
    """The line's wanted profile is what the network is taken to know from now on."""
    await executor.fetch(
        "set_enforced",
        {
            "line_id": picture.line_id,
            "profile": picture.wanted.encode(),
            "is_exhausted": picture.wanted.is_exhausted,
        },
    )


async def end_push(
    executor: Executor, push: PushRow, state: PushState, evidence: str, *, now: datetime
) -> bool:
    """Whether it was ended by this; False if another process did it already."""
    values = {"push_id": push.push_id, "state": state, "evidence": evidence, "now": now}
    return bool(await executor.fetch("end_push", values))


async def settle_push(
    executor: Executor, push: PushRow, state: PushState, result: str, *, now: datetime,
    is_unanswered: bool = False,
) -> bool:  # fmt: skip
    """What became of a push that was sent; False if it was ended meanwhile.

    `is_unanswered`: it may have arrived, and if it is sent again that is a repetition.
    """
    values = {
        "push_id": push.push_id,
        "attempts": push.attempts,
        "state": state,
        "result": result,
        "evidence": "",
        "is_unanswered": is_unanswered,
        "now": now,
    }
    return bool(await executor.fetch("settle_push", values))


async def list_lines(executor: Executor, name: str, **values: Any) -> list[UUID]:
    """The lines that one of the listing statements gives."""
    return [row["line_id"] for row in await executor.fetch(name, values)]


@dataclass(frozen=True, slots=True)
class _Parts:
    registrations: Mapping[UUID, tuple[RegistrationSeen, ...]]
    gx: Mapping[UUID, tuple[GxSeen, ...]]
    gy: Mapping[UUID, tuple[GySeen, ...]]
    pushes: Mapping[UUID, tuple[PushRow, ...]]


def _by_line(rows: Sequence[Any], make: Any) -> dict[UUID, tuple[Any, ...]]:
    found: defaultdict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row["line_id"]].append(make(row))
    return {line_id: tuple(items) for line_id, items in found.items()}


def _picture(row: Any, parts: _Parts) -> Picture:
    line_id = row["line_id"]
    wanted = NetworkProfile.decode(row["profile"])
    enforced = row["enforced_profile"]
    return Picture(
        line_id=line_id,
        operator_id=row["operator_id"],
        account_id=row["account_id"],
        core_id=row["core_id"],
        imsi=row["imsi"] or "",
        msisdn=row["msisdn"],
        wanted=wanted.with_exhausted(is_exhausted=row["is_exhausted"]),
        version=row["profile_version"],
        enforced=NetworkProfile.decode(enforced).with_exhausted(
            is_exhausted=row["enforced_exhausted"]
        )
        if enforced
        else None,
        vectors_asked_at=row["last_requested_at"],
        registrations=parts.registrations.get(line_id, ()),
        gx=parts.gx.get(line_id, ()),
        gy=parts.gy.get(line_id, ()),
        pushes=parts.pushes.get(line_id, ()),
    )


def _registration(row: Any) -> RegistrationSeen:
    return RegistrationSeen(
        core_id=row["core_id"],
        imsi=row["imsi"],
        host=row["mme_host"],
        realm=row["mme_realm"],
        known_version=row["known_profile_version"],
        seen_at=row["seen_at"],
        is_current=row["purged_at"] is None,
        node=row["node"],
        visited_plmn=row["visited_plmn"].replace("-", ""),
        rat_type=row["rat_type"],
        features=NodeFeatures(row["feature_list_1"], row["feature_list_2"]),
    )


def _gx(row: Any) -> GxSeen:
    return GxSeen(
        session_id=row["session_id"],
        core_id=row["core_id"],
        peer=row["peer"],
        host=row["origin_host"],
        realm=row["origin_realm"],
        imsi=row["imsi"],
        apn=row["apn"],
        visited_plmn=row["visited_plmn"],
        speed=Speed(row["up_bps"], row["down_bps"]),
        version=row["profile_version"],
        is_open=row["is_open"],
        opened_at=row["opened_at"],
        seen_at=row["seen_at"],
        closed_at=row["closed_at"],
    )


def _gy(row: Any) -> GySeen:
    return GySeen(
        session_id=row["session_id"],
        core_id=row["core_id"],
        peer=row["peer"],
        is_open=row["is_open"],
        opened_at=row["opened_at"],
        seen_at=row["seen_at"],
        closed_at=row["closed_at"],
    )


def push_of(row: Any) -> PushRow:
    """A push from a row of `read_open_pushes` or `take_pushes`."""
    names = PushRow.__dataclass_fields__
    return PushRow(**{name: row[name] for name in names})
