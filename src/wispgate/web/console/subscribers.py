"""Subscribers: the list, the page of one, a new one, a new line for one, money into its wallet."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from wispgate.kernel.errors import NotFound
from wispgate.kernel.money import Money
from wispgate.web.console import (
    acting,
    hotreads,
    listing,
    money,
    newcomers,
    ordering,
    reads,
    timeline,
    walletorders,
)
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted

_ENTRIES = 12


@page("subscriber.read")
def subscribers(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request)
    rows = reads.list_subscribers(asked)
    return show(
        visit,
        "subscribers.html",
        title="Subscribers",
        asked=asked,
        rows=rows,
        pager=listing.pager(asked, shown=len(rows), total=reads.count_subscribers(asked.text)),
    )


@page("subscriber.read")
def subscriber(visit: Visit, key: str) -> HttpResponse:
    shown = reads.get_subscriber(key)
    lines = reads.list_lines_of(shown.id)
    buckets = hotreads.list_buckets(shown.account_id, now=visit.now)
    currency = visit.operator.currency if visit.operator else ""
    wallet = money.wallet(buckets, currency)
    return show(
        visit,
        "subscriber.html",
        title=shown.name,
        subscriber=shown,
        lines=[(line, money.for_line(buckets, line.id, visit.now)) for line in lines],
        plans=reads.plan_names({(line.plan_id, line.plan_version) for line in lines}),
        wallet=wallet,
        currency=currency,
        entries=money.entries(
            hotreads.list_entries(shown.account_id, _ENTRIES),
            {row.bucket_id: row for row in buckets},
        ),
        answer=_answer([line.state for line in lines], wallet, currency),
        events=timeline.of_objects([("crm_subscriber", str(shown.id))]),
    )


@page("subscriber.create")
def new_subscriber(visit: Visit) -> HttpResponse:
    return newcomers.new_subscriber(visit)


@page("subscription.create")
def new_line(visit: Visit, key: str) -> HttpResponse:
    return newcomers.new_line(visit, reads.get_subscriber(key))


@page("subscriber.read")
def subscriber_order(visit: Visit, key: str, name: str) -> HttpResponse:
    if name not in walletorders.ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, walletorders.ORDERS[name], lambda: _scene(visit, key))


@dataclass(frozen=True, slots=True)
class _Page:
    """What orders of a subscriber read."""

    subscriber: Any
    wallet: Decimal | None
    currency: str


def _scene(visit: Visit, key: str) -> acting.Scene:
    shown = reads.get_subscriber(key)
    currency = visit.operator.currency if visit.operator else ""
    wallet = money.wallet(hotreads.list_buckets(shown.account_id, now=visit.now), currency)
    home = reverse("console:subscriber", args=[shown.id])
    place = acting.Place(
        noun="subscriber",
        name=shown.name,
        state="",
        home=home,
        trail=[Link("Subscribers", reverse("console:subscribers")), Link(shown.name, home)],
        table="crm_subscriber",
        row_id=str(shown.id),
    )
    said = Money(wallet or Decimal(0), currency)
    return acting.Scene(_Page(shown, wallet, currency), place, [f"The wallet has {said}."])


def _answer(states: list[str], wallet: Decimal | None, currency: str) -> Sentence:
    current = [state for state in states if state != "terminated"]
    has = f"; the wallet has {Money(wallet, currency)}." if wallet is not None else "."
    if not current:
        return [f"No lines{has}"]
    said = [f"{current.count(state)} {state}" for state in dict.fromkeys(current)]
    return [f"{counted(len(current), 'line')}: {', '.join(said)}{has}"]
