"""A new subscriber, and a new line with its SIM, number and plan, activated at once if wanted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse

from wispgate.business.audit import services as audit
from wispgate.business.catalogue import queries as catalogue
from wispgate.business.crm import services as crm
from wispgate.business.inventory import number_queries
from wispgate.business.staff import looking
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import InvalidValue, WispgateError
from wispgate.kernel.identifiers import Iccid, Msisdn
from wispgate.web.console import planwords, reads
from wispgate.web.console.fields import Field, Option, Reader, filled
from wispgate.web.console.pages import go_to, show
from wispgate.web.console.visits import Visit
from wispgate.web.site import requests

_SUGGESTED = 50
_PARTIES = (Option("person", "a person"), Option("organization", "an organization"))
_WHO = (
    Field(name="name", label="Name"),
    Field(name="party", label="This is", kind="choice", value="person", options=_PARTIES),
    Field(name="email", label="E-mail address", is_required=False),
    Field(name="phone", label="Telephone number", is_required=False),
    Field(
        name="external_id",
        label="Customer number",
        is_required=False,
        hint="Your own, if you have one.",
    ),
)
_ABOVE = "parent_id"
# What each step of a new line needs, by its field: who lacks it does not see the field.
_NEEDS = {
    "iccid": "sim.assign",
    "msisdn": "subscription.number",
    "plan": "subscription.plan",
    "activate": "subscription.activate",
}


def new_subscriber(visit: Visit) -> HttpResponse:
    """The form, and on POST the subscriber's page."""
    fields = _who_fields()
    if visit.request.method != "POST":
        return _form(visit, fields)
    given = visit.everything_given()
    try:
        with looking.doing(), transaction.atomic():
            subscriber_id = crm.create_subscriber(
                **{each.name: given.get(each.name, "") for each in _WHO},
                parent_id=_above(given.get(_ABOVE, "")),
            )
    except WispgateError as error:
        return _refused(visit, fields, error, table="crm_subscriber")
    messages.success(visit.request, f"Created {given['name'].strip()}.")
    return go_to("subscriber", key=str(subscriber_id))


def _who_fields() -> Sequence[Field]:
    """Also the organization above, where there is one that it could be."""
    above = [Option(str(each.id), each.name) for each in reads.list_organizations(_SUGGESTED)]
    if not above:
        return _WHO
    department = Field(
        name=_ABOVE,
        label="Department of",
        kind="select",
        options=[Option("", "nobody: a customer of its own"), *above],
        is_required=False,
    )
    return (*_WHO, department)


def _above(text: str) -> UUID | None:
    if text and not reads.is_uuid(text):
        raise InvalidValue("choose an organization", field=_ABOVE)
    return UUID(text) if text else None


def new_line(visit: Visit, subscriber: Any) -> HttpResponse:
    """Everything or nothing: a number that is taken leaves no half-made line behind."""
    fields = [each for each in _line_fields() if _may_fill(visit, each.name)]
    if visit.request.method != "POST":
        return _form(visit, fields, subscriber=subscriber)
    wanted, errors = _read_line(visit)
    if errors:
        kept = filled(fields, visit.everything_given(), errors)
        return _form(visit, kept, subscriber=subscriber, status=409)
    try:
        with looking.doing(), transaction.atomic():
            line_id = _make_line(subscriber.id, wanted)
    except WispgateError as error:
        table = "subscriptions_subscription"
        return _refused(visit, fields, error, table=table, subscriber=subscriber)
    verb = "Activated" if wanted.get("activate") else "Created"
    messages.success(visit.request, f"{verb} 1 line.")
    return go_to("line", key=str(line_id))


def _read_line(visit: Visit) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What is wanted of what the visitor may want, and what is wrong with it, by field."""
    given = visit.everything_given()
    allowed = {name: text for name, text in given.items() if _may_fill(visit, name)}
    reader = Reader(allowed)
    iccid = reader.read("iccid", lambda text: str(Iccid.parse(text)) if text else "", "")
    msisdn = reader.read("msisdn", lambda text: str(Msisdn.parse(text)) if text else "", "")
    if allowed.get("activate") and not iccid:
        reader.errors.setdefault("iccid", "a line needs its SIM to be activated")
    return allowed | {"iccid": iccid, "msisdn": msisdn}, reader.errors


def _make_line(subscriber_id: UUID, wanted: Mapping[str, str]) -> UUID:
    line_id = subscriptions.create_subscription(subscriber_id=subscriber_id)
    if wanted["msisdn"]:
        subscriptions.set_msisdn(line_id, msisdn=wanted["msisdn"])
    if wanted.get("plan"):
        subscriptions.change_plan(line_id, code=wanted["plan"])
    if wanted["iccid"]:
        subscriptions.assign_sim(line_id, iccid=wanted["iccid"])
    if wanted.get("activate"):
        subscriptions.activate(line_id)
    return line_id


def _line_fields() -> Sequence[Field]:
    stock = [Option(sim.iccid, f"IMSI {sim.imsi}") for sim in reads.list_stock(_SUGGESTED)]
    plans = [
        Option(each.plan.code, f"{each.name}, {planwords.price_of(each)}", _gives(each))
        for each in catalogue.list_plans(state="active")
    ]
    return [
        Field(
            name="iccid",
            label="ICCID of the SIM",
            kind="suggest",
            options=stock,
            is_required=False,
            hint="From stock; may be assigned later.",
        ),
        Field(
            name="msisdn",
            label="Number",
            kind="digits",
            value=number_queries.find_next_available() or "",
            is_required=False,
            hint="The next free one of your ranges, or in international form: 46701000001.",
        ),
        Field(
            name="plan",
            label="Plan",
            kind="choice",
            options=[Option("", "no plan yet", "unlimited data at the basic speed"), *plans],
            is_required=False,
            hint="It is paid out of the wallet when the line is activated.",
        ),
        Field(
            name="activate",
            label="Activate it at once",
            kind="check",
            value="yes",
            is_required=False,
            hint="The HSS answers for the SIM from then on.",
        ),
    ]


def _gives(version: Any) -> str:
    return planwords.in_short(catalogue.definition_of(version))


def _may_fill(visit: Visit, name: str) -> bool:
    return name not in _NEEDS or visit.may(_NEEDS[name])


def _refused(
    visit: Visit,
    fields: Sequence[Field],
    error: WispgateError,
    *,
    table: str,
    subscriber: Any = None,
) -> HttpResponse:
    """What names its field is said there, everything else above; what was typed stays."""
    audit.record_refusal(error, object_type=table, object_id="")
    place = error.field if isinstance(error, InvalidValue) else ""
    named = {each.name for each in fields} & {place}
    kept = filled(fields, visit.everything_given(), {place: error.message} if named else {})
    refusal = None if named else error
    return _form(visit, kept, subscriber=subscriber, refusal=refusal, status=409)


def _form(
    visit: Visit,
    fields: Sequence[Field],
    *,
    subscriber: Any = None,
    refusal: WispgateError | None = None,
    status: int = 200,
) -> HttpResponse:
    return show(
        visit,
        "new_line.html" if subscriber else "new_subscriber.html",
        status=status,
        title=f"New line for {subscriber.name}" if subscriber else "New subscriber",
        fields=fields,
        subscriber=subscriber,
        refusal=refusal,
        reference=requests.request_id_of(visit.request),
    )
