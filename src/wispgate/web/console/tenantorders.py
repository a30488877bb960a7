"""What the platform can order about an operator: made, suspended, resumed, under a host, deleted."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from wispgate.business.operators import queries as operators
from wispgate.business.operators import services as operator_services
from wispgate.business.operators import tenants
from wispgate.business.operators.models import Operator, OperatorSuspension
from wispgate.business.tenants import services
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted

_NO_MONEY = ["Nothing is charged or credited."]
_NOBODY = ["No subscriber is told."]


def _hosts() -> tuple[Option, ...]:
    found = [one for one in operators.list_operators() if one.kind != Operator.Kind.MVNO]
    return (Option("", "nobody"), *(Option(one.slug, one.name) for one in found))


def _fields_of_new(_shown: Any) -> Sequence[Field]:
    kinds = tuple(Option(value, label) for value, label in Operator.Kind.choices)
    return [
        Field(name="slug", label="Short name", hint="Small letters, digits, hyphens; it stays."),
        Field(name="name", label="Name"),
        Field(name="kind", label="Kind", kind="select", value="mno", options=kinds),
        Field(name="host", label="Host", kind="select", options=_hosts(), is_required=False),
        Field(name="currency", label="Currency", hint="Three letters, such as EUR."),
        Field(name="time_zone", label="Time zone", value="UTC", hint="Such as Europe/Berlin."),
    ]


def _create(_shown: Any, reader: Reader) -> Prepared | None:
    given = {
        name: reader.text(name)
        for name in ("slug", "name", "kind", "host", "currency", "time_zone")
    }
    reader.read("time_zone", _time_zone, "")
    reader.read("currency", _currency, "")
    for name in ("slug", "name"):
        if not given[name]:
            reader.errors[name] = "this is needed"
    if reader.errors:
        return None
    return Prepared(
        button=f"Make {given['name']}",
        done=f"{given['name']} is there.",
        network=["Nothing changes in the network until a core serves it."],
        money=_NO_MONEY,
        messages=["Nobody is told. Its first administrator is made on the staff page."],
        perform=lambda _key: operator_services.create_operator(**given),
    )


def _time_zone(text: str) -> str:
    tenants.require_time_zone(text)
    return text


def _currency(text: str) -> str:
    tenants.require_currency(text)
    return text


def _suspend_fields(shown: Any) -> Sequence[Field]:
    there = {one.reason for one in shown.suspensions}
    left = [one for one in OperatorSuspension.Reason.choices if one[0] not in there]
    options = tuple(Option(value, label) for value, label in left)
    return [Field(name="reason", label="Because of", kind="select", options=options)]


def _suspend(shown: Any, reader: Reader) -> Prepared | None:
    reason = reader.text("reason")
    if reason not in OperatorSuspension.Reason.values:
        reader.errors["reason"] = "choose a reason"
        return None
    slug, lines = shown.operator.slug, counted(shown.lines_on, "active line")
    off = [
        f"{lines} {'goes' if shown.lines_on == 1 else 'go'} off: sessions are ended, attaches refused.",
        "Its staff are logged out and its tokens refused.",
    ]
    return Prepared(
        button=f"Suspend {shown.operator.name}",
        done=f"{shown.operator.name} is suspended.",
        network=["Its lines are off already."] if shown.suspensions else off,
        money=["Nothing is charged or credited; plans go on running."],
        messages=_NOBODY,
        perform=lambda _key: services.suspend(slug, reason=reason, note=reader.text("note")),
    )


def _resume_fields(shown: Any) -> Sequence[Field]:
    options = tuple(Option(one.reason, one.get_reason_display()) for one in shown.suspensions)
    return [Field(name="reason", label="No more for", kind="select", options=options)]


def _resume(shown: Any, reader: Reader) -> Prepared | None:
    reason = reader.text("reason")
    if reason not in {one.reason for one in shown.suspensions}:
        reader.errors["reason"] = "choose one that is there"
        return None
    slug, is_last = shown.operator.slug, len(shown.suspensions) == 1
    return Prepared(
        button=f"Resume {shown.operator.name}" if is_last else "Lift this reason",
        done=f"{shown.operator.name} is on again." if is_last else "One reason is lifted.",
        network=["Lines without a reason of their own come back as phones are seen."]
        if is_last
        else ["It stays off: there are other reasons."],
        money=_NO_MONEY,
        messages=_NOBODY,
        perform=lambda _key: services.resume(slug, reason=reason),
    )


def _host_fields(shown: Any) -> Sequence[Field]:
    return [
        Field(
            name="host", label="Host", kind="select", options=_hosts(), value=shown.host,
            is_required=False,
        )
    ]  # fmt: skip


def _set_host(shown: Any, reader: Reader) -> Prepared | None:
    host, slug = reader.text("host"), shown.operator.slug
    return Prepared(
        button=f"Hang {shown.operator.name} under {host or 'nobody'}",
        done=f"{shown.operator.name} hangs under {host or 'nobody'}.",
        network=["Nothing changes in the network."],
        money=_NO_MONEY,
        messages=[
            "Its host sees how many SIMs, numbers and lines it has, and what they use; no customer.",
        ],
        perform=lambda _key: tenants.set_host(slug, host=host),
    )


def _delete_fields(shown: Any) -> Sequence[Field]:
    hint = f"Type {shown.operator.slug} to say that you mean it."
    fields = [Field(name="typed_slug", label="Its short name", hint=hint)]
    if not shown.suspensions or shown.sessions:
        label = f"Also while it is on{_online(shown)}"
        fields.append(Field(name="is_forced", label=label, kind="check", is_required=False))
    return fields


def _online(shown: Any) -> str:
    sessions = counted(shown.sessions, "session")
    return f" and {sessions} of its phones are open" if shown.sessions else ""


def _delete(shown: Any, reader: Reader) -> Prepared | None:
    slug, typed = shown.operator.slug, reader.text("typed_slug")
    is_forced = bool(reader.text("is_forced"))
    if typed != slug:
        reader.errors["typed_slug"] = f"this is not {slug}"
        return None
    return Prepared(
        button=f"Delete {shown.operator.name} for good",
        done=f"{shown.operator.name} is being deleted: how far it is stands here.",
        network=[
            f"{counted(shown.lines, 'line')} and {counted(shown.sims, 'SIM')} are gone for good.",
            "Cores that serve nobody else are gone with it.",
        ],
        money=["Wallets and the whole ledger are gone. Export it first: there is no way back."],
        messages=[
            "Nobody is told. That it was deleted, and by whom, stays in the platform's audit."
        ],
        perform=lambda _key: services.begin_deletion(slug, typed_slug=typed, is_forced=is_forced),
        obstacle=_obstacle_to_deletion(shown, is_forced=is_forced),
    )


def _obstacle_to_deletion(shown: Any, *, is_forced: bool) -> str:
    if shown.mvnos:
        return f"it is the host of {', '.join(shown.mvnos)}: free or delete them first"
    if is_forced:
        return ""
    if not shown.suspensions:
        return "it is on: suspend it first"
    live = f"{counted(shown.sessions, 'session')} of its phones are open: wait until they end"
    return live if shown.sessions else ""


CREATE = Order(
    name="create", permission="operator.create", verb="New operator", icon="add",
    is_possible=lambda _shown: True, fields=_fields_of_new, prepare=_create,
)  # fmt: skip

_ROWS = (
    Order(
        name="suspend", permission="operator.suspend", verb="Suspend", icon="pause_circle",
        is_possible=lambda shown: len(shown.suspensions) < len(OperatorSuspension.Reason.values),
        fields=_suspend_fields, prepare=_suspend, is_harmful=True,
    ),
    Order(
        name="resume", permission="operator.resume", verb="Resume", icon="play_circle",
        is_possible=lambda shown: bool(shown.suspensions) and not shown.deletion,
        fields=_resume_fields, prepare=_resume,
    ),
    Order(
        name="host", permission="operator.host", verb="Change host", icon="lan",
        is_possible=lambda shown: shown.operator.kind == Operator.Kind.MVNO,
        fields=_host_fields, prepare=_set_host,
    ),
    Order(
        name="delete", permission="operator.delete", verb="Delete", icon="delete_forever",
        is_possible=lambda shown: not shown.deletion,
        fields=_delete_fields, prepare=_delete, is_harmful=True,
    ),
)  # fmt: skip

ORDERS: Mapping[str, Order] = MappingProxyType({row.name: row for row in _ROWS})
