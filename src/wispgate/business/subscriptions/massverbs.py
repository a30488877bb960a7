"""What can be done to many lines: each verb's permission, arguments, call, and who would refuse it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Q

from wispgate.business.catalogue import queries as catalogue
from wispgate.business.subscriptions import services
from wispgate.business.subscriptions.errors import HasNoSim
from wispgate.business.subscriptions.lifecycle import (
    SubscriptionAction,
    SubscriptionState,
    actions_from,
)
from wispgate.business.subscriptions.models import Subscription
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.restrictions import RestrictionName
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.units import parse_bps

Given = Mapping[str, Any]
# Why lines would refuse it, and which.
Refusals = Sequence[tuple[str, Q]]


@dataclass(frozen=True, slots=True)
class Verb:
    """`perform` gets the line, the arguments, and a key that is the same at a repetition."""

    permission: str
    perform: Callable[[UUID, Given, str], object]
    refusals: Callable[[Given], Refusals]
    takes: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()


def find_verb(name: str) -> Verb:
    known = VERBS.get(name)
    if known is None:
        raise InvalidValue(f"one of {', '.join(VERBS)}", field="verb")
    return known


def require_arguments(verb: Verb, given: Given) -> None:
    if unknown := sorted(given.keys() - verb.takes):
        raise InvalidValue("this verb does not take it", field=unknown[0])
    if missing := sorted(verb.needs - given.keys()):
        raise InvalidValue("this verb needs it", field=missing[0])
    for name, choices in (
        ("reason", services.SuspensionReason.values),
        ("kind", services.SuspensionKind.values),
        ("profile", list(RestrictionName)),
    ):
        if name in given and given[name] not in choices:
            raise InvalidValue(f"one of {', '.join(choices)}", field=name)
    _require_restriction(given)
    if "plan" in given:
        catalogue.get_plan_for_sale(given["plan"])


def _require_restriction(given: Given) -> None:
    """What one of the restrictions needs, and the others do not take."""
    if _speed(given) is not None and given.get("profile") != RestrictionName.SLOW:
        raise InvalidValue("only the restriction slow has speeds", field="speed_down")
    page = given.get("page", "")
    if page and given.get("profile") != RestrictionName.WALLED_GARDEN:
        raise InvalidValue("only a walled garden has a page", field="page")
    if page and not page.startswith(("http://", "https://")):
        raise InvalidValue("a page begins with http:// or https://", field="page")


def _speed(given: Given) -> Speed | None:
    """Both ways, as people write them: 64 kbit/s."""
    up, down = given.get("speed_up", ""), given.get("speed_down", "")
    if not up and not down:
        return None
    if not up or not down:
        raise InvalidValue(
            "a speed has two ways: up and down", field="speed_down" if up else "speed_up"
        )
    return Speed(_bps(up, "speed_up"), _bps(down, "speed_down"))


def _bps(text: str, field: str) -> int:
    try:
        bps = parse_bps(text)
    except InvalidValue as error:
        raise InvalidValue(error.message, field=field) from None
    if bps < 1:
        raise InvalidValue("a speed, such as 64 kbit/s", field=field)
    return bps


def _suspend(line_id: UUID, given: Given, _key: str) -> None:
    services.suspend(line_id, **given)


def _resume(line_id: UUID, given: Given, _key: str) -> None:
    services.resume(line_id, **given)


def _restrict(line_id: UUID, given: Given, _key: str) -> None:
    services.restrict(
        line_id,
        profile=given["profile"],
        reason=given["reason"],
        note=given.get("note", ""),
        speed=_speed(given),
        walled_garden_url=given.get("page", ""),
    )


def _unrestrict(line_id: UUID, given: Given, _key: str) -> None:
    services.unrestrict(line_id, **given)


def _change_plan(line_id: UUID, given: Given, key: str) -> None:
    services.change_plan(line_id, code=given["plan"], key=key)


def _retire_card(line_id: UUID, _given: Given, _key: str) -> None:
    line = Subscription.objects.select_related("sim").filter(id=line_id).first()
    if line is None:
        raise NotFound("sub-service", line_id)
    if line.sim is None:
        raise HasNoSim("the sub-service has no card")
    services.retire_sim(line.sim.iccid)


def _not_from(action: SubscriptionAction) -> tuple[str, Q]:
    """Lines whose state has no arrow for it."""
    fitting = [state for state in SubscriptionState if action in actions_from(state)]
    return f"neither {' nor '.join(fitting)}" if len(fitting) > 1 else f"not {fitting[0]}", ~Q(
        state__in=fitting
    )


_OVER = ("terminated", Q(state=SubscriptionState.TERMINATED))


def _has_restriction(given: Given) -> Q:
    return Q(restrictions__contains=[{"profile": given["profile"], "reason": given["reason"]}])


_REASON = frozenset({"reason"})
_PROFILE = frozenset({"reason", "profile"})
VERBS: Mapping[str, Verb] = MappingProxyType(
    {
        "suspend": Verb(
            "subscription.suspend",
            _suspend,
            lambda given: (
                _not_from(SubscriptionAction.SUSPEND),
                ("suspended for that reason already", Q(suspensions__reason=given["reason"])),
            ),
            takes=frozenset({"reason", "kind", "note"}),
            needs=_REASON,
        ),
        "resume": Verb(
            "subscription.resume",
            _resume,
            lambda given: (
                _not_from(SubscriptionAction.RESUME),
                ("suspended for other reasons only", ~Q(suspensions__reason=given["reason"])),
            ),
            takes=_REASON,
            needs=_REASON,
        ),
        "restrict": Verb(
            "subscription.suspend",
            _restrict,
            lambda given: (_OVER, ("restricted that way already", _has_restriction(given))),
            takes=_PROFILE | {"note", "speed_up", "speed_down", "page"},
            needs=_PROFILE,
        ),
        "unrestrict": Verb(
            "subscription.resume",
            _unrestrict,
            lambda given: (("not restricted that way", ~_has_restriction(given)),),
            takes=_PROFILE,
            needs=_PROFILE,
        ),
        "change_plan": Verb(
            "subscription.plan",
            _change_plan,
            lambda _given: (_OVER,),
            takes=frozenset({"plan"}),
            needs=frozenset({"plan"}),
        ),
        "activate": Verb(
            "subscription.activate",
            lambda line_id, _given, _key: services.activate(line_id),
            lambda _given: (_not_from(SubscriptionAction.ACTIVATE),),
        ),
        "retire_sim": Verb(
            "sim.retire", _retire_card, lambda _given: (("without a SIM", Q(sim__isnull=True)),)
        ),
        "terminate": Verb(
            "subscription.terminate",
            lambda line_id, _given, _key: services.terminate(line_id),
            lambda _given: (_OVER,),
        ),
    }
)
