"""The trace of a SIM's activation: from the order to the first octet, with every receipt.

One join over what different parts remember: the audit (who ordered, approved, assigned), pushes
with their receipts, authentication and registration, policy and charging sessions, the ledger.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from wispgate.business.audit import queries as audit
from wispgate.business.audit.queries import Search
from wispgate.business.hotplane.models import (
    EveryAuthentication,
    EveryChargingSession,
    EveryLedger,
    EveryPolicySession,
    EveryPush,
    EveryRegistration,
)
from wispgate.business.inventory import queries as inventory
from wispgate.business.subscriptions.models import Subscription

_MOST = 500
# The app of approvals may be absent; its requests are known by their audit.
_APPROVALS = "approvals_approval"
# What people call what the audit calls by its table.
_NAMES = {
    "inventory_sim": "card",
    "inventory_simbatch": "batch",
    "subscriptions_subscription": "line",
}


class Milestone(StrEnum):
    """What an activation goes through, in the order in which it should."""

    STOCKED = "stocked"
    ORDERED = "ordered"
    APPROVED = "approved"
    ASSIGNED = "assigned"
    NUMBERED = "numbered"
    PLAN = "plan"
    ACTIVATED = "activated"
    PUSHED = "pushed"
    AUTHENTICATED = "first_air"
    REGISTERED = "first_ulr"
    POLICY = "first_ccr_gx"
    CHARGED = "first_ccr_gy"
    USED = "first_usage"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened. `proof` names the record: `audit 117`, `push 0190…`."""

    at: datetime
    what: str
    who: str
    proof: str
    why: str = ""
    request_id: str = ""
    milestone: Milestone | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """All steps, the oldest first; and for each milestone the first step that reached it."""

    iccid: str
    imsi: str
    line_id: UUID | None
    steps: Sequence[Step]

    def reached(self) -> dict[Milestone, Step | None]:
        first: dict[Milestone, Step | None] = dict.fromkeys(Milestone)
        for step in self.steps:
            if step.milestone is not None and first[step.milestone] is None:
                first[step.milestone] = step
        return first


def of_sim(iccid: str) -> Trace:
    """Raises NotFound. As many statements for a busy card as for one in stock, and few."""
    sim = inventory.get_sim(iccid)
    line = (
        Subscription.objects.filter(id=sim.subscription_id).first() if sim.subscription_id else None
    )
    # In the order of the entries, which those of one moment keep below.
    steps = [step for _, step in sorted(_from_audit(sim, line), key=lambda told: told[0])]
    if line is not None:
        steps += _from_network(line, sim.core_id, sim.imsi)
    steps.sort(key=lambda step: step.at)
    return Trace(sim.iccid, sim.imsi, line.id if line else None, steps)


def _from_audit(sim: Any, line: Subscription | None) -> Iterator[tuple[int, Step]]:
    """Steps, each with the number of its entry."""
    objects = {("inventory_sim", str(sim.id))}
    if sim.batch_id:
        objects.add(("inventory_simbatch", str(sim.batch_id)))
    if line is not None:
        objects.add(("subscriptions_subscription", str(line.id)))
    for object_type, object_id in sorted(objects):
        for entry in audit.list_entries(object_type=object_type, object_id=object_id, limit=_MOST):
            yield from ((entry.id, step) for step in _told(entry))
    yield from _approvals({object_id for _, object_id in objects})


def _approvals(object_ids: Iterable[str]) -> Iterator[tuple[int, Step]]:
    """What was asked for about these objects, and who decided it."""
    asked = [
        entry
        for object_id in sorted(object_ids)
        for entry in audit.find_entries(
            Search(object_type=_APPROVALS, action="insert", text=object_id), limit=_MOST
        )
    ]
    for approval_id in sorted({entry.object_id for entry in asked}):
        entries = audit.list_entries(object_type=_APPROVALS, object_id=approval_id, limit=_MOST)
        for entry in entries:
            after = entry.after or {}
            state = str(after.get("state", "asked"))
            milestone = Milestone.APPROVED if after.get("decided_by") else None
            yield entry.id, _step(entry, f"approval {state}", milestone)


def _told(entry: Any) -> Iterator[Step]:
    after = entry.after or {}
    if entry.action == "refused":
        yield _step(entry, f"refused: {entry.message}", None)
        return
    named = list(_milestones(entry.object_type, entry.action, entry.before or {}, after))
    for what, milestone in named:
        yield _step(entry, what, milestone)
    if not named and "state" in after:
        yield _step(entry, f"{_NAMES[entry.object_type]} {after['state']}", None)


