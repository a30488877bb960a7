"""Numbers from their range to a sub-service and back.

An operator without any range may use whatever numbers it likes: then only those that were ported
in are kept here, and verbs on others do nothing. A service here locks numbers in their order; a
sub-service's row is locked before.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.inventory import number_queries as queries
from wispgate.business.inventory.errors import (
    NumberInUse,
    NumberNotFree,
    NumberNotInRange,
    NumberRangeTaken,
)
from wispgate.business.inventory.models import Number, NumberPolicy, NumberRange
from wispgate.business.inventory.number_lifecycle import (
    NumberAction,
    NumberClass,
    NumberOrigin,
    NumberState,
    next_state,
)
from wispgate.business.operators import ids
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.identifiers import Msisdn

LONGEST_RESERVATION: Final = timedelta(days=366)
_FREE = (NumberState.AVAILABLE, NumberState.RESERVED)
_IN_USE = (NumberState.ASSIGNED, NumberState.ACTIVE)


def add_range(*, first: str, last: str, number_class: str = NumberClass.ORDINARY) -> UUID:
    """Numbers of the operator's own. Raises NumberRangeTaken where ranges overlap."""
    start, end = str(Msisdn.parse(first)), str(Msisdn.parse(last))
    if len(start) != len(end) or start > end:
        raise InvalidValue("a range's numbers have one length; the last is not lower", field="last")
    if number_class not in list(NumberClass):
        raise InvalidValue(f"a class is one of {', '.join(NumberClass)}", field="number_class")
    now = scopes.current().now
    made = NumberRange(
        id=ids.new_id(now),
        operator_id=scopes.current_operator_id(),
        first=start,
        last=end,
        number_class=number_class,
        created_at=now,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
            # What was ported in until now is not foreign any more.
            queries.numbers_within(made).update(origin=NumberOrigin.OWN)
    except IntegrityError as error:
        if "numberrange_ranges_do_not_overlap" not in str(error):
            raise
        raise NumberRangeTaken(
            f"{start} to {end} overlaps a range that is there", first=start, last=end
        ) from None
    return made.id


def set_quarantine_days(days: int) -> None:
    """From now on; numbers that rest already do so as long as they were told to."""
    if not 0 <= days <= 3660:
        raise InvalidValue("a quarantine lasts 0 to 3660 days", field="quarantine_days")
    operator_id = scopes.current_operator_id()
    NumberPolicy.objects.update_or_create(
        operator_id=operator_id,
        defaults={"quarantine_days": days},
        create_defaults={"id": ids.new_id(scopes.current().now), "quarantine_days": days},
    )


def reserve(msisdn: str, *, until: datetime) -> None:
    """Keeps a free number from being offered or reserved again, until then or until it is given."""
    now = scopes.current().now
    if not now < until <= now + LONGEST_RESERVATION:
        raise InvalidValue("a reservation ends within a year from now", field="until")
    with transaction.atomic():
        number = _require(msisdn)
        if number.state_at(now) is not NumberState.AVAILABLE:
            raise _not_free(number)
        _apply(number, NumberAction.RESERVE, until=until)
        number.save()


def assign(msisdn: str, *, subscription_id: UUID) -> None:
    """Gives a free number to a sub-service; what was not reserved is reserved by that."""
    with transaction.atomic():
        number = _find_managed(msisdn)
        if number is not None:
            _bind(number, subscription_id, is_active=False)


def activate(msisdn: str, *, subscription_id: UUID) -> None:
    """Opens a sub-service's number; one that it did not have yet is assigned by that."""
    with transaction.atomic():
        number = _find_managed(msisdn)
        if number is not None:
            _bind(number, subscription_id, is_active=True)


def exchange(
    before: str,
    after: str,
    *,
    subscription_id: UUID,
    is_active: bool,
    parting: NumberAction = NumberAction.RELEASE,
) -> None:
    """Takes a sub-service's number from it, as `parting` says, and gives it another; "" is none."""
    if before == after:
        return
    with transaction.atomic():
        for msisdn in sorted({before, after} - {""}):
            number = _find_managed(msisdn) if msisdn == after else _lock(msisdn)
            if number is None:
                continue
            if msisdn == after:
                _bind(number, subscription_id, is_active=is_active)
            elif number.subscription_id == subscription_id:
                _part(number, parting)


def release(msisdn: str) -> None:
    """Gives up a reservation, or lets a number rest that no sub-service has (any more)."""
    with transaction.atomic():
        number = _require(msisdn)
        _refuse_in_use(number)
        _part(number, NumberAction.RELEASE)


def port_in(msisdn: str) -> None:
    """Takes a number over from another network, for a sub-service to be given it."""
    with transaction.atomic():
        number = _lock(msisdn) or _touch(msisdn) or _foreign(msisdn)
        _apply(number, NumberAction.PORT_IN)
        number.save()


def port_out(msisdn: str) -> None:
    """Gives a number that no sub-service has (any more) to another network."""
    with transaction.atomic():
        number = _require(msisdn)
        _refuse_in_use(number)
        _part(number, NumberAction.PORT_OUT)


def _bind(number: Number, subscription_id: UUID, *, is_active: bool) -> None:
    state = number.state_at(scopes.current().now)
    is_held_by_nobody = state is NumberState.ASSIGNED and number.subscription_id is None
    is_mine = state in _IN_USE and number.subscription_id == subscription_id
    if not (state in _FREE or is_held_by_nobody or is_mine):
        raise _not_free(number)
    if state in _FREE:
        _apply(number, NumberAction.ASSIGN)
    number.subscription_id = subscription_id
    if is_active and number.state == NumberState.ASSIGNED:
        _apply(number, NumberAction.ACTIVATE)
    number.save()


def _part(number: Number, action: NumberAction) -> None:
    rests_until = scopes.current().now + timedelta(days=queries.quarantine_days())
    _apply(number, action, until=rests_until)
    number.subscription_id = None
    number.save()


def _apply(number: Number, action: NumberAction, *, until: datetime | None = None) -> None:
    """One arrow of the table; `until` is kept by a state that ends by itself."""
    scope = scopes.current()
    state = next_state(number.state_at(scope.now), action)
    number.state = state
    number.state_changed_at = scope.now
    number.state_cause = (scope.reason or action.value)[:200]
    number.until = until if state in (NumberState.RESERVED, NumberState.QUARANTINE) else None


def _require(msisdn: str) -> Number:
    number = _lock(msisdn) or _touch(msisdn)
    if number is None:
        raise NotFound("number", msisdn)
    return number


def _find_managed(msisdn: str) -> Number | None:
    """The locked number; None where the operator has no ranges. Raises NumberNotInRange."""
    number = _lock(msisdn) or _touch(msisdn)
    if number is None and queries.has_ranges():
        raise NumberNotInRange(
            f"{msisdn} is in none of the operator's ranges and was not ported in", field="msisdn"
        )
    return number


def _lock(msisdn: str) -> Number | None:
    return Number.objects.select_for_update().filter(msisdn=msisdn).first()


def _touch(msisdn: str) -> Number | None:
    """Makes the row of a number in a range, locked. Another that does so at once is waited for."""
    covering = queries.find_range_of(msisdn)
    if covering is None:
        return None
    return _insert(msisdn, number_class=covering.number_class, state=NumberState.AVAILABLE)


def _foreign(msisdn: str) -> Number:
    return _insert(msisdn, origin=NumberOrigin.PORTED_IN, state=NumberState.PORTED_OUT)


def _insert(msisdn: str, **given: str) -> Number:
    now = scopes.current().now
    number = Number(
        id=ids.new_id(now),
        operator_id=scopes.current_operator_id(),
        msisdn=msisdn,
        state_changed_at=now,
        created_at=now,
        **given,
    )
    Number.objects.bulk_create([number], ignore_conflicts=True)
    return Number.objects.select_for_update().get(msisdn=msisdn)


def _refuse_in_use(number: Number) -> None:
    if number.subscription_id is not None:
        raise NumberInUse(f"a sub-service has {number.msisdn}", msisdn=number.msisdn)


def _not_free(number: Number) -> NumberNotFree:
    state = number.state_at(scopes.current().now)
    words = f" until {number.until.isoformat()}" if number.until else ""
    return NumberNotFree(
        f"{number.msisdn} is {state.value}{words}", msisdn=number.msisdn, state=state.value
    )
