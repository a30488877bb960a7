"""Verbs that may need a second person: what is told of them, and how they are done later."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from wispgate.business.approvals.acts import Act, Arguments, Asked
from wispgate.business.subscriptions.models import Subscription
from wispgate.kernel.money import Money

SWAP, TOP_UP = "sim.swap", "wallet.top_up"


def to_swap(subscription: Subscription, new: Any) -> Asked:
    """`new` is the card (`inventory`) that would take over."""
    old, customer = subscription.sim, subscription.subscriber.name
    if old is None:
        raise ValueError("a line without a card has nothing to swap")
    return Asked(
        act=SWAP,
        arguments={"subscription_id": str(subscription.id), "iccid": new.iccid},
        title=f"Swap the SIM of {customer}",
        words=[
            f"The card {new.iccid} takes over the line, its number and all that belongs to it.",
            f"The card {old.iccid} (IMSI {old.imsi}) is retired for good.",
        ],
        object_type="subscriptions_subscription",
        object_id=str(subscription.id),
    )


def to_top_up(customer: Any, money: Money, key: str, reason: str) -> Asked:
    """`customer` is the subscriber (`crm`) whose wallet gets the money."""
    return Asked(
        act=TOP_UP,
        arguments={
            "subscriber_id": str(customer.id),
            "amount": f"{money.amount:f}",
            "key": key,
            "reason": reason,
        },
        title=f"Add {money} to the wallet of {customer.name}",
        words=[f"The wallet of {customer.name} gets {money}."],
        amount=money,
        object_type="crm_subscriber",
        object_id=str(customer.id),
    )


def acts() -> list[Act]:
    """Registered when the app is ready."""
    return [
        Act(SWAP, "Swap a SIM", "sim.swap", _swap),
        Act(TOP_UP, "Add money to a wallet", "wallet.top_up", _top_up, has_amount=True),
    ]


def _swap(given: Arguments) -> None:
    from wispgate.business.subscriptions import services  # noqa: PLC0415 (which asks by this module)

    services.swap_sim(UUID(given["subscription_id"]), iccid=given["iccid"])


def _top_up(given: Arguments) -> None:
    from wispgate.business.subscriptions import services  # noqa: PLC0415 (which asks by this module)

    services.top_up_wallet(
        UUID(given["subscriber_id"]),
        amount=Decimal(given["amount"]),
        key=given["key"],
        reason=given["reason"],
    )