def _milestones(
    table: str, action: str, before: dict[str, Any], after: dict[str, Any]
) -> Iterator[tuple[str, Milestone]]:
    """What an entry of the audit means for an activation."""
    is_line = table == "subscriptions_subscription"
    if table == "inventory_sim" and action == "insert":
        yield "card taken into stock", Milestone.STOCKED
    if is_line and action == "insert":
        yield "line ordered", Milestone.ORDERED
    if table == "inventory_sim" and after.get("state") == "assigned":
        yield "card assigned to the line", Milestone.ASSIGNED
    if is_line and after.get("msisdn"):
        yield f"number {after['msisdn']}", Milestone.NUMBERED
    if is_line and after.get("plan_id"):
        yield "plan given" if not before.get("plan_id") else "plan changed", Milestone.PLAN
    if is_line and after.get("state") == "active" and before.get("state") != "suspended":
        yield "line activated", Milestone.ACTIVATED


def _step(entry: Any, what: str, milestone: Milestone | None) -> Step:
    who = entry.actor if entry.actor_kind == "staff" else f"{entry.actor} ({entry.actor_kind})"
    return Step(entry.at, what, who, f"audit {entry.id}", entry.reason, entry.request_id, milestone)


def _from_network(line: Subscription, core_id: UUID, imsi: str) -> Iterator[Step]:
    yield from _pushes(line.id)
    yield from _presence(core_id, imsi, first_at=line.first_registered_at)
    yield from _sessions(line.id)
    yield from _usage(line.id)


def _pushes(line_id: UUID) -> Iterator[Step]:
    """Each receipt is a step: what was asked, sent, acknowledged and seen are not the same."""
    ends = {"in_effect": "in effect", "failed": "failed", "superseded": "superseded"}
    for row in EveryPush.objects.filter(line_id=line_id).order_by("push_id")[:_MOST]:
        receipts = (
            ("asked", row.asked_at),
            ("sent", row.sent_at),
            ("acknowledged", row.acknowledged_at),
            (ends.get(row.state, ""), row.ended_at),
        )
        for word, at in receipts:
            if word and at is not None:
                what = f"push {row.effect.replace('_', ' ')} by {row.means}: {word}"
                why = (row.evidence or row.result) if word in ends.values() else row.cause
                milestone = Milestone.PUSHED if word == "in effect" else None
                who = row.target_host or "network"
                yield Step(at, what, who, f"push {row.push_id}", why, "", milestone)


def _presence(core_id: UUID, imsi: str, *, first_at: datetime | None) -> Iterator[Step]:
    """The phone's registration is the one it has now; of the first one the line keeps when it was."""
    place = {"core_id": core_id, "imsi": imsi}
    card = EveryAuthentication.objects.filter(**place).first()
    if card is not None and card.first_requested_at is not None:
        yield Step(
            card.first_requested_at, "first authentication (AIR)", card.last_serving_node or "",
            f"authentication {imsi}", "", "", Milestone.AUTHENTICATED,
        )  # fmt: skip
    phone = EveryRegistration.objects.filter(**place).first()
    if first_at is not None and (phone is None or first_at < phone.registered_at):
        yield Step(
            first_at, "first registration (ULR)", "network", f"registration {imsi}", "", "",
            Milestone.REGISTERED,
        )  # fmt: skip
    if phone is not None:
        yield Step(
            phone.registered_at, "registered (ULR)", phone.mme_host, f"registration {imsi}",
            f"in {phone.visited_plmn}", "", Milestone.REGISTERED,
        )  # fmt: skip


def _sessions(line_id: UUID) -> Iterator[Step]:
    policy = EveryPolicySession.objects.filter(line_id=line_id).order_by("opened_at").first()
    if policy is not None:
        yield Step(
            policy.opened_at, f"first policy session for {policy.apn} (CCR-I of Gx)", policy.peer,
            f"session {policy.session_id}", "", "", Milestone.POLICY,
        )  # fmt: skip
    charging = EveryChargingSession.objects.filter(line_id=line_id).order_by("opened_at").first()
    if charging is not None:
        yield Step(
            charging.opened_at, f"first charging session for {charging.apn} (CCR-I of Gy)",
            charging.peer, f"session {charging.session_id}", "", "", Milestone.CHARGED,
        )  # fmt: skip


def _usage(line_id: UUID) -> Iterator[Step]:
    used = EveryLedger.objects.filter(line_id=line_id, used_units__gt=0).order_by("posted_at")
    entry = used.first()
    if entry is not None:
        yield Step(
            entry.posted_at, f"first usage: {entry.used_units} {entry.unit}", "network",
            f"ledger {entry.entry_id}", "", "", Milestone.USED,
        )  # fmt: skip
