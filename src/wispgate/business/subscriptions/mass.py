"""One act over many lines: asked for at once, done by the worker in batches, reported row by row.

Lines are chosen first (a draft, of which nothing is done), then it is said what to do to them. A
row's act and its outcome are one transaction: a worker that is killed leaves whole batches, and
the next one goes on behind them. Locks: the mass act's row, then its lines one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count, QuerySet

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.staff.masking import FieldKind
from wispgate.business.subscriptions.choosing import MOST_NAMED, Chosen, choose_from_file
from wispgate.business.subscriptions.mass_lifecycle import (
    UNDER_WAY,
    MassAction,
    MassState,
    actions_from,
    next_state,
)
from wispgate.business.subscriptions.massverbs import VERBS, find_verb, require_arguments
from wispgate.business.subscriptions.models import MassAct, MassRow, Subscription
from wispgate.kernel.errors import NotFound, WispgateError

__all__ = [
    "BATCH",
    "MASS",
    "MOST_NAMED",
    "REPORT_COLUMNS",
    "VERBS",
    "Chosen",
    "MassAction",
    "MassState",
    "actions_from",
    "begin",
    "choose",
    "choose_from_file",
    "discard",
    "foresee",
    "forget_drafts",
    "get_act",
    "list_acts",
    "list_rows",
    "report",
    "resume",
    "start",
    "stop",
    "work_off",
]

MASS = "subscription.mass"
# Rows of one transaction: how long their lines stay locked, and how much a kill takes back.
BATCH = 50
# A request for a second person waits for thirty days at most; what nobody confirmed is over then.
DRAFT_LASTS = timedelta(days=31)
# Rows that a report reads at a time.
_PAGE = 5_000

OutcomeOfRow = MassRow.Outcome


@dataclass(frozen=True, slots=True)
class Asker:
    """In whose right it is done, and their name."""

    person: str
    name: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What would come of it now: how many lines take it, and how many refuse it for what reason."""

    total: int
    fitting: int
    refused: Sequence[tuple[str, int]]


def choose(chosen: Chosen, *, source: str) -> MassAct:
    """A draft of those lines. `source` says in words where they are from. Raises NotFound."""
    guards.require(MASS)
    _require_lines(chosen)
    return _put_down(chosen, source)


def foresee(act_id: UUID, verb: str, given: Mapping[str, Any]) -> Foreseen:
    """Counts the act's lines by what they would answer; changes nothing."""
    known = find_verb(verb)
    require_arguments(known, given)
    act = get_act(act_id)
    lines = Subscription.objects.filter(id__in=act.rows.values("line_id"))
    total, refused = lines.count(), []
    for why, which in known.refusals(given):
        if count := lines.filter(which).count():
            refused.append((why, count))
        lines = lines.exclude(which)
    if gone := act.total - total:
        refused.append(("not yours to see any more", gone))
    return Foreseen(act.total, act.total - sum(count for _, count in refused), refused)


def start(
    act_id: UUID, verb: str, given: Mapping[str, Any], *, asker: Asker | None = None
) -> MassAct:
    """Says what is done to the lines of a draft; the worker does it. May need a second person.

    `asker`: who asked for what is approved now.
    """
    known = find_verb(verb)
    require_arguments(known, given)
    guards.require(MASS)
    guards.require(known.permission)
    who = asker or _acting()
    with _entering(act_id, MassAction.BEGIN) as act:
        states = _told_states(Subscription.objects.filter(id__in=act.rows.values("line_id")))
        arguments = {"act_id": str(act_id), "verb": verb, "given": dict(given), **asdict(who)}
        last = "The very lines that were chosen; each is asked again when its turn comes."
        approvals.require_second_person(
            _to_approve(verb, given, arguments, told=(act.total, states, last))
        )
        _say_what(act, verb, given, who)
    return act


def begin(
    verb: str, chosen: Chosen, given: Mapping[str, Any], *, asker: Asker | None = None
) -> UUID:
    """Chooses and starts in one. Raises NotFound where no line is chosen.

    May need a second person. Each line is asked for again when its turn comes.
    """
    known = find_verb(verb)
    require_arguments(known, given)
    guards.require(MASS)
    guards.require(known.permission)
    total = _require_lines(chosen)
    who = asker or _acting()
    arguments = {
        "verb": verb,
        "given": dict(given),
        "line_ids": [str(one) for one in chosen.line_ids],
        "chosen": _plain(chosen),
        **asdict(who),
    }
    states = _told_states(chosen.rows())
    last = "The lines are chosen again when it is approved."
    approvals.require_second_person(_to_approve(verb, given, arguments, told=(total, states, last)))
    with transaction.atomic():
        act = _put_down(chosen, _in_words(chosen))
        act.state = next_state(MassState(act.state), MassAction.BEGIN)
        _say_what(act, verb, given, who)
        act.save()
    return act.id


