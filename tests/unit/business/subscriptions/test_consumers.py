"""What sub-services learn from the network."""

from uuid import uuid4

import pytest

from tests.unit.business.world import World
from wispgate.business.inventory.lifecycle import SimState
from wispgate.business.inventory.lifecycle import actions_from as sim_actions
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries
from wispgate.business.subscriptions.consumers import record_first_registrations
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.lifecycle import actions_from as line_actions
from wispgate.store.outbox import StoredEvent


def test_only_the_first_registration_is_kept(world: World) -> None:
    line = world.line(1)
    first = world.clock.now()

    def told(kind: str) -> StoredEvent:
        return StoredEvent(
            event_id=uuid4(), xid="1", operator_id=world.north, account_id=None, line_id=line,
            kind=kind, payload={"mme_host": "mme.lab"}, occurred_at=world.clock.now(),
        )  # fmt: skip

    with scopes.within(scopes.Scope(now=first)):
        events = [told("line.purged"), told("line.registered")]
        world.clock.advance(hours=1)
        record_first_registrations([*events, told("line.registered")])

    with world.as_staff():
        assert queries.get_subscription(line).first_registered_at == first


@pytest.mark.parametrize("state", [SimState.RETIRED])
def test_a_retired_card_can_do_nothing(state: SimState) -> None:
    assert sim_actions(state) == []


def test_a_draft_can_be_given_a_card_or_ended() -> None:
    assert line_actions(SubscriptionState.DRAFT) == ["assign_sim", "terminate"]
