"""What can be done to a sub-service. Each verb is one transaction over business and network rows.

Locks, in this order: the sub-service's row, then its numbers in their order, then its cards
by id. A refusal undoes everything.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from wispgate.business.approvals import services as approvals
from wispgate.business.catalogue import queries as catalogue
from wispgate.business.crm import queries as crm
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.errors import SimInUseElsewhere
from wispgate.business.inventory.lifecycle import SimAction
from wispgate.business.operators import ids
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.subscriptions import (
    asking,
    events,
    lines,
    numbering,
    purchases,
    swapguard,
)
from wispgate.business.subscriptions.errors import (
    HasNoSim,
    HasSimAlready,
    ReasonNotThere,
)
from wispgate.business.subscriptions.laid import parse_addresses
from wispgate.business.subscriptions.lifecycle import (
    SubscriptionAction,
    SubscriptionState,
    next_state,
)
from wispgate.business.subscriptions.models import Subscription, Suspension
from wispgate.business.subscriptions.numbering import set_msisdn
from wispgate.business.subscriptions.restricting import (
    restrict,
    set_static_addresses,
    unrestrict,
)
from wispgate.business.subscriptions.work import Work, number_of, working_on
from wispgate.domain.equipment.lists import device_of
from wispgate.kernel.errors import IllegalTransition, InvalidValue
from wispgate.kernel.identifiers import Iccid, Imei, Imsi

__all__ = [
    "SuspensionKind",
    "SuspensionReason",
    "activate",
    "assign_sim",
    "change_plan",
    "create_subscription",
    "lock_devices",
    "parse_addresses",
    "parse_devices",
    "renew_plan",
    "restrict",
    "resume",
    "retire_sim",
    "rewrite_lines",
    "set_msisdn",
    "set_static_addresses",
    "suspend",
    "swap_sim",
    "terminate",
    "top_up_data",
    "top_up_wallet",
    "unassign_sim",
    "unrestrict",
]

# The words for reasons and kinds, for those who ask people to choose one.
SuspensionReason = Suspension.Reason
SuspensionKind = Suspension.Kind

# Each stands in the line's profile, which every authentication reads.
MOST_DEVICES = 20

# What brings a card that was just assigned to the state of its sub-service.
_CATCHING_UP = {
    SubscriptionState.PENDING: (),
    SubscriptionState.ACTIVE: (SimAction.ACTIVATE,),
    SubscriptionState.SUSPENDED: (SimAction.ACTIVATE, SimAction.SUSPEND),
}


def create_subscription(*, subscriber_id: UUID) -> UUID:
    """A draft without a card. Raises NotFound for a subscriber that the scope does not see."""
    with transaction.atomic():
        guards.require("subscription.create", lambda: crm.facts_about(subscriber_id))
        account = crm.account_of(subscriber_id)
        now = scopes.current().now
        subscription = Subscription(
            id=ids.new_id(now),
            operator_id=scopes.current_operator_id(),
            subscriber_id=subscriber_id,
            state_changed_at=now,
            created_at=now,
        )
        subscription.save(force_insert=True)
        work = Work(subscription, account)
        work.publish(events.SubscriptionCreated, subscriber_id=subscriber_id)
    return subscription.id


def assign_sim(subscription_id: UUID, *, iccid: str) -> None:
    """Gives a card from stock to a sub-service that has none; an active one is on at once."""
    with working_on(subscription_id, "sim.assign") as work:
        subscription = work.subscription
        state = next_state(work.state, SubscriptionAction.ASSIGN_SIM)
        if subscription.sim_id is not None:
            raise HasSimAlready("the sub-service has a card; swap it instead")
        work.enter(state, SubscriptionAction.ASSIGN_SIM)
        card = inventory.assign(
            iccid, subscription_id=subscription.id, then=_CATCHING_UP[work.state]
        )
        subscription.sim_id = card.sim_id
        work.save()
        lines.attach(subscription, card, work.account)
        lines.write(subscription, card.core_id, card.imsi, work.account)
        work.publish(events.SimAssigned, **_names(card))


def unassign_sim(subscription_id: UUID) -> None:
    """Puts the card of a sub-service that was never active back into stock."""
    with working_on(subscription_id, "sim.unassign") as work:
        work.enter(
            next_state(work.state, SubscriptionAction.UNASSIGN_SIM),
            SubscriptionAction.UNASSIGN_SIM,
        )
        card = _take_card(work, SimAction.UNASSIGN)
        work.publish(events.SimUnassigned, **_names(card))


def activate(subscription_id: UUID) -> None:
    """Opens the network for a sub-service that has its card."""
    with working_on(subscription_id, "subscription.activate") as work:
        work.enter(next_state(work.state, SubscriptionAction.ACTIVATE), SubscriptionAction.ACTIVATE)
        work.subscription.activated_at = scopes.current().now
        numbering.open_number(work)
        _move_card(work, SimAction.ACTIVATE)
        purchases.buy_bound_plan(
            work.subscription, work.account, key=f"activation:{subscription_id}"
        )
        work.publish(events.SubscriptionActivated)


def suspend(subscription_id: UUID, *, reason: str, kind: str = "", note: str = "") -> None:
    """Adds a reason. The line goes off with the first one; the same one twice is refused.

    `kind` is hard or soft; where nobody says, what the operator has set as usual.
    """
    _require_choice("reason", reason, SuspensionReason.values)
    kind = kind or operators.get_operator_by_id(scopes.current_operator_id()).usual_suspension
    _require_choice("kind", kind, SuspensionKind.values)
    with working_on(subscription_id, "subscription.suspend") as work:
        subscription = work.subscription
        state = next_state(work.state, SubscriptionAction.SUSPEND)
        there = {one.reason for one in subscription.suspensions.all()}
        if reason in there:
            raise IllegalTransition(
                "sub-service", state=f"suspended for {reason}", action="suspend for that again"
            )
        Suspension.objects.create(
            id=ids.new_id(scopes.current().now),
            operator_id=subscription.operator_id,
            subscription=subscription,
            reason=reason,
            kind=kind,
            note=note[:200],
            since=scopes.current().now,
        )
        if not there:
            work.enter(state, SubscriptionAction.SUSPEND, cause=reason)
        _move_card(work, None if there else SimAction.SUSPEND)
        work.publish(
            events.SubscriptionSuspended, reason=reason, suspension=kind, is_first=not there
        )


def resume(subscription_id: UUID, *, reason: str) -> None:
    """Lifts one reason. The line comes back with the last one."""
    _require_choice("reason", reason, SuspensionReason.values)
    with working_on(subscription_id, "subscription.resume") as work:
        state = next_state(work.state, SubscriptionAction.RESUME)
        lifted, _ = work.subscription.suspensions.filter(reason=reason).delete()
        if not lifted:
            raise ReasonNotThere(f"it is not suspended for {reason}", reason=reason)
        remaining = tuple(work.subscription.suspensions.values_list("reason", flat=True))
        if not remaining:
            work.enter(state, SubscriptionAction.RESUME, cause=reason)
        _move_card(work, None if remaining else SimAction.RESUME)
        work.publish(events.SubscriptionResumed, reason=reason, remaining=remaining)


def swap_sim(subscription_id: UUID, *, iccid: str) -> None:
    """Another card takes over number, state and all the rest; the old one is retired."""
    with working_on(subscription_id, "sim.swap") as work:
        subscription = work.subscription
        old = subscription.sim
        if old is None:
            raise HasNoSim("there is no card to swap; assign one")
        swapguard.require_cooled_off(subscription, "another swap")
        approvals.require_second_person(asking.to_swap(subscription, sims.get_sim(iccid)))
        sqn = lines.detach(subscription, work.account)
        new = inventory.swap(
            old.iccid,
            iccid,
            subscription_id=subscription.id,
            then=_CATCHING_UP[work.state],
            sqn=sqn,
        )
        subscription.sim_id, subscription.swapped_at = new.sim_id, scopes.current().now
        work.save()
        lines.attach(subscription, new, work.account)
        lines.write(subscription, new.core_id, new.imsi, work.account)
        work.publish(
            events.SimSwapped,
            old_iccid=Iccid(old.iccid),
            old_imsi=Imsi(old.imsi),
            old_core_id=old.core_id,
            new_iccid=Iccid(new.iccid),
            new_imsi=Imsi(new.imsi),
            new_core_id=new.core_id,
        )


def retire_sim(iccid: str) -> None:
    """Ends a card for good. A sub-service that has it stays, without card and number."""
    subscription_id = sims.get_sim(iccid).subscription_id
    if subscription_id is None:
        guards.require("sim.retire")
        inventory.retire_from_stock(iccid)
        return
    with working_on(subscription_id, "sim.retire") as work:
        subscription = work.subscription
        if subscription.sim is None or subscription.sim.iccid != iccid:
            raise SimInUseElsewhere("the card changed hands meanwhile", iccid=iccid)
        if work.state is SubscriptionState.PENDING:
            state = next_state(work.state, SubscriptionAction.UNASSIGN_SIM)
            work.enter(state, SubscriptionAction.UNASSIGN_SIM)
        numbering.release_number(work)
        released, subscription.msisdn = number_of(subscription), ""
        card = _take_card(work, SimAction.RETIRE)
        work.publish(events.SimRetired, released_msisdn=released, **_names(card))


def terminate(subscription_id: UUID) -> None:
    """Ends a sub-service. A card that was in use is retired, one that was not goes to stock."""
    with working_on(subscription_id, "subscription.terminate") as work:
        subscription = work.subscription
        was_pending = work.state is SubscriptionState.PENDING
        work.enter(
            next_state(work.state, SubscriptionAction.TERMINATE), SubscriptionAction.TERMINATE
        )
        subscription.terminated_at = scopes.current().now
        subscription.suspensions.all().delete()
        numbering.release_number(work)
        if subscription.sim is None:
            work.write_without_card()
        elif was_pending:
            work.publish(events.SimUnassigned, **_names(_take_card(work, SimAction.UNASSIGN)))
        else:
            work.publish(events.SimRetired, **_names(_take_card(work, SimAction.RETIRE)))
        work.publish(events.SubscriptionTerminated, released_msisdn=number_of(subscription))


def lock_devices(subscription_id: UUID, *, imeis: Sequence[str]) -> None:
    """Lets only these devices use the line; none lifts the lock.

    The serving node asks at the next attach; a line that is open in another device goes off at
    its next registration, not before.
    """
    devices = parse_devices(imeis)
    with working_on(subscription_id, "subscription.device") as work:
        if work.state is SubscriptionState.TERMINATED:
            raise IllegalTransition("sub-service", state=work.state, action="be locked to devices")
        if work.subscription.device_lock == devices:
            return
        work.subscription.device_lock = devices
        work.save()
        _move_card(work, None)


def change_plan(subscription_id: UUID, *, code: str, key: str = "") -> None:
    """Binds a sub-service to the version of a plan that is on sale.

    One that is on pays at once out of the wallet (NotEnoughMoney refuses it) and begins with the
    new plan's allowances; others pay when they are activated. `key` makes a repetition harmless.
    """
    bought = catalogue.get_plan_for_sale(code)
    with working_on(subscription_id, "subscription.plan") as work:
        subscription = work.subscription
        if work.state is SubscriptionState.TERMINATED:
            raise IllegalTransition("sub-service", state=work.state, action="change its plan")
        if (
            subscription.activated_at is not None
            and key
            and purchases.is_posted(work.account, subscription.operator_id, f"plan:{key}")
        ):
            return
        before = subscription.plan_id
        subscription.plan_id, subscription.plan_version = bought.plan_id, bought.version
        work.save()
        _move_card(work, None)
        if subscription.activated_at is not None:
            purchases.buy_bound_plan(
                subscription, work.account, key=f"plan:{key or ids.new_id(scopes.current().now)}"
            )
        work.publish(
            events.PlanChanged,
            before=before,
            plan_id=bought.plan_id,
            plan_version=bought.version,
            plan_code=bought.code,
        )


def renew_plan(subscription_id: UUID, *, key: str) -> None:
    """Buys the plan that it holds once more: new allowances, from now on."""
    with working_on(subscription_id, "subscription.plan") as work:
        if work.state not in (SubscriptionState.ACTIVE, SubscriptionState.SUSPENDED):
            raise IllegalTransition("sub-service", state=work.state, action="renew its plan")
        purchases.buy_bound_plan(work.subscription, work.account, key=f"renewal:{key}")
        work.save()


def rewrite_lines(*, after: UUID | None = None, limit: int = 500) -> UUID | None:
    """Writes the network profiles of the operator's lines anew, `limit` of them in their order.

    For what concerns them all and is none of their own facts: a suspension of the operator, its
    time zone. Returns the last one's id, None when no more is left.
    """
    lines_of_network = Subscription.objects.exclude(
        state__in=(SubscriptionState.DRAFT, SubscriptionState.TERMINATED)
    )
    if after is not None:
        lines_of_network = lines_of_network.filter(id__gt=after)
    found = list(lines_of_network.order_by("id").values_list("id", flat=True)[:limit])
    for subscription_id in found:
        with working_on(subscription_id, None) as work:
            _move_card(work, None)
    return found[-1] if len(found) == limit else None


def top_up_data(
    subscription_id: UUID, *, octets: int, validity_days: int, price: Decimal, key: str
) -> bool:
    """Sells data to the line out of the wallet. False if `key` was posted before."""
    with working_on(subscription_id, "data.top_up") as work:
        return purchases.top_up_data(
            work.subscription,
            work.account,
            purchases.Package(octets, validity_days, price),
            key=f"data:{key}",
        )


def top_up_wallet(subscriber_id: UUID, *, amount: Decimal, key: str, reason: str = "") -> bool:
    """Adds money to a subscriber's wallet. False if `key` was posted before."""
    with transaction.atomic():
        money = purchases.in_operators_currency(amount)
        guards.require("wallet.top_up", lambda: crm.facts_about(subscriber_id, amount=money))
        account, posting = crm.account_of(subscriber_id), f"wallet:{key}"
        if not purchases.is_posted(account, scopes.current_operator_id(), posting):
            customer = crm.get_subscriber(subscriber_id)
            approvals.require_second_person(asking.to_top_up(customer, money, key, reason))
        return purchases.top_up_wallet(account, money, key=posting, reason=reason)


