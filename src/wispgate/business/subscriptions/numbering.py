"""Sub-services and their numbers. The stock of numbers is `inventory`'s; here stands who has which."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from wispgate.business.inventory import number_queries, numbers
from wispgate.business.inventory.errors import NumberInUse
from wispgate.business.inventory.number_lifecycle import NumberAction, NumberClass
from wispgate.business.subscriptions import events, lines, swapguard
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.models import Subscription
from wispgate.business.subscriptions.work import Work, number_of, working_on
from wispgate.kernel.errors import IllegalTransition
from wispgate.kernel.identifiers import Msisdn

_WITHOUT_HOLDER: Mapping[NumberAction, Callable[[str], None]] = MappingProxyType(
    {NumberAction.RELEASE: numbers.release, NumberAction.PORT_OUT: numbers.port_out}
)

_NEEDS: Mapping[NumberAction, str] = MappingProxyType(
    {NumberAction.RELEASE: "number.release", NumberAction.PORT_OUT: "number.port_out"}
)


def set_msisdn(subscription_id: UUID, *, msisdn: str) -> None:
    """Gives the sub-service a number, another one, or with "" none. The one before rests.

    Raises NumberNotInRange and NumberNotFree where the operator has ranges; MsisdnTaken.
    """
    wanted = str(Msisdn.parse(msisdn)) if msisdn else ""
    with working_on(subscription_id, "subscription.number") as work:
        if work.subscription.msisdn and work.subscription.msisdn != wanted:
            swapguard.require_cooled_off(work.subscription, "another number")
        _change(work, wanted)


def release(msisdn: str) -> None:
    """Lets a number rest, and takes it from its sub-service; gives up a reservation."""
    _give_up(msisdn, NumberAction.RELEASE)


def port_out(msisdn: str) -> None:
    """Gives a number to another network, and takes it from its sub-service."""
    _give_up(msisdn, NumberAction.PORT_OUT)


def port_in(msisdn: str) -> None:
    """Takes a number over from another network; a sub-service that has it already keeps it."""
    digits = str(Msisdn.parse(msisdn))
    with transaction.atomic():
        holder = _holders().filter(msisdn=digits).first()
        numbers.port_in(digits)
        if holder is not None:
            _adopt(holder)


def add_range(*, first: str, last: str, number_class: str = NumberClass.ORDINARY) -> UUID:
    """A range of the operator's own; numbers of it that sub-services have already are taken note of."""
    with transaction.atomic():
        range_id = numbers.add_range(first=first, last=last, number_class=number_class)
        start, end = str(Msisdn.parse(first)), str(Msisdn.parse(last))
        for holder in _holders().filter(msisdn__range=(start, end)).order_by("msisdn"):
            if len(holder.msisdn) == len(start):
                _adopt(holder)
    return range_id


def open_number(work: Work) -> None:
    """The sub-service is on: so is its number, if it has one."""
    if work.subscription.msisdn:
        numbers.activate(work.subscription.msisdn, subscription_id=work.subscription.id)


def release_number(work: Work) -> None:
    """The sub-service gives its number up; what it still shows is for the record."""
    numbers.exchange(
        work.subscription.msisdn, "", subscription_id=work.subscription.id, is_active=False
    )


def _change(work: Work, wanted: str, *, parting: NumberAction = NumberAction.RELEASE) -> None:
    subscription = work.subscription
    if work.state is SubscriptionState.TERMINATED:
        raise IllegalTransition("sub-service", state=work.state, action="change its number")
    before = number_of(subscription)
    numbers.exchange(
        subscription.msisdn,
        wanted,
        subscription_id=subscription.id,
        is_active=subscription.activated_at is not None,
        parting=parting,
    )
    subscription.msisdn = wanted
    work.save()
    sim = subscription.sim
    if sim is not None:
        lines.set_msisdn(subscription, sim.core_id, work.account)
        lines.write(subscription, sim.core_id, sim.imsi, work.account)
    work.publish(events.MsisdnChanged, before=before, after=number_of(subscription))


def _give_up(msisdn: str, parting: NumberAction) -> None:
    digits = str(Msisdn.parse(msisdn))
    holder = number_queries.get_number(digits).subscription_id
    if holder is None:
        _WITHOUT_HOLDER[parting](digits)
        return
    with working_on(holder, _NEEDS[parting]) as work:
        if work.subscription.msisdn != digits:
            raise NumberInUse(f"{digits} changed hands meanwhile", msisdn=digits)
        swapguard.require_cooled_off(work.subscription, "giving up its number")
        _change(work, "", parting=parting)


def _holders() -> QuerySet[Subscription]:
    """Sub-services that may have a number, locked before any number is."""
    living = Subscription.objects.exclude(state=SubscriptionState.TERMINATED)
    return living.select_for_update()


def _adopt(holder: Subscription) -> None:
    """A number that was given freely, before there were ranges, is its sub-service's here too."""
    take = numbers.assign if holder.activated_at is None else numbers.activate
    take(holder.msisdn, subscription_id=holder.id)
