"""What an operator has set for itself: one page, and an order for each group of it."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.operators import queries as operators
from wispgate.business.operators import settings
from wispgate.business.staff import looking
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.web.console import acting, ordering, settingsorders, timeline
from wispgate.web.console.pages import go_to, page, show
from wispgate.web.console.settingsorders import ShownSettings
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted


@page("operator.read")
def settings_page(visit: Visit) -> HttpResponse:
    shown = _shown(visit)
    return show(
        visit,
        "settings.html",
        title="Settings",
        shown=shown,
        answer=_answer(shown),
        orders=ordering.offered(visit, settingsorders.ORDERS, shown),
        examples=[(one, one.number(1, year=visit.now.year)) for one in shown.series],
        today=visit.now.date(),
        events=timeline.of_objects([("operators_operator", str(shown.operator.id))]),
    )


@page("operator.update")
def brand_logo(visit: Visit) -> HttpResponse:
    """Another picture for the brand, or none. It is looked at before it is kept."""
    refusal = ""
    if visit.request.method == "POST":
        try:
            with looking.doing(), transaction.atomic():
                settings.set_logo(None if visit.given("step") == "remove" else _picture(visit))
        except InvalidValue as error:
            refusal = error.message
        else:
            done = "taken away" if visit.given("step") == "remove" else "set"
            messages.success(visit.request, f"The logo is {done}.")
            return go_to("settings")
    shown = _shown(visit)
    return show(visit, "brand_logo.html", title="Logo", shown=shown, refusal=refusal)


@page("operator.read")
def settings_order(visit: Visit, name: str) -> HttpResponse:
    if name not in settingsorders.ORDERS:
        raise NotFound("action", name)

    def scene() -> acting.Scene:
        shown = _shown(visit)
        home = reverse("console:settings")
        place = acting.Place("settings", "", "", home, [Link("Settings", home)],
                             "operators_operator", str(shown.operator.id))  # fmt: skip
        return acting.Scene(shown, place, _answer(shown))

    return ordering.order(visit, settingsorders.ORDERS[name], scene)


def _picture(visit: Visit) -> bytes:
    file = visit.request.FILES.get("file")
    if file is None:
        raise InvalidValue("choose a file")
    if file.size is None or file.size > settings.LARGEST_LOGO_OCTETS:
        raise InvalidValue(f"a logo has {settings.LARGEST_LOGO_OCTETS // 1024} KiB at most")
    return bytes(file.read())


def _shown(visit: Visit) -> ShownSettings:
    operator: Any = visit.operator
    fresh = operators.get_operator_by_id(operator.id)
    return ShownSettings(
        operator=fresh,
        host=operators.find_host_slug(fresh) or "",
        brand=operators.find_brand(fresh.id),
        domains=operators.list_domains(fresh.id),
        rates=operators.list_tax_rates(fresh.id),
        series=operators.list_series(fresh.id),
        gateways=operators.list_gateways(fresh.id),
        zones=operators.list_roaming_zones(fresh.id),
    )


def _answer(shown: ShownSettings) -> Sentence:
    operator = shown.operator
    missing = [
        word
        for word, is_there in (
            ("a brand", shown.brand),
            ("a tax rate", shown.rates),
            ("series for its documents", len(shown.series) == 3),
        )
        if not is_there
    ]
    said = (
        f"{operator.name}, {operator.get_kind_display()}, in {operator.currency}, "
        f"{operator.time_zone}, {counted(len(shown.domains), 'domain')}"
    )
    return [f"{said}. Still to set: {', '.join(missing)}." if missing else f"{said}."]