def stop(act_id: UUID) -> MassAct:
    """What is done stays done; the rest is left as it is, and can go on later."""
    with _entering(act_id, MassAction.STOP) as act:
        act.ended_at = scopes.current().now
    return act


def resume(act_id: UUID) -> MassAct:
    """Goes on with what was left when it was stopped."""
    with _entering(act_id, MassAction.RESUME) as act:
        guards.require(find_verb(act.verb).permission)
        act.ended_at = None
    return act


def discard(act_id: UUID) -> MassAct:
    """Forgets a choice of lines of which nothing was done."""
    with _entering(act_id, MassAction.DISCARD) as act:
        act.ended_at = scopes.current().now
    return act


def get_act(act_id: UUID) -> MassAct:
    act = MassAct.objects.filter(id=act_id).first()
    if act is None:
        raise NotFound("mass act", act_id)
    return act


def list_acts(
    *, after: UUID | None = None, limit: int = 50, states: Sequence[str] = ()
) -> Sequence[MassAct]:
    """The newest first; `after` is the last id of the page before."""
    acts = MassAct.objects.order_by("-id")
    if states:
        acts = acts.filter(state__in=states)
    return list((acts.filter(id__lt=after) if after else acts)[:limit])


def list_rows(
    act_id: UUID, *, outcome: str = "", after: int | None = None, limit: int = 50
) -> Sequence[MassRow]:
    """In the order in which they are done."""
    rows = get_act(act_id).rows.order_by("position").filter(position__gt=after or 0)
    return list((rows.filter(outcome=outcome) if outcome else rows)[:limit])


REPORT_COLUMNS = ("row", "line_id", "msisdn", "iccid", "outcome", "code", "why")


def report(act_id: UUID) -> Iterator[tuple[object, ...]]:
    """Every row with its line as it is called now, read a part at a time."""
    position = 0
    while rows := list_rows(act_id, after=position, limit=_PAGE):
        wanted = Subscription.objects.filter(id__in=[row.line_id for row in rows])
        named = {
            line_id: (guards.shown(FieldKind.MSISDN, msisdn), iccid or "")
            for line_id, msisdn, iccid in wanted.values_list("id", "msisdn", "sim__iccid")
        }
        for row in rows:
            called = named.get(row.line_id, ("", ""))
            yield (row.position, row.line_id, *called, row.outcome, row.code, row.why)
        position = rows[-1].position


def work_off(now: datetime, *, batch: int = BATCH) -> bool:
    """One batch of one act under way; whether there may be more. For the worker.

    An operator's acts are done one after another, as they were asked for; operators take turns.
    """
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        act = _next_act()
    if act is None:
        return False
    with scopes.within(_scope_of(act, now)):
        locked = MassAct.objects.select_for_update(skip_locked=True)
        mine = locked.filter(id=act.id, state__in=UNDER_WAY).first()
        if mine is not None:
            _do_batch(mine, now, batch)
    return mine is not None


def forget_drafts(now: datetime) -> int:
    """Ends choices that nobody confirmed; returns how many. For the worker."""
    with scopes.within(scopes.Scope(now=now, is_platform=True)):
        over = MassAct.objects.filter(state=MassState.DRAFT, created_at__lt=now - DRAFT_LASTS)
        found = list(over.order_by("id")[:_PAGE])
    for act in found:
        with scopes.within(_scope_of(act, now)), _entering(act.id, MassAction.DISCARD) as mine:
            mine.ended_at = now
    return len(found)


def _next_act() -> MassAct | None:
    """The oldest one of the operator that waited longest for its turn."""
    oldest: dict[UUID, MassAct] = {}
    for act in MassAct.objects.filter(state__in=UNDER_WAY).order_by("id")[:_PAGE]:
        oldest.setdefault(act.operator_id, act)
    return min(
        oldest.values(), key=lambda act: (act.worked_at or act.created_at, act.id), default=None
    )


@contextmanager
def _entering(act_id: UUID, action: MassAction) -> Iterator[MassAct]:
    """Locks an act, moves it along its table's arrow, and saves it when the block is through."""
    with transaction.atomic():
        guards.require(MASS)
        act = MassAct.objects.select_for_update().filter(id=act_id).first()
        if act is None:
            raise NotFound("mass act", act_id)
        act.state = next_state(MassState(act.state), action)
        yield act
        act.save()


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


