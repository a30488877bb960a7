"""What a sub-service pays for: its plan, more data. Called with its row locked, by this app's verbs.

Money and buckets are `balances`' matter; here stands what they mean for a line.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.business.balances import queries as balance_queries
from wispgate.business.balances import services as balances
from wispgate.business.balances.ledger import Account, ChargedLine
from wispgate.business.catalogue import queries as catalogue
from wispgate.business.crm import queries as crm
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import lines
from wispgate.business.subscriptions.models import Subscription
from wispgate.business.subscriptions.profile import plan_of
from wispgate.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Package:
    """Data for a time at a price, in the operator's currency."""

    octets: int
    validity_days: int
    price: Decimal


def buy_bound_plan(subscription: Subscription, account: crm.Account, *, key: str) -> None:
    """Pays the plan that the sub-service holds and opens its allowances. Raises NotEnoughMoney."""
    if subscription.plan_id is None or subscription.plan_version is None:
        return
    bought = catalogue.get_bought_plan(subscription.plan_id, subscription.plan_version)
    line = charged_line(subscription, account)
    price = Money(bought.price, bought.currency)
    if balances.buy_plan(_account(subscription.operator_id, account), line, price, key=key):
        days = [a.validity_seconds for a in bought.compiled.allowances if a.validity_seconds]
        if days:
            subscription.plan_paid_until = scopes.current().now + timedelta(seconds=max(days))
            subscription.save(update_fields=["plan_paid_until"])


def is_posted(account: crm.Account, operator_id: UUID, key: str) -> bool:
    """Whether a purchase was made under that key."""
    return balance_queries.is_posted(_account(operator_id, account), key)


def top_up_data(
    subscription: Subscription, account: crm.Account, package: Package, *, key: str
) -> bool:
    """Sells a package to a line. Raises NotEnoughMoney; False if `key` was posted before."""
    currency = operators.get_operator_by_id(subscription.operator_id).currency
    return balances.top_up_data(
        _account(subscription.operator_id, account),
        charged_line(subscription, account),
        package.octets,
        validity_days=package.validity_days,
        price=Money(package.price, currency),
        key=key,
    )


def in_operators_currency(amount: Decimal) -> Money:
    return Money(amount, operators.get_operator_by_id(scopes.current_operator_id()).currency)


def top_up_wallet(account: crm.Account, money: Money, *, key: str, reason: str) -> bool:
    """Adds money to a wallet; False if `key` was posted before."""
    held = _account(scopes.current_operator_id(), account)
    return balances.top_up_wallet(held, money, key=key, reason=reason)


def charged_line(subscription: Subscription, account: crm.Account) -> ChargedLine:
    """The line as balances see it: plan, clock and whether its data is used up."""
    operator = operators.get_operator_by_id(subscription.operator_id)
    return ChargedLine(
        line_id=subscription.id,
        plan=plan_of(subscription, currency=operator.currency),
        time_zone=ZoneInfo(operator.time_zone),
        is_exhausted=lines.is_exhausted(subscription, account),
    )


def _account(operator_id: UUID, account: crm.Account) -> Account:
    return Account(operator_id, account.account_id, account.partition)
