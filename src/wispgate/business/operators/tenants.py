"""The tenant itself: its kind and host, its names, and the reasons for which it is off.

What changes an operator's own row needs the platform's scope; a tenant's admin gets it here for
the few columns that are theirs to choose (`own_row`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import IntegrityError, transaction

from wispgate.business.operators import hot, ids, queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.errors import CurrencyInUse, HostNotAllowed
from wispgate.business.operators.models import Operator, OperatorSuspension
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound


@contextmanager
def own_row() -> Iterator[Operator]:
    """The scope's own operator, locked, to be changed and then saved."""
    operator_id = scopes.current_operator_id()
    with scopes.within(replace(scopes.current(), is_platform=True)):
        operator = Operator.objects.select_for_update().get(id=operator_id)
        yield operator
        operator.save()


def rename(*, name: str) -> None:
    if not 1 <= len(name.strip()) <= 120:
        raise InvalidValue("a name has 1 to 120 characters", field="name")
    with own_row() as operator:
        operator.name = name.strip()


def set_currency(currency: str) -> None:
    """ISO 4217. Raises CurrencyInUse once somebody has an account."""
    require_currency(currency)
    with own_row() as operator:
        if operator.currency == currency:
            return
        if hot.run("has_accounts"):
            raise CurrencyInUse(
                f"there are accounts in {operator.currency}: a currency is chosen before the first"
            )
        operator.currency = currency


def set_time_zone(time_zone: str) -> None:
    """Lines learn of it when their profiles are written again: see `tenants.services`."""
    require_time_zone(time_zone)
    with own_row() as operator:
        operator.time_zone = time_zone


def set_host(slug: str, *, host: str) -> None:
    """Hangs an MVNO under a host, "" under none. Raises HostNotAllowed."""
    operator = queries.get_operator(slug)
    operator.host = queries.get_operator(host) if host else None
    save_with_host(operator)


def save_with_host(operator: Operator, *, is_new: bool = False) -> None:
    """Raises HostNotAllowed where the database's rules on hosts say no."""
    if operator.host_id is not None and operator.kind != Operator.Kind.MVNO:
        raise HostNotAllowed("only an MVNO hangs under a host", operator=operator.slug)
    try:
        with transaction.atomic():
            operator.save(force_insert=is_new)
    except IntegrityError as error:
        if "operator_host_is_no_mvno" not in _constraint(error):
            raise
        raise HostNotAllowed(
            "a host is an MNO or a private network, and hangs under nobody",
            operator=operator.slug,
        ) from None


def add_suspension(slug: str, *, reason: str, note: str = "") -> bool:
    """True for the first reason: now the tenant is off. The same one twice is refused."""
    _require_reason(reason)
    operator = _locked(slug)
    there = set(operator.suspensions.values_list("reason", flat=True))
    if reason in there:
        raise IllegalTransition(
            "operator", state=f"suspended for {reason}", action="be suspended for that again"
        )
    now = scopes.current().now
    OperatorSuspension.objects.create(
        id=ids.new_id(now), operator=operator, reason=reason, note=note[:200], since=now
    )
    return not there


def lift_suspension(slug: str, *, reason: str) -> bool:
    """True for the last reason: the tenant is on again."""
    _require_reason(reason)
    operator = _locked(slug)
    if not operator.suspensions.filter(reason=reason).delete()[0]:
        raise IllegalTransition(
            "operator", state=f"not suspended for {reason}", action="be resumed from that"
        )
    return not operator.suspensions.exists()


def require_time_zone(time_zone: str) -> None:
    try:
        ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidValue(f"no such time zone: {time_zone!r}", field="time_zone") from None


def require_currency(currency: str) -> None:
    if not (
        len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()
    ):
        raise InvalidValue("a currency has three capital letters", field="currency")


def _locked(slug: str) -> Operator:
    operator = Operator.objects.select_for_update().filter(slug=slug).first()
    if operator is None:
        raise NotFound("operator", slug)
    return operator


def _require_reason(reason: str) -> None:
    known = OperatorSuspension.Reason.values
    if reason not in known:
        raise InvalidValue(f"not one of {', '.join(known)}: {reason!r}", field="reason")


def _constraint(error: IntegrityError) -> str:
    return str(getattr(getattr(error.__cause__, "diag", None), "constraint_name", "") or "")