def _do_batch(act: MassAct, now: datetime, batch: int) -> None:
    rows = list(act.rows.filter(outcome=OutcomeOfRow.WAITING).order_by("position")[:batch])
    with _in_the_right_of(act):
        for row in rows:
            _do(act, row)
    MassRow.objects.bulk_update(rows, ["outcome", "code", "why"])
    refused = sum(row.outcome == OutcomeOfRow.REFUSED for row in rows)
    act.refused += refused
    act.done += len(rows) - refused
    act.worked_at = now
    if act.state == MassState.QUEUED:
        act.state = next_state(MassState.QUEUED, MassAction.RUN)
        act.started_at = act.started_at or now
    if act.done + act.refused >= act.total:
        act.state, act.ended_at = next_state(MassState(act.state), MassAction.FINISH), now
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
            # A row is done once; the key is for what is charged beside it.
            VERBS[act.verb].perform(row.line_id, act.arguments, f"{act.id}:{row.line_id}")
    except WispgateError as error:
        row.outcome, row.code, row.why = OutcomeOfRow.REFUSED, error.code, error.message[:300]
    else:
        row.outcome = OutcomeOfRow.DONE


def _require_lines(chosen: Chosen) -> int:
    """How many they are."""
    total = chosen.rows().count()
    if not total:
        raise NotFound("line", "among those that were chosen")
    if missing := len(set(chosen.line_ids)) - total if chosen.line_ids else 0:
        raise NotFound("line", f"{missing} of those that were named")
    return total


_FILL = """
INSERT INTO subscriptions_massrow (id, operator_id, act_id, position, line_id, outcome, code, why)
SELECT gen_random_uuid(), %s, %s, row_number() OVER (ORDER BY found.id), found.id, 'waiting', '', ''
FROM ({chosen}) AS found(id)
"""


def _put_down(chosen: Chosen, source: str) -> MassAct:
    """A draft and its rows."""
    scope, who = scopes.current(), _acting()
    with transaction.atomic(), connection.cursor() as cursor:
        act = MassAct(
            id=ids.new_id(scope.now),
            operator_id=scopes.current_operator_id(),
            state=MassState.DRAFT,
            source=source[:200],
            person=who.person,
            asked_by=who.name,
            total=0,
            created_at=scope.now,
        )
        act.save(force_insert=True)
        query, values = chosen.rows().order_by().values("id").query.sql_with_params()
        cursor.execute(_FILL.format(chosen=query), [act.operator_id, act.id, *values])
        act.total = cursor.rowcount
        act.save(update_fields=["total"])
    return act


def _say_what(act: MassAct, verb: str, given: Mapping[str, Any], who: Asker) -> None:
    scope, doing = scopes.current(), _acting()
    act.verb, act.arguments, act.reason = verb, dict(given), scope.reason[:200]
    act.person, act.asked_by = who.person, who.name
    act.approved_by = doing.name if doing.person != who.person else ""


def _acting() -> Asker:
    principal = guards.acting()
    return Asker(principal.person if principal else "", scopes.current().actor.name)


def _plain(chosen: Chosen) -> dict[str, str]:
    """What the lines have in common."""
    return {
        name: str(value) for name, value in asdict(chosen).items() if value and name != "line_ids"
    }


def _in_words(chosen: Chosen) -> str:
    if chosen.line_ids:
        return "named one by one"
    return ", ".join(
        f"{name.removesuffix('_id')} {value}" for name, value in _plain(chosen).items()
    )


def _to_approve(
    verb: str,
    given: Mapping[str, Any],
    arguments: Mapping[str, Any],
    *,
    told: tuple[int, str, str],
) -> Asked:
    """`told`: how many lines, their states, and which lines it will be."""
    total, states, last = told
    details = ", ".join(f"{name} {value}" for name, value in sorted(given.items()) if value)
    does = verb.replace("_", " ")
    return Asked(
        act=MASS,
        arguments=arguments,
        title=f"{does.capitalize()} {total} line{'' if total == 1 else 's'}",
        words=[
            f"Now: {states}.",
            f"Then: {does} each of them{f' ({details})' if details else ''}, where it can be.",
            last,
        ],
        object_type="subscriptions_massact",
        object_id=str(arguments.get("act_id", "")),
    )


def _told_states(lines: QuerySet[Subscription]) -> str:
    counted = lines.order_by("state").values_list("state").annotate(Count("pk"))
    return ", ".join(f"{count} {state}" for state, count in counted)


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [Act(MASS, "Act on many lines at once", MASS, _approved)]


def _approved(given: Arguments) -> None:
    asker = Asker(given["person"], given["name"])
    if "act_id" in given:
        start(UUID(given["act_id"]), given["verb"], given["given"], asker=asker)
        return
    plain = dict(given["chosen"])
    for name in ("plan_id", "subscriber_id"):
        if name in plain:
            plain[name] = UUID(plain[name])
    named = [UUID(one) for one in given["line_ids"]]
    begin(given["verb"], Chosen(line_ids=named, **plain), given["given"], asker=asker)
