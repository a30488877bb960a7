"""The line of a sub-service in the network: its hot row, identities and authentication.

Called by this app's services inside their transaction, with the sub-service's row locked. All of
a line is in the partition of its subscriber's account.
"""

from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.crm import queries as crm
from wispgate.business.inventory.services import Card
from wispgate.business.operators import hot, outbox
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions.errors import MsisdnTaken
from wispgate.business.subscriptions.models import Subscription
from wispgate.business.subscriptions.profile import compile_for
from wispgate.domain.plan.compiled import Zone
from wispgate.domain.policy.events import NetworkProfileChanged
from wispgate.kernel.events import Event

IDENTITY_KINDS = ("imsi", "iccid", "msisdn")


def attach(subscription: Subscription, card: Card, account: crm.Account) -> None:
    """Makes the card's identities find the line, and its key known to the authentication function."""
    add_identity(subscription, "imsi", card.imsi, card.core_id, account)
    add_identity(subscription, "iccid", card.iccid, card.core_id, account)
    if subscription.msisdn:
        add_identity(subscription, "msisdn", subscription.msisdn, card.core_id, account)
    hot.run(
        "put_authentication",
        partition=account.partition,
        core_id=card.core_id,
        imsi=card.imsi,
        operator_id=subscription.operator_id,
        account_id=account.account_id,
        line_id=subscription.id,
        iccid=card.iccid,
        sealed_key=card.sealed_key,
        sqn=card.sqn,
    )


def detach(subscription: Subscription, account: crm.Account) -> int | None:
    """Takes identities and key from the network. Returns the card's sequence number."""
    for kind in IDENTITY_KINDS:
        hot.run("remove_identities", line_id=subscription.id, kind=kind)
    removed = hot.run("remove_authentication", partition=account.partition, line_id=subscription.id)
    return removed[0]["sqn"] if removed else None


def set_msisdn(subscription: Subscription, core_id: UUID, account: crm.Account) -> None:
    """Makes the sub-service's present number, and no other, find the line."""
    hot.run("remove_identities", line_id=subscription.id, kind="msisdn")
    if subscription.msisdn:
        add_identity(subscription, "msisdn", subscription.msisdn, core_id, account)


def add_identity(
    subscription: Subscription, kind: str, value: str, core_id: UUID, account: crm.Account
) -> None:
    """Raises MsisdnTaken where another line of the core, perhaps another operator's, has it."""
    identity = {
        "core_id": core_id,
        "kind": kind,
        "value": value,
        "operator_id": subscription.operator_id,
        "account_id": account.account_id,
        "partition": account.partition,
        "line_id": subscription.id,
    }
    try:
        with transaction.atomic():
            hot.execute("add_identity", identity)
    except IntegrityError as error:
        # IMSIs and ICCIDs are unique in the stock already; only a number can be somebody else's.
        if kind != "msisdn" or "identity_pkey" not in str(error):
            raise
        raise MsisdnTaken(f"{value} is in use", msisdn=value) from None


def write(subscription: Subscription, core_id: UUID, imsi: str, account: crm.Account) -> None:
    """Counts the version up and writes what the network must know now; tells enforcement.

    Saves the sub-service; call it when everything else is done.
    """
    now = scopes.current().now
    subscription.profile_version += 1
    subscription.save()
    operator = operators.get_operator_by_id(subscription.operator_id)
    profile = compile_for(
        subscription,
        subscription.suspensions.all(),
        currency=operator.currency,
        time_zone=operator.time_zone,
        plmns=operators.get_core_by_id(core_id).plmns,
        zones=[
            Zone(zone.name, tuple(zone.networks))
            for zone in operators.list_roaming_zones(subscription.operator_id)
        ],
        operator_suspensions=operators.suspension_reasons(subscription.operator_id),
        now=now,
    )
    hot.run(
        "put_line",
        partition=account.partition,
        line_id=subscription.id,
        operator_id=subscription.operator_id,
        account_id=account.account_id,
        core_id=core_id,
        state=subscription.state,
        imsi=imsi or None,
        msisdn=subscription.msisdn or None,
        profile=profile.encode(),
        profile_version=subscription.profile_version,
        # Without a plan: the network side knows the basic one itself.
        plan_id=subscription.plan_id,
        plan_version=subscription.plan_version,
        time_zone=operator.time_zone,
        now=now,
    )
    changed = NetworkProfileChanged(
        operator_id=subscription.operator_id,
        occurred_at=now,
        account_id=account.account_id,
        line_id=subscription.id,
        version=subscription.profile_version,
    )
    publish(changed, account)


def rewrite(subscription: Subscription, account: crm.Account) -> None:
    """Writes what the network must know of a line whose card stays as it is."""
    sim = subscription.sim
    if sim is not None:
        write(subscription, sim.core_id, sim.imsi, account)
        return
    core_id = find_core(subscription, account)
    if core_id is None:
        # It never had a card, and the network never heard of it.
        subscription.save()
    else:
        write(subscription, core_id, "", account)


def publish(event: Event, account: crm.Account) -> None:
    outbox.publish(event, partition=account.partition)


def find_core(subscription: Subscription, account: crm.Account) -> UUID | None:
    """The core that knows the line; None for one that never had a card."""
    rows = hot.run("find_line", partition=account.partition, line_id=subscription.id)
    return rows[0]["core_id"] if rows else None


def is_exhausted(subscription: Subscription, account: crm.Account) -> bool:
    """Whether charging has found the line's data used up."""
    rows = hot.run("find_line", partition=account.partition, line_id=subscription.id)
    return bool(rows and rows[0]["is_exhausted"])
