"""One act over many lines: asked for at once, done by the worker in batches, reported row by row.

A row's act and its outcome are one transaction: a worker that is killed leaves whole batches, and
the next one goes on behind them. Locks: the mass act's row, then its lines one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.subscriptions import services
from wispgate.business.subscriptions.errors import HasNoSim
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.models import MassAct, MassRow, Subscription
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound, WispgateError

MASS = "subscription.mass"
# Named one by one in a request; more is chosen by what they have in common.
MOST_NAMED = 10_000
# Rows of one transaction: how long their lines stay locked, and how much a kill takes back.
BATCH = 50

OutcomeOfRow, StateOfAct = MassRow.Outcome, MassAct.State


@dataclass(frozen=True, slots=True)
class Verb:
    """What is done to each line, the permission that it takes, and the arguments it has."""

    permission: str
    perform: Callable[[UUID, Mapping[str, Any]], None]
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


def _retire_card(line_id: UUID, _given: Mapping[str, Any]) -> None:
    line = Subscription.objects.select_related("sim").filter(id=line_id).first()
    if line is None:
        raise NotFound("sub-service", line_id)
    if line.sim is None:
        raise HasNoSim("the sub-service has no card")
    services.retire_sim(line.sim.iccid)


_REASON = frozenset({"reason"})
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "suspend": Verb(
            "subscription.suspend",
            lambda line_id, given: services.suspend(line_id, **given),
            takes=frozenset({"reason", "kind", "note"}),
            needs=_REASON,
        ),
        "resume": Verb(
            "subscription.resume",
            lambda line_id, given: services.resume(line_id, **given),
            takes=_REASON,
            needs=_REASON,
        ),
        "terminate": Verb(
            "subscription.terminate", lambda line_id, _given: services.terminate(line_id)
        ),
        "retire_sim": Verb("sim.retire", _retire_card),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which lines: those that are named, or all that have everything in common that is said."""

    line_ids: Sequence[UUID] = ()
    state: str = ""
    plan_id: UUID | None = None
    subscriber_id: UUID | None = None
    dealer: str = ""

    def __post_init__(self) -> None:
        common = any((self.state, self.plan_id, self.subscriber_id, self.dealer))
        if bool(self.line_ids) == common:
            raise InvalidValue("name lines, or say what they have in common: one of the two")
        if len(self.line_ids) > MOST_NAMED:
            raise InvalidValue(f"{MOST_NAMED} lines at most are named", field="line_ids")
        if self.state and self.state not in list(SubscriptionState):
            raise InvalidValue(f"no such state: {self.state!r}", field="state")

    def rows(self) -> QuerySet[Subscription]:
        """Lines that are over are chosen by name only."""
        if self.line_ids:
            return Subscription.objects.filter(id__in=self.line_ids)
        found = Subscription.objects.all()
        if self.state != SubscriptionState.TERMINATED:
            found = found.exclude(state=SubscriptionState.TERMINATED)
        wanted = {
            "state": self.state,
            "plan_id": self.plan_id,
            "subscriber_id": self.subscriber_id,
            "subscriber__dealer": self.dealer,
        }
        return found.filter(**{name: value for name, value in wanted.items() if value})


def begin(verb: str, chosen: Chosen, given: Mapping[str, Any]) -> UUID:
    """Puts the act down for the worker. Raises NotFound where no line is chosen.

    May need a second person. Each line is asked for again when its turn comes.
    """
    known = VERBS.get(verb)
    if known is None:
        raise InvalidValue(f"one of {', '.join(VERBS)}", field="verb")
    _require_arguments(known, given)
    guards.require(MASS)
    guards.require(known.permission)
    total = chosen.rows().count()
    if not total:
        raise NotFound("line", "among those that were chosen")
    if missing := len(set(chosen.line_ids)) - total if chosen.line_ids else 0:
        raise NotFound("line", f"{missing} of those that were named")
    approvals.require_second_person(_to_approve(verb, chosen, given, total))
    return _put_down(verb, chosen, given)


def stop(act_id: UUID) -> MassAct:
    """What is done stays done; the rest is left as it is."""
    with transaction.atomic():
        guards.require(MASS)
        act = MassAct.objects.select_for_update().filter(id=act_id).first()
        if act is None:
            raise NotFound("mass act", act_id)
        if act.state != StateOfAct.QUEUED:
            raise IllegalTransition("mass act", state=act.state, action="stop")
        act.state, act.ended_at = StateOfAct.STOPPED, scopes.current().now
        act.save(update_fields=["state", "ended_at"])
    return act


def get_act(act_id: UUID) -> MassAct:
    act = MassAct.objects.filter(id=act_id).first()
    if act is None:
        raise NotFound("mass act", act_id)
    return act


def list_acts(*, after: UUID | None = None, limit: int = 50) -> Sequence[MassAct]:
    """The newest first; `after` is the last id of the page before."""
    acts = MassAct.objects.order_by("-id")
    return list((acts.filter(id__lt=after) if after else acts)[:limit])


def list_rows(
    act_id: UUID, *, outcome: str = "", after: int | None = None, limit: int = 50
) -> Sequence[MassRow]:
    """In the order in which they are done."""
    rows = get_act(act_id).rows.order_by("position").filter(position__gt=after or 0)
    return list((rows.filter(outcome=outcome) if outcome else rows)[:limit])


