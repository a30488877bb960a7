"""What can be ordered of a mass act: what is done to chosen lines, stopping it, going on."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from wispgate.business.subscriptions import mass
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.web.console import reads
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.restrictionorders import PROFILES
from wispgate.web.console.wording import counted, grouped

_REASONS = [Option(value, label) for value, label in subscriptions.SuspensionReason.choices]
_NOTHING_PAID = ("Nothing is charged or credited.",)
_KEPT = "What was done stays done."

# Of each verb: the button, its icon, what the network does, what moves, what people are told.
_TOLD = "Each subscriber gets a message that says so."
_UNTOLD = "Nobody is told."
_EFFECTS: Mapping[str, tuple[str, str, Sequence[str], Sequence[str], str]] = MappingProxyType(
    {
        "suspend": (
            "Suspend", "pause_circle",
            ["Hard: the HSS refuses the phones at their next attach; soft: they attach and get no session.",
             "Phones that are on learn of it by pushes, as fast as their nodes take them."],
            _NOTHING_PAID, _TOLD,
        ),
        "resume": (
            "Resume", "play_circle",
            ["The reason is lifted; a line comes back with its last one.",
             "Some phones stay silent until they are switched off and on."],
            _NOTHING_PAID, _TOLD,
        ),
        "restrict": (
            "Restrict", "do_not_disturb_on",
            ["The lines stay on; what they have open learns of it by pushes."], _NOTHING_PAID, _UNTOLD,
        ),
        "unrestrict": (
            "Lift a restriction on", "check_circle",
            ["That restriction is lifted by pushes; others go on to hold."], _NOTHING_PAID, _UNTOLD,
        ),
        "change_plan": (
            "Change the plan of", "sell",
            ["The new plan rules by a push; allowances of the old one end, those of the new one begin."],
            ["Lines that are on pay the new plan out of their wallets at once.",
             "A line whose wallet has too little is refused and keeps its plan."], _TOLD,
        ),
        "activate": (
            "Activate", "play_circle",
            ["The HSS answers for the SIMs from now on: the phones can attach."],
            ["Plans are paid out of the wallets; a line whose wallet has too little is refused."],
            _UNTOLD,
        ),
        "retire_sim": (
            "Retire the SIMs of", "block",
            ["The SIMs never come back into service: this cannot be undone.",
             "The lines stay, without SIM; their numbers are released."], _NOTHING_PAID, _UNTOLD,
        ),
        "terminate": (
            "Terminate", "cancel",
            ["The lines end for good: this cannot be undone.",
             "SIMs in use are retired, those never used go back into stock; numbers are released."],
            ["Nothing is paid back; the wallets stay as they are."], _UNTOLD,
        ),
    }
)  # fmt: skip
_HARMFUL = ("suspend", "restrict", "retire_sim", "terminate")
DONE: Mapping[str, str] = MappingProxyType(
    {
        "suspend": "Suspend",
        "resume": "Resume",
        "restrict": "Restrict",
        "unrestrict": "Lift a restriction",
        "change_plan": "Change plan",
        "activate": "Activate",
        "retire_sim": "Retire SIMs",
        "terminate": "Terminate",
    }
)


def _reason(label: str = "Reason") -> Field:
    return Field(name="reason", label=label, kind="select", value="operator", options=_REASONS)


def _profile() -> Field:
    profiles = [Option(name, label) for name, (label, _does) in PROFILES.items()]
    return Field(name="profile", label="Restriction", kind="select", value="slow", options=profiles)


def _suspend_fields(act: Any) -> Sequence[Field]:
    kinds = (
        Option("hard", "Hard", "refused at attach"),
        Option("soft", "Soft", "attaches, gets no session"),
    )
    return [
        _reason(),
        Field(name="kind", label="Kind", kind="choice", options=kinds,
              value=act.operator.usual_suspension),
    ]  # fmt: skip


def _restrict_fields(_act: Any) -> Sequence[Field]:
    hint = "Both ways, of the restriction slow; such as 64 kbit/s."
    return [
        _profile(),
        _reason("For"),
        Field(name="speed_down", label="Speed down", is_required=False, hint=hint),
        Field(name="speed_up", label="Speed up", is_required=False),
        Field(name="page", label="Page of the walled garden", is_required=False,
              hint="With https:// in front."),
    ]  # fmt: skip


def _plan_fields(_act: Any) -> Sequence[Field]:
    on_sale = {
        version.plan.code: version.name
        for version in reads.list_plan_versions()
        if version.state == "active"
    }
    options = [Option(code, f"{name} ({code})") for code, name in sorted(on_sale.items())]
    if not options:
        return [Field(name="plan", label="Code of the plan", hint="No plan is on sale now.")]
    first = options[0].value
    return [Field(name="plan", label="Plan", kind="select", value=first, options=options)]


_FIELDS: Mapping[str, Callable[[Any], Sequence[Field]]] = MappingProxyType(
    {
        "suspend": _suspend_fields,
        "resume": lambda _act: [_reason()],
        "restrict": _restrict_fields,
        "unrestrict": lambda _act: [_profile(), _reason("For")],
        "change_plan": _plan_fields,
    }
)


def _prepare(verb: str) -> Callable[[Any, Reader], Prepared | None]:
    def prepare(act: Any, reader: Reader) -> Prepared | None:
        asked = {field.name: reader.text(field.name) for field in _fields(verb, act)}
        given = {name: value for name, value in asked.items() if value}
        try:
            foreseen = mass.foresee(act.id, verb, given)
        except InvalidValue as error:
            if error.field not in asked:
                raise
            reader.errors[error.field] = error.message
            return None
        except NotFound as error:
            reader.errors["plan"] = error.message
            return None
        return _prepared(act, verb, given, foreseen)

    return prepare


def _prepared(act: Any, verb: str, given: Mapping[str, str], foreseen: mass.Foreseen) -> Prepared:
    button, _icon, network, money, told = _EFFECTS[verb]
    lines = counted(foreseen.fitting, "line")
    expected = [f"{lines} of {grouped(foreseen.total)} will take it, as they are now."]
    expected += [
        f"{counted(count, 'line')} will be refused and left as {'it is' if count == 1 else 'they are'}: {why}."
        for why, count in foreseen.refused
    ]
    return Prepared(
        button=f"{button} {lines}",
        done=f"Begun: {DONE[verb].lower()}, {counted(foreseen.total, 'line')}.",
        network=[*expected, *network],
        money=money,
        messages=[told],
        perform=lambda _key: mass.start(act.id, verb, given),
        obstacle="" if foreseen.fitting else "No line would take it: there is nothing to do",
    )


def _fields(verb: str, act: Any) -> Sequence[Field]:
    return _FIELDS[verb](act) if verb in _FIELDS else ()


def _begin(verb: str) -> Order:
    icon = _EFFECTS[verb][1]
    return Order(
        name=verb,
        permission=mass.VERBS[verb].permission,
        verb=DONE[verb],
        icon=icon,
        is_possible=_can(mass.MassAction.BEGIN),
        fields=lambda act: _fields(verb, act),
        prepare=_prepare(verb),
        is_harmful=verb in _HARMFUL,
    )


def _can(action: mass.MassAction) -> Callable[[Any], bool]:
    return lambda act: action in mass.actions_from(mass.MassState(act.state))


def _stop(act: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button=f"Stop with {counted(act.left, 'line')} left",
        done=f"Stopped. {_KEPT}",
        network=[f"{counted(act.left, 'line')} that wait are left as they are. {_KEPT}"],
        money=_NOTHING_PAID,
        messages=[_UNTOLD],
        perform=lambda _key: mass.stop(act.id),
    )


def _resume(act: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button=f"Go on with {counted(act.left, 'line')}",
        done="It goes on.",
        network=[f"{DONE[act.verb]}: {counted(act.left, 'line')} that were left, each as it is by then."],
        money=_EFFECTS[act.verb][3],
        messages=[_EFFECTS[act.verb][4]],
        perform=lambda _key: mass.resume(act.id),
    )  # fmt: skip


def _discard(act: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button=f"Forget the choice of {counted(act.total, 'line')}",
        done="Forgotten. Nothing was done to any line.",
        network=["Nothing is done to any line."],
        money=_NOTHING_PAID,
        messages=[_UNTOLD],
        perform=lambda _key: mass.discard(act.id),
    )


_LIFE = (
    Order(name="stop", permission=mass.MASS, verb="Stop", icon="stop_circle",
          is_possible=_can(mass.MassAction.STOP), prepare=_stop, is_harmful=True),
    Order(name="go_on", permission=mass.MASS, verb="Go on", icon="play_circle",
          is_possible=_can(mass.MassAction.RESUME), prepare=_resume),
    Order(name="discard", permission=mass.MASS, verb="Forget the choice", icon="delete",
          is_possible=_can(mass.MassAction.DISCARD), prepare=_discard),
)  # fmt: skip

BEGINNINGS: Mapping[str, Order] = MappingProxyType({verb: _begin(verb) for verb in mass.VERBS})
LIFE: Mapping[str, Order] = MappingProxyType({order.name: order for order in _LIFE})
ORDERS: Mapping[str, Order] = MappingProxyType({**BEGINNINGS, **LIFE})
