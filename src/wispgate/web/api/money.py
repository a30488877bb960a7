"""Balances, top-ups and plans of lines. Amounts of money are decimal text in major units."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from wispgate.business.balances import queries as balances
from wispgate.business.balances.ledger import Account
from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries as subscriptions
from wispgate.business.subscriptions import services
from wispgate.web.api.door import KEY_HEADER, BearerToken
from wispgate.web.api.plans import CodeText, PriceText
from wispgate.web.api.schemas import Closed, SubscriptionOut, Text

router = Router(tags=["money"])


class BalanceOut(Schema):
    """One bucket: octets, seconds and messages as whole numbers, money as decimal text."""

    bucket_id: UUID
    line_id: UUID | None
    name: str
    source: str
    unit: str
    currency: str
    initial: str
    remaining: str
    reserved: str
    valid_from: datetime
    valid_until: datetime | None


class BalanceList(Schema):
    items: list[BalanceOut]


class MovementOut(Schema):
    """One ledger entry; `amount` is what it added to its bucket."""

    entry_id: UUID
    posted_at: datetime
    bucket_id: UUID | None
    line_id: UUID | None
    kind: str
    unit: str
    currency: str
    amount: str
    used_units: int
    session_id: str | None
    number: int | None
    rating_group: int | None
    reason: str
    actor: str


class MovementList(Schema):
    items: list[MovementOut]


class WalletTopUp(Closed):
    amount: PriceText
    reason: Annotated[Text, Field(max_length=200)] = ""


class DataTopUp(Closed):
    octets: Annotated[int, Field(ge=1, le=10**15)]
    validity_days: Annotated[int, Field(ge=1, le=3660)] = 30
    price: PriceText = "0"


class ChosenPlan(Closed):
    code: CodeText


@router.post(
    "/subscribers/{subscriber_id}/top-up", auth=BearerToken("wallet.top_up"), response=BalanceList
)
def top_up_wallet(request: HttpRequest, subscriber_id: UUID, body: WalletTopUp) -> dict[str, Any]:
    """Adds money to the wallet. With an Idempotency-Key a repetition does nothing."""
    services.top_up_wallet(
        subscriber_id, amount=Decimal(body.amount), key=_key(request), reason=body.reason
    )
    return _balances(subscriber_id)


@router.get(
    "/subscribers/{subscriber_id}/balances", auth=BearerToken("balance.read"), response=BalanceList
)
def list_balances(request: HttpRequest, subscriber_id: UUID) -> dict[str, Any]:
    """What can be used now: the wallet and all lines' buckets, in the order of use."""
    return _balances(subscriber_id)


@router.get(
    "/subscribers/{subscriber_id}/ledger", auth=BearerToken("balance.read"), response=MovementList
)
def list_ledger(
    request: HttpRequest,
    subscriber_id: UUID,
    limit: Annotated[int, Field(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """The newest movements first: usage, purchases, top-ups."""
    rows = balances.list_movements(_account(subscriber_id), limit=limit)
    return {"items": [row | {"amount": _plain(row["amount"])} for row in rows]}


@router.post(
    "/subscriptions/{subscription_id}/plan",
    auth=BearerToken("subscription.plan"),
    response=SubscriptionOut,
)
def change_plan(request: HttpRequest, subscription_id: UUID, body: ChosenPlan) -> SubscriptionOut:
    """Binds it to a plan on sale; one that was activated pays out of the wallet at once."""
    services.change_plan(subscription_id, code=body.code, key=_key(request))
    return SubscriptionOut.show(subscriptions.get_subscription(subscription_id))


@router.post(
    "/subscriptions/{subscription_id}/top-up", auth=BearerToken("data.top_up"), response=BalanceList
)
def top_up_data(request: HttpRequest, subscription_id: UUID, body: DataTopUp) -> dict[str, Any]:
    """Sells data to the line out of the wallet, or gives it for a price of 0."""
    services.top_up_data(
        subscription_id,
        octets=body.octets,
        validity_days=body.validity_days,
        price=Decimal(body.price),
        key=_key(request),
    )
    return _balances(subscriptions.get_subscription(subscription_id).subscriber_id)


def _balances(subscriber_id: UUID) -> dict[str, Any]:
    found = balances.list_balances(_account(subscriber_id))
    return {"items": [_show(balance) for balance in found]}


def _show(balance: balances.Balance) -> BalanceOut:
    return BalanceOut(
        bucket_id=balance.bucket_id,
        line_id=balance.line_id,
        name=balance.name,
        source=balance.source,
        unit=balance.unit,
        currency=balance.currency,
        initial=_plain(balance.initial),
        remaining=_plain(balance.remaining),
        reserved=_plain(balance.reserved),
        valid_from=balance.valid_from,
        valid_until=balance.valid_until,
    )


def _plain(amount: Decimal) -> str:
    """Decimal text without an exponent and without empty decimals."""
    return f"{amount.normalize():f}"


def _account(subscriber_id: UUID) -> Account:
    account = crm.account_of(subscriber_id)
    return Account(scopes.current_operator_id(), account.account_id, account.partition)


def _key(request: HttpRequest) -> str:
    """The caller's key makes a posting unique for ever, not only while its answer is kept."""
    return request.headers.get(KEY_HEADER, "") or str(uuid4())
