"""What can be ordered for a subscriber's wallet."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money
from wispgate.web.console import telling
from wispgate.web.console.fields import Field, Option, Reader
from wispgate.web.console.ordering import Order, Prepared

_WAYS = (
    Option("cash", "cash"),
    Option("bank transfer", "bank transfer"),
    Option("card terminal", "card terminal"),
    Option("goodwill", "goodwill, nothing was paid"),
)


def _fields(shown: Any) -> Sequence[Field]:
    label = f"Amount in {shown.currency}"
    return [
        Field(name="amount", label=label, kind="decimal", hint="Such as 10.00."),
        Field(name="way", label="Paid by", kind="select", value="cash", options=_WAYS),
    ]


def _top_up(shown: Any, reader: Reader) -> Prepared | None:
    amount = reader.read("amount", lambda text: _more_than_nothing(text, shown.currency), None)
    way = reader.text("way")
    if way not in {option.value for option in _WAYS}:
        reader.errors["way"] = "choose how it was paid"
    if amount is None:
        return None
    before = Money(shown.wallet or Decimal(0), shown.currency)
    return Prepared(
        button=f"Top up {amount}",
        done=f"Topped up {amount}.",
        network=["Nothing changes in the network. A line that buys data or a plan can use it."],
        money=[f"The wallet: {before} becomes {before + amount}. Paid by {way}."],
        messages=telling.preview(
            shown.subscriber.name,
            "wallet.topped_up",
            {"amount": {"amount": f"{amount.amount:f}", "currency": amount.currency}},
        ),
        perform=lambda key: subscriptions.top_up_wallet(
            shown.subscriber.id, amount=amount.amount, key=key, reason=way
        ),
    )


def _more_than_nothing(text: str, currency: str) -> Money:
    money = Money.parse(text, currency)
    if money.amount <= 0:
        raise InvalidValue("more than nothing")
    if money != money.rounded():
        raise InvalidValue(f"{currency} has {money.exponent} decimals")
    return money


_TOP_UP = Order(
    name="top_up_wallet",
    permission="wallet.top_up",
    verb="Top up the wallet of",
    icon="account_balance_wallet",
    is_possible=lambda _shown: True,
    fields=_fields,
    prepare=_top_up,
)

ORDERS: Mapping[str, Order] = MappingProxyType({_TOP_UP.name: _TOP_UP})
