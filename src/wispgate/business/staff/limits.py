"""Counting what a person moved today under a permission with a daily limit."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from wispgate.business.operators import ids, locks
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.grants import IN_WORDS, Breach, Facts, Limits
from wispgate.business.staff.models import UsedLimit
from wispgate.business.staff.permissions import Limit
from wispgate.kernel.money import Money


def count(limits: Limits, facts: Facts, person: str, permission: str) -> Breach | None:
    """Adds the act to the day's sum, or says that it would pass the limit.

    A refused or failed act is undone with its transaction, and so is what it added.
    """
    if limits.per_day is None or facts.amount is None:
        return None
    operator_id, today = scopes.current_operator_id(), _today()
    locks.hold(f"limit:{operator_id}:{person}:{permission}")
    row = UsedLimit.objects.filter(
        operator_id=operator_id,
        person=person,
        permission=permission,
        on_day=today,
        currency=facts.amount.currency,
    ).first()
    used = Money(row.amount if row else Decimal(0), facts.amount.currency) + facts.amount
    if not used <= limits.per_day:
        return Breach(Limit.PER_DAY, IN_WORDS[Limit.PER_DAY].format(limits.per_day))
    row = row or UsedLimit(
        id=ids.new_id(scopes.current().now),
        operator_id=operator_id,
        person=person,
        permission=permission,
        on_day=today,
        currency=used.currency,
    )
    row.amount = used.amount
    row.save()
    return None


def _today() -> date:
    """The operator's day."""
    scope = scopes.current()
    operator = operators.get_operator_by_id(scopes.current_operator_id())
    return scope.now.astimezone(ZoneInfo(operator.time_zone)).date()