def work_off(now: datetime) -> bool:
    """One batch of the oldest act under way; whether there may be more. For the worker."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        act = MassAct.objects.filter(state=StateOfAct.QUEUED).order_by("id").first()
    if act is None:
        return False
    with scopes.within(_scope_of(act, now)):
        locked = MassAct.objects.select_for_update(skip_locked=True)
        mine = locked.filter(id=act.id, state=StateOfAct.QUEUED).first()
        if mine is not None:
            _do_batch(mine, now)
    return mine is not None


def _scope_of(act: MassAct, now: datetime) -> scopes.Scope:
    """Everything of one act has the act's id in the audit, and the name of who asked for it."""
    kind = act.person.partition(":")[0] or scopes.SYSTEM.kind
    return scopes.Scope(
        now=now,
        actor=scopes.Actor(kind, act.asked_by),
        operator_id=act.operator_id,
        request_id=str(act.id),
        reason=act.reason,
    )


def _do_batch(act: MassAct, now: datetime) -> None:
    rows = list(act.rows.filter(outcome=OutcomeOfRow.WAITING).order_by("position")[:BATCH])
    with _in_the_right_of(act):
        for row in rows:
            _do(act, row)
    MassRow.objects.bulk_update(rows, ["outcome", "code", "why"])
    refused = sum(row.outcome == OutcomeOfRow.REFUSED for row in rows)
    act.refused += refused
    act.done += len(rows) - refused
    if act.done + act.refused >= act.total:
        act.state, act.ended_at = StateOfAct.DONE, now
    act.save()


def _in_the_right_of(act: MassAct) -> Any:
    """What its person may do by now; a command's and the system's own act asks nobody."""
    scope = scopes.current()
    if not act.person:
        return scopes.within(scope)
    return scopes.within(replace(scope, authority=staff.find_principal(act.person)))


def _do(act: MassAct, row: MassRow) -> None:
    try:
        with transaction.atomic():
            if act.person and guards.acting() is None:
                raise PermissionMissing(MASS)
            guards.require(MASS)
            VERBS[act.verb].perform(row.line_id, act.arguments)
    except WispgateError as error:
        row.outcome, row.code, row.why = OutcomeOfRow.REFUSED, error.code, error.message[:300]
    else:
        row.outcome = OutcomeOfRow.DONE


def _require_arguments(verb: Verb, given: Mapping[str, Any]) -> None:
    if unknown := sorted(given.keys() - verb.takes):
        raise InvalidValue("this verb does not take it", field=unknown[0])
    if missing := sorted(verb.needs - given.keys()):
        raise InvalidValue("this verb needs it", field=missing[0])
    for name, choices in (
        ("reason", services.SuspensionReason.values),
        ("kind", services.SuspensionKind.values),
    ):
        if name in given and given[name] not in choices:
            raise InvalidValue(f"one of {', '.join(choices)}", field=name)


_FILL = """
INSERT INTO subscriptions_massrow (id, operator_id, act_id, position, line_id, outcome, code, why)
SELECT gen_random_uuid(), %s, %s, row_number() OVER (ORDER BY found.id), found.id, 'waiting', '', ''
FROM ({chosen}) AS found(id)
"""


def _put_down(verb: str, chosen: Chosen, given: Mapping[str, Any]) -> UUID:
    scope, principal = scopes.current(), guards.acting()
    with transaction.atomic(), connection.cursor() as cursor:
        act = MassAct(
            id=ids.new_id(scope.now),
            operator_id=scopes.current_operator_id(),
            verb=verb,
            arguments=dict(given),
            reason=scope.reason[:200],
            person=principal.person if principal else "",
            asked_by=scope.actor.name,
            total=0,
            created_at=scope.now,
        )
        act.save(force_insert=True)
        query, values = chosen.rows().order_by().values("id").query.sql_with_params()
        cursor.execute(_FILL.format(chosen=query), [act.operator_id, act.id, *values])
        act.total = cursor.rowcount
        act.save(update_fields=["total"])
    return act.id


def _to_approve(verb: str, chosen: Chosen, given: Mapping[str, Any], total: int) -> Asked:
    states = ", ".join(f"{n} {state}" for state, n in _count_states(chosen))
    told = ", ".join(f"{name} {value}" for name, value in sorted(given.items()) if value)
    plain = {
        name: str(value) for name, value in asdict(chosen).items() if value and name != "line_ids"
    }
    return Asked(
        act=MASS,
        arguments={
            "verb": verb,
            "given": dict(given),
            "line_ids": [str(one) for one in chosen.line_ids],
            "chosen": plain,
        },
        title=f"{verb.replace('_', ' ').capitalize()} {total} lines",
        words=[
            f"Now: {states}.",
            f"Then: {verb.replace('_', ' ')} each of them{f' ({told})' if told else ''}, where it can be.",
            "The lines are chosen again when it is approved.",
        ],
        object_type="subscriptions_massact",
    )


def _count_states(chosen: Chosen) -> Sequence[tuple[str, int]]:
    counts: dict[str, int] = {}
    for state in chosen.rows().values_list("state", flat=True):
        counts[state] = counts.get(state, 0) + 1
    return sorted(counts.items())


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [Act(MASS, "Act on many lines at once", MASS, _approved)]


def _approved(given: Arguments) -> None:
    plain = dict(given["chosen"])
    for name in ("plan_id", "subscriber_id"):
        if name in plain:
            plain[name] = UUID(plain[name])
    named = [UUID(one) for one in given["line_ids"]]
    begin(given["verb"], Chosen(line_ids=named, **plain), given["given"])
