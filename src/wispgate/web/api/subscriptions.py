"""/subscriptions: sub-services and what can be done to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router

from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries, services
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.domain.plan.speed import Speed
from wispgate.kernel.errors import InvalidValue
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import (
    Because,
    ChosenMsisdn,
    ChosenSim,
    DeviceLock,
    LiftedRestriction,
    LiftedSuspension,
    NewRestriction,
    NewSubscription,
    NewSuspension,
    StaticAddresses,
    SubscriptionOut,
    SubscriptionPage,
)

router = Router(tags=["subscriptions"])


class SubscriptionFilter(Page):
    state: SubscriptionState | None = None
    subscriber_id: UUID | None = None


@router.post("", auth=BearerToken("subscription.create"), response={201: SubscriptionOut})
def create_subscription(request: HttpRequest, body: NewSubscription) -> SubscriptionOut:
    """A draft of a sub-service; it needs a card before it can be activated."""
    return _show(services.create_subscription(subscriber_id=body.subscriber_id))


@router.get("", auth=BearerToken("subscription.read"), response=SubscriptionPage)
def list_subscriptions(request: HttpRequest, page: Query[SubscriptionFilter]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.list_subscriptions(
        state=page.state or "",
        subscriber_id=page.subscriber_id,
        after=page.uuid_key(),
        limit=page.limit + 1,
    )
    return page_of(rows, page, key=lambda row: row.id, show=SubscriptionOut.show)


@router.get("/{subscription_id}", auth=BearerToken("subscription.read"), response=SubscriptionOut)
def get_subscription(request: HttpRequest, subscription_id: UUID) -> SubscriptionOut:
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/assign-sim", auth=BearerToken("sim.assign"), response=SubscriptionOut
)
def assign_sim(request: HttpRequest, subscription_id: UUID, body: ChosenSim) -> SubscriptionOut:
    """Gives it a card from stock."""
    services.assign_sim(subscription_id, iccid=body.iccid)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/unassign-sim", auth=BearerToken("sim.unassign"), response=SubscriptionOut
)
def unassign_sim(
    request: HttpRequest, subscription_id: UUID, body: Because | None = None
) -> SubscriptionOut:
    """Puts the card back into stock, as long as it was never activated."""
    with _because(body):
        services.unassign_sim(subscription_id)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/msisdn", auth=BearerToken("subscription.number"), response=SubscriptionOut
)
def set_msisdn(request: HttpRequest, subscription_id: UUID, body: ChosenMsisdn) -> SubscriptionOut:
    """Gives it a number, another one, or none."""
    services.set_msisdn(subscription_id, msisdn=body.msisdn or "")
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/activate",
    auth=BearerToken("subscription.activate"),
    response=SubscriptionOut,
)
def activate(
    request: HttpRequest, subscription_id: UUID, body: Because | None = None
) -> SubscriptionOut:
    """Opens the network to it."""
    with _because(body):
        services.activate(subscription_id)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/suspend", auth=BearerToken("subscription.suspend"), response=SubscriptionOut
)
def suspend(request: HttpRequest, subscription_id: UUID, body: NewSuspension) -> SubscriptionOut:
    """Adds a reason; it is off while there is one."""
    services.suspend(subscription_id, reason=body.reason, kind=body.kind or "", note=body.note)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/resume", auth=BearerToken("subscription.resume"), response=SubscriptionOut
)
def resume(request: HttpRequest, subscription_id: UUID, body: LiftedSuspension) -> SubscriptionOut:
    """Lifts one reason; it is on again with the last one."""
    services.resume(subscription_id, reason=body.reason)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/restrict",
    auth=BearerToken("subscription.suspend"),
    response=SubscriptionOut,
)
def restrict(request: HttpRequest, subscription_id: UUID, body: NewRestriction) -> SubscriptionOut:
    """Takes something away from it without suspending it."""
    given = body.dict(exclude={"speed_up_bps", "speed_down_bps"})
    services.restrict(subscription_id, **given, speed=_speed(body))
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/unrestrict",
    auth=BearerToken("subscription.resume"),
    response=SubscriptionOut,
)
def unrestrict(
    request: HttpRequest, subscription_id: UUID, body: LiftedRestriction
) -> SubscriptionOut:
    """Lifts one restriction."""
    services.unrestrict(subscription_id, profile=body.profile, reason=body.reason)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/static-addresses",
    auth=BearerToken("subscription.device"),
    response=SubscriptionOut,
)
def set_static_addresses(
    request: HttpRequest, subscription_id: UUID, body: StaticAddresses
) -> SubscriptionOut:
    """The address that it always gets in an APN, where its plan allows that."""
    with scopes.because(body.reason):
        services.set_static_addresses(subscription_id, addresses=body.addresses)
    return _show(subscription_id)


@router.post("/{subscription_id}/swap-sim", auth=BearerToken("sim.swap"), response=SubscriptionOut)
def swap_sim(request: HttpRequest, subscription_id: UUID, body: ChosenSim) -> SubscriptionOut:
    """Another card takes over number and state; the old one is retired."""
    services.swap_sim(subscription_id, iccid=body.iccid)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/device-lock",
    auth=BearerToken("subscription.device"),
    response=SubscriptionOut,
)
def lock_devices(request: HttpRequest, subscription_id: UUID, body: DeviceLock) -> SubscriptionOut:
    """Lets only these devices use the line; an empty list lifts the lock."""
    with scopes.because(body.reason):
        services.lock_devices(subscription_id, imeis=body.imeis)
    return _show(subscription_id)


@router.post(
    "/{subscription_id}/terminate",
    auth=BearerToken("subscription.terminate"),
    response=SubscriptionOut,
)
def terminate(
    request: HttpRequest, subscription_id: UUID, body: Because | None = None
) -> SubscriptionOut:
    """Ends it for good."""
    with _because(body):
        services.terminate(subscription_id)
    return _show(subscription_id)


def _speed(body: NewRestriction) -> Speed | None:
    up, down = body.speed_up_bps, body.speed_down_bps
    if up is None and down is None:
        return None
    if up is None or down is None:
        raise InvalidValue("a speed has two ways: up and down", field="speed_up_bps")
    return Speed(up, down)


@contextmanager
def _because(body: Because | None) -> Iterator[None]:
    with scopes.because(body.reason if body else ""):
        yield


def _show(subscription_id: UUID) -> SubscriptionOut:
    return SubscriptionOut.show(queries.get_subscription(subscription_id))
