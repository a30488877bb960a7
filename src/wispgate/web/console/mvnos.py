"""A host's MVNOs by their counts, what it allotted to them, and an MVNO's own received stock."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.tenants import queries
from wispgate.business.tenants.models import Allotment
from wispgate.business.tenants.queries import Mvno
from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, allotmentorders, ordering
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted

_MOST = 200


@page("allotment.read")
def mvnos(visit: Visit) -> HttpResponse:
    shown = queries.list_mvnos()
    allotments = queries.list_allotments(limit=_MOST)
    return show(
        visit,
        "mvnos.html",
        title="MVNOs",
        answer=_answer(shown, allotments),
        mvnos=shown,
        allotments=allotments,
        orders=ordering.offered(visit, allotmentorders.ORDERS, shown),
        may_take_back=visit.may("allotment.take_back"),
    )


@page("allotment.read")
def mvnos_order(visit: Visit, name: str) -> HttpResponse:
    if name not in allotmentorders.ORDERS:
        raise NotFound("action", name)

    def scene() -> acting.Scene:
        place = acting.Place("MVNO", "", "", *_home(), "tenants_allotment", "")
        return acting.Scene(queries.list_mvnos(), place, [])

    return ordering.order(visit, allotmentorders.ORDERS[name], scene)


@page("allotment.take_back")
def take_back(visit: Visit, key: str) -> HttpResponse:
    allotment = queries.get_allotment(_uuid(key))

    def scene() -> acting.Scene:
        shown = allotmentorders.ShownAllotment(
            queries.get_allotment(allotment.id), queries.count_in_stock_there(allotment.id)
        )
        place = acting.Place("allotment", str(allotment), "", *_home(), "tenants_allotment", key)
        return acting.Scene(shown, place, [])

    return ordering.order(visit, allotmentorders.TAKE_BACK, scene)


def _home() -> tuple[str, list[Link]]:
    home = reverse("console:mvnos")
    return home, [Link("MVNOs", home)]


def _uuid(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        raise NotFound("allotment", key) from None


def _answer(shown: Sequence[Mvno], allotments: Sequence[Allotment]) -> Sentence:
    received = [one for one in allotments if one.side == Allotment.Side.RECEIVED]
    if received:
        return [f"{counted(len(received), 'allotment')} received from {received[0].partner_name}."]
    if not shown:
        return ["No MVNO hangs under this operator."]
    lines = counted(sum(one.lines for one in shown), "active line")
    stock = counted(sum(one.sims_in_stock for one in shown), "SIM")
    return [f"{counted(len(shown), 'MVNO')} with {lines}, {stock} still in stock there."]
