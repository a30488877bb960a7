"""Requests that wait for a second person: the inbox, one of them, deciding; which acts need one."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.approvals import queries, services
from wispgate.business.approvals.lifecycle import ApprovalState
from wispgate.kernel.errors import NotFound
from wispgate.kernel.money import Money
from wispgate.web.console import acting, listing, ordering, timeline
from wispgate.web.console.fields import Field, Reader, positive
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted

_SHOWN = 50
_STATES = ("asked", "done", "refused", "failed", "expired")


@page("approval.read", of_operator=False)
def approvals(visit: Visit) -> HttpResponse:
    asked = listing.asked(visit.request, _STATES)
    waiting = len(queries.list_approvals(state=ApprovalState.ASKED, limit=_SHOWN + 1))
    return show(
        visit,
        "approvals.html",
        title="Requests",
        answer=_answer(waiting),
        asked=asked,
        states=_STATES,
        rows=[_shown(visit, row) for row in queries.list_approvals(state=asked.state)],
        rules=queries.list_rules(),
    )


@page("approval.read", of_operator=False)
def approval(visit: Visit, key: str) -> HttpResponse:
    row = _get(key)
    shown = _shown(visit, row)
    return show(
        visit,
        "approval.html",
        title=row.title,
        shown=shown,
        orders=ordering.offered(visit, ORDERS, shown),
        is_own=shown["is_own"],
        answer=_answer_of_one(shown),
        events=timeline.of_objects([("approvals_approval", str(row.id))]),
    )


@page("approval.read", of_operator=False)
def approval_order(visit: Visit, key: str, name: str) -> HttpResponse:
    if name not in ORDERS:
        raise NotFound("action", name)
    return ordering.order(visit, ORDERS[name], lambda: _scene(visit, key))


@page("approval.rules", of_operator=False)
def rule(visit: Visit, act: str) -> HttpResponse:
    return ordering.order(visit, _RULE, lambda: _rule_scene(act))


def _get(key: str) -> Any:
    try:
        return queries.get_approval(UUID(key))
    except ValueError:
        raise NotFound("request", key) from None


def _shown(visit: Visit, row: Any) -> dict[str, Any]:
    return {
        "row": row,
        "state": str(row.state_at(visit.now)),
        "amount": Money(row.amount, row.currency) if row.amount is not None else None,
        "is_own": row.requester == visit.principal.person,
    }


def _answer(waiting: int) -> Sentence:
    if not waiting:
        return ["Nothing waits for a second person."]
    verb = "waits" if waiting == 1 else "wait"
    return [f"{counted(waiting, 'request')} {verb} for a second person."]


def _answer_of_one(shown: Mapping[str, Any]) -> Sentence:
    row, state = shown["row"], shown["state"]
    asked: Sentence = [f"{row.requested_by} asked ", row.asked_at]
    if state == "asked":
        who = "It waits for somebody else" if shown["is_own"] else "It waits"
        return [*asked, f". {who} until ", row.expires_at, "; nothing is done before."]
    if state == "expired":
        return [*asked, "; nobody decided until ", row.expires_at, ". Nothing was done."]
    if state == "failed":
        return [*asked, f"; {row.decided_by} approved and it failed: {row.failure}."]
    verb = "approved, and it was done" if state == "done" else "ended it; nothing was done"
    return [*asked, f"; {row.decided_by} {verb} ", row.decided_at, "."]


def _scene(visit: Visit, key: str) -> acting.Scene:
    row = _get(key)
    home = reverse("console:approval", args=[row.id])
    shown = _shown(visit, row)
    place = acting.Place(
        noun="request",
        name=row.title,
        state=shown["state"],
        home=home,
        trail=[Link("Requests", reverse("console:approvals")), Link(row.title, home)],
        table="approvals_approval",
        row_id=str(row.id),
    )
    return acting.Scene(shown, place, _answer_of_one(shown))


def _approve(shown: Any, _reader: Reader) -> Prepared:
    row = shown["row"]
    money = f"{shown['amount']} move." if shown["amount"] else "As the act itself says."
    return Prepared(
        button="Approve 1 request",
        done=f"{row.title}: approved. What came of it stands here.",
        network=row.words,
        money=[money],
        messages=["Whoever the act itself tells is told. Both names are kept in the log."],
        perform=lambda _key: services.approve(row.id),
    )


def _refuse(shown: Any, _reader: Reader) -> Prepared:
    row, end = shown["row"], services.withdraw if shown["is_own"] else services.refuse
    return Prepared(
        button="Withdraw 1 request" if shown["is_own"] else "Refuse 1 request",
        done=f"{row.title}: ended, nothing was done.",
        network=["Nothing is done; the request ends."],
        money=["Nothing is charged or credited."],
        messages=["No subscriber is told."],
        perform=lambda _key: end(row.id),
    )


_ROWS = (
    Order(
        name="approve",
        permission="approval.decide",
        verb="Approve",
        icon="check",
        is_possible=lambda shown: shown["state"] == "asked" and not shown["is_own"],
        prepare=_approve,
    ),
    Order(
        name="refuse",
        permission="approval.decide",
        verb="Refuse",
        icon="block",
        is_possible=lambda shown: shown["state"] == "asked" and not shown["is_own"],
        prepare=_refuse,
        is_harmful=True,
    ),
    Order(
        name="withdraw",
        permission="approval.read",
        verb="Withdraw",
        icon="undo",
        is_possible=lambda shown: shown["state"] == "asked" and shown["is_own"],
        prepare=_refuse,
    ),
)
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in _ROWS})


def _rule_scene(act: str) -> acting.Scene:
    found = queries.get_rule(act)
    home = reverse("console:approvals")
    place = acting.Place(
        noun="rule",
        name=found.act.title,
        state="on" if found.is_on else "off",
        home=home,
        trail=[Link("Requests", home)],
        table="approvals_approvalrule",
        row_id=act,
    )
    needs = "needs a second person" if found.is_on else "needs nobody else"
    return acting.Scene(found, place, [f"{found.act.title} {needs} now."])


def _rule_fields(found: queries.Rule) -> list[Field]:
    hours = Field(name="valid_hours", label="Hours until a request is over", kind="digits",
                  value=str(found.valid_hours))  # fmt: skip
    hint = "Amounts up to it need nobody. Empty: every amount needs a second person."
    above = Field(
        name="above",
        label="Only above this amount",
        kind="decimal",
        value=f"{found.above.amount.normalize():f}" if found.above else "",
        hint=hint,
        is_required=False,
    )
    is_on = Field(name="is_on", label="A second person is needed", kind="check",
                  value="yes" if found.is_on else "")  # fmt: skip
    return [is_on, *([above] if found.act.has_amount else []), hours]


def _set_rule(found: queries.Rule, reader: Reader) -> Prepared:
    is_on = reader.text("is_on") == "yes"
    hours = reader.read("valid_hours", positive, 72)
    above = reader.read("above", _optional_amount, None)
    told = f"{found.act.title} waits for a second person from now on." if is_on else (
        f"{found.act.title} is done at once from now on."
    )  # fmt: skip
    return Prepared(
        button="Change 1 rule",
        done=f"{found.act.title}: {'four eyes' if is_on else 'no second person'}.",
        network=[told],
        money=[f"Amounts up to {above} need nobody."]
        if above is not None
        else ["No amount is spared."],
        messages=["Requests that wait already go on waiting."],
        perform=lambda _key: services.set_rule(
            found.act.name, is_on=is_on, above=above, valid_hours=hours
        ),
    )


def _optional_amount(text: str) -> Decimal | None:
    if not text:
        return None
    # The currency is the operator's; any will do to read the number.
    return Money.parse(text, "EUR").amount


_RULE = Order(
    name="rule",
    permission="approval.rules",
    verb="Change",
    icon="rule",
    is_possible=lambda _found: True,
    fields=_rule_fields,
    prepare=_set_rule,
)