def _take_card(work: Work, action: SimAction) -> inventory.Card:
    """Takes the card out of the network and off the sub-service."""
    sim = work.subscription.sim
    if sim is None:
        raise HasNoSim("the sub-service has no card")
    sqn = lines.detach(work.subscription, work.account)
    card = inventory.move(sim.iccid, action, subscription_id=work.subscription.id, sqn=sqn)
    work.subscription.sim = None
    lines.write(work.subscription, card.core_id, "", work.account)
    return card


def _move_card(work: Work, action: SimAction | None) -> None:
    """Lets the card follow its sub-service, and the network know."""
    sim = work.subscription.sim
    if sim is None:
        work.write_without_card()
        return
    if action is not None:
        inventory.move(sim.iccid, action, subscription_id=work.subscription.id)
    lines.write(work.subscription, sim.core_id, sim.imsi, work.account)


def parse_devices(imeis: Sequence[str]) -> list[str]:
    """14 digits each, in order, each once. Raises InvalidValue with the place of what is none."""
    if len(imeis) > MOST_DEVICES:
        raise InvalidValue(f"a line is locked to {MOST_DEVICES} devices at most", field="imeis")
    devices = set()
    for position, text in enumerate(imeis):
        try:
            devices.add(device_of(Imei.parse(text)))
        except InvalidValue as error:
            raise InvalidValue(error.message, field=f"imeis[{position}]") from None
    return sorted(devices)


def _names(card: inventory.Card) -> dict[str, Any]:
    return {"iccid": Iccid(card.iccid), "imsi": Imsi(card.imsi), "core_id": card.core_id}


def _require_choice(field: str, value: str, choices: list[str]) -> None:
    if value not in choices:
        raise InvalidValue(f"not one of {', '.join(choices)}: {value!r}", field=field)
