"""Plans: the list, the page of one with its versions, drafting, launching, retiring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.audit import services as audit
from wispgate.business.catalogue import queries as catalogue
from wispgate.business.catalogue import services as catalogue_services
from wispgate.business.staff import looking
from wispgate.kernel.errors import NotFound, WispgateError
from wispgate.web.console import acting, ordering, planform, planorders, planwords, reads, timeline
from wispgate.web.console.fields import Field, Reader, filled
from wispgate.web.console.pages import go_to, page, show, show_part
from wispgate.web.console.visits import Visit, plain_text
from wispgate.web.console.wording import Link, Sentence, counted
from wispgate.web.site import requests


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """A version, what it gives in words, and how many lines have it."""

    row: Any
    price: str
    short: str
    holders: int


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan under its code; `now` is the version that is on sale, else the newest."""

    code: str
    now: ShownVersion
    versions: Sequence[ShownVersion]

    @property
    def holders(self) -> int:
        return sum(version.holders for version in self.versions)

    @property
    def newest(self) -> ShownVersion:
        return self.versions[0]

    @property
    def has_draft(self) -> bool:
        return bool(self.newest.row.state == "draft")


@page("plan.read")
def plans(visit: Visit) -> HttpResponse:
    shown = _plans(reads.list_plan_versions())
    return show(visit, "plans.html", title="Plans", answer=_answer(shown), plans=shown)


@page("plan.read")
def plan(visit: Visit, code: str) -> HttpResponse:
    shown = _get(code)
    row = shown.now.row
    objects = [("catalogue_planversion", str(version.row.id)) for version in shown.versions[:4]]
    return show(
        visit,
        "plan.html",
        title=row.name,
        plan=shown,
        words=planwords.in_full(catalogue.definition_of(row)),
        answer=_answer_of_one(shown),
        orders=ordering.offered(visit, planorders.ORDERS, shown),
        events=timeline.of_objects(objects),
    )


@page("plan.read")
def plan_order(visit: Visit, code: str, name: str) -> HttpResponse:
    if name not in planorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, planorders.ORDERS[name], lambda: _scene(code))


@page("plan.draft")
def new_plan(visit: Visit) -> HttpResponse:
    """The form; "from" names the plan whose next version it is to be."""
    if visit.request.method == "POST":
        return _drafted(visit)
    main, network = _fields(visit)
    source = plain_text(visit.request.GET.get("from", ""))
    if not source:
        return _form(visit, (main, network), source="")
    newest = _get(source).newest.row
    values = planform.values_of(newest, catalogue.definition_of(newest))
    draft = planform.read(Reader(values), _currency(visit))
    return _form(
        visit,
        (filled(main, values), filled(network, values)),
        source=source,
        draft=draft,
        preview=planwords.in_full(draft.definition) if draft else (),
    )


def _drafted(visit: Visit) -> HttpResponse:
    """Saves the draft, or says field by field what is wrong; "check" only previews."""
    given = visit.everything_given()
    reader = Reader(given)
    draft = planform.read(reader, _currency(visit))
    preview = planwords.in_full(draft.definition) if draft else ()
    told: dict[str, Any] = {"draft": draft, "preview": preview, "wrong": len(reader.errors)}
    if "HX-Request" in visit.request.headers:
        return show_part(visit, "part/plan_preview.html", **told)
    refusal = None
    if draft is not None and given.get("step") == "draft":
        refusal = _save(visit, draft)
        if refusal is None:
            return go_to("plan", code=draft.code)
    main, network = (filled(fields, given, reader.errors) for fields in _fields(visit))
    return _form(visit, (main, network), source=given.get("from", ""), refusal=refusal, **told)


def _save(visit: Visit, draft: planform.Draft) -> WispgateError | None:
    """None when it was saved; else why not, which the audit knows too."""
    try:
        with looking.doing(), transaction.atomic():
            version = catalogue_services.draft_plan(
                code=draft.code, name=draft.name, price=draft.price, definition=draft.definition
            )
    except WispgateError as error:
        audit.record_refusal(error, object_type="catalogue_plan", object_id=draft.code)
        return error
    said = f"Drafted {version.name}, version {version.version}. Launch it to sell it."
    messages.success(visit.request, said)
    return None


def _form(
    visit: Visit, fields: tuple[Sequence[Field], Sequence[Field]], *, source: str, **context: Any
) -> HttpResponse:
    is_bad = bool(context.get("wrong") or context.get("refusal"))
    return show(
        visit,
        "plan_form.html",
        status=409 if is_bad else 200,
        title=f"Next version of {source}" if source else "New plan",
        fields=fields[0],
        network_fields=fields[1],
        has_network_error=any(field.error for field in fields[1]),
        source=source,
        reference=requests.request_id_of(visit.request),
        **context,
    )


def _fields(visit: Visit) -> tuple[Sequence[Field], Sequence[Field]]:
    return planform.main_fields(_currency(visit)), planform.network_fields()


def _currency(visit: Visit) -> str:
    return visit.operator.currency if visit.operator else ""


def _get(code: str) -> ShownPlan:
    found = _plans(reads.list_plan_versions(code))
    if not found:
        raise NotFound("plan", code)
    return found[0]


def _plans(rows: Sequence[Any]) -> list[ShownPlan]:
    holders = reads.count_holders()
    by_code: dict[str, list[ShownVersion]] = {}
    for row in rows:
        by_code.setdefault(row.plan.code, []).append(_version(row, holders))
    return [ShownPlan(code, _now(versions), versions) for code, versions in by_code.items()]


def _now(versions: Sequence[ShownVersion]) -> ShownVersion:
    on_sale = (version for version in versions if version.row.state == "active")
    return next(on_sale, versions[0])


def _version(row: Any, holders: Mapping[Any, int]) -> ShownVersion:
    return ShownVersion(
        row=row,
        price=planwords.price_of(row),
        short=planwords.in_short(catalogue.definition_of(row)),
        holders=holders.get((row.plan_id, row.version), 0),
    )


def _scene(code: str) -> acting.Scene:
    shown = _get(code)
    home = reverse("console:plan", args=[code])
    place = acting.Place(
        noun="plan",
        name=shown.newest.row.name,
        state=shown.newest.row.state,
        home=home,
        trail=[Link("Plans", reverse("console:plans")), Link(shown.now.row.name, home)],
        table="catalogue_plan",
        row_id=str(shown.now.row.plan_id),
    )
    return acting.Scene(shown, place, _answer_of_one(shown))


def _answer(shown: Sequence[ShownPlan]) -> Sentence:
    if not shown:
        return []
    on_sale = sum(plan.now.row.state == "active" for plan in shown)
    holders = sum(plan.holders for plan in shown)
    verb = "has" if holders == 1 else "have"
    return [
        f"{on_sale} of {counted(len(shown), 'plan')} on sale; {counted(holders, 'line')} {verb} one."
    ]


def _answer_of_one(shown: ShownPlan) -> Sentence:
    row = shown.now.row
    states = {"draft": "A draft since ", "active": "On sale since ", "retired": "Retired since "}
    said: Sentence = [states.get(row.state, "Since "), row.state_changed_at]
    verb = "has" if shown.holders == 1 else "have"
    has = f" for {shown.now.price}; {counted(shown.holders, 'line')} {verb} it."
    if shown.has_draft and row.state != "draft":
        return [*said, has, f" Version {shown.newest.row.version} is a draft."]
    return [*said, has]
