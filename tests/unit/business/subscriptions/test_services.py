"""What can be done to a sub-service, and what the network and the audit get to know of it."""

from uuid import UUID, uuid4

import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, iccid, imsi
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory.errors import SimInUseElsewhere
from wispgate.business.operators import settings
from wispgate.business.subscriptions import queries
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.subscriptions.errors import (
    HasNoSim,
    HasSimAlready,
    MsisdnTaken,
    ReasonNotThere,
)
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound


def events_of(database: TestDatabase) -> list[str]:
    with database.admin() as admin:
        rows = admin.execute("SELECT kind FROM hot_00.outbox ORDER BY xid, event_id").fetchall()
    return [kind for (kind,) in rows if kind != "policy.network_profile_changed"]


def identities_of(database: TestDatabase, line: UUID) -> set[tuple[str, str]]:
    with database.admin() as admin:
        return set(
            admin.execute("SELECT kind, value FROM identity WHERE line_id = %s", [line]).fetchall()
        )


def states_of(world: World, line: UUID, number: int) -> tuple[str, str]:
    with world.as_staff():
        return queries.get_subscription(line).state, sims.get_sim(iccid(number)).state


def test_a_draft_is_created_for_a_subscriber_of_ones_own(world: World) -> None:
    foreign = world.subscriber(operator=world.south)

    made = world.subscription()

    with world.as_staff():
        assert queries.get_subscription(made).state == "draft"
        for stranger in (foreign, uuid4()):
            with pytest.raises(NotFound):
                subscriptions.create_subscription(subscriber_id=stranger)


def test_an_assigned_card_is_known_to_the_network_but_not_on(
    world: World, database: TestDatabase
) -> None:
    line = world.line(1, "pending")

    with world.as_staff():
        presence = queries.get_line(imsi(1))
    assert states_of(world, line, 1) == ("pending", "assigned")
    assert (presence.line.state, presence.line.profile["barring"]) == ("pending", "no_attach")
    assert presence.authentication is not None
    assert identities_of(database, line) == {("imsi", imsi(1)), ("iccid", iccid(1))}
    assert events_of(database) == ["subscriber.created", "subscription.created", "sim.assigned"]


def test_a_second_card_is_refused(world: World) -> None:
    line = world.line(1)
    world.stock(2)

    with world.as_staff(), pytest.raises(HasSimAlready):
        subscriptions.assign_sim(line, iccid=iccid(2))


def test_a_card_in_use_cannot_be_assigned_again(world: World) -> None:
    world.line(1)
    other = world.subscription()

    with world.as_staff(), pytest.raises(IllegalTransition):
        subscriptions.assign_sim(other, iccid=iccid(1))


def test_unassigning_gives_card_and_sequence_number_back(
    world: World, database: TestDatabase
) -> None:
    line = world.line(1, "pending")
    with database.admin() as admin:
        admin.execute("UPDATE hot_00.authentication SET sqn = 8192")

    with world.as_staff():
        subscriptions.unassign_sim(line)
        sim = sims.get_sim(iccid(1))
        presence = queries.get_line(str(line))

    assert states_of(world, line, 1) == ("draft", "stock")
    assert (sim.sqn, sim.subscription_id) == (8192, None)
    assert presence.authentication is presence.registration is None
    assert identities_of(database, line) == set()


def test_activation_opens_the_network(world: World, database: TestDatabase) -> None:
    line = world.line(1, "pending")

    with world.as_staff():
        subscriptions.activate(line)
        presence, made = queries.get_line(imsi(1)), queries.get_subscription(line)

    assert states_of(world, line, 1) == ("active", "activated")
    assert "barring" not in presence.line.profile
    assert presence.line.profile_version == made.profile_version == 2
    assert made.activated_at == world.clock.now()
    assert events_of(database)[-1] == "subscription.activated"


@pytest.mark.parametrize(("kind", "barring"), [("hard", "no_attach"), ("soft", "no_session")])
def test_a_suspended_line_is_kept_out(world: World, kind: str, barring: str) -> None:
    line = world.line(1)

    with world.as_staff():
        subscriptions.suspend(line, reason="overdue", kind=kind, note="May")
        presence = queries.get_line(imsi(1))

    assert states_of(world, line, 1) == ("suspended", "suspended")
    assert (presence.line.state, presence.line.profile["barring"]) == ("suspended", barring)
    assert presence.authentication is not None


@pytest.mark.parametrize(("usual", "barring"), [("hard", "no_attach"), ("soft", "no_session")])
def test_where_nobody_says_a_line_is_suspended_as_usual(
    world: World, usual: str, barring: str
) -> None:
    line = world.line(1)

    with world.as_staff():
        settings.set_usual_suspension(usual)
        subscriptions.suspend(line, reason="overdue")
        presence = queries.get_line(imsi(1))

    assert presence.line.profile["barring"] == barring


def test_an_unknown_kind_is_not_usual(world: World) -> None:
    with world.as_staff(), pytest.raises(InvalidValue, match="one of hard, soft"):
        settings.set_usual_suspension("gentle")


def test_reasons_stack_and_each_is_lifted_singly(world: World, database: TestDatabase) -> None:
    line = world.line(1)

    with world.as_staff():
        subscriptions.suspend(line, reason="overdue", kind="soft")
        subscriptions.suspend(line, reason="fraud")
        subscriptions.resume(line, reason="overdue")
        after_payment = queries.get_subscription(line)
        reasons = [str(one) for one in after_payment.suspensions.all()]

    assert (after_payment.state, reasons) == ("suspended", ["fraud"])
    with world.as_staff():
        subscriptions.resume(line, reason="fraud")
    assert states_of(world, line, 1) == ("active", "activated")
    assert events_of(database)[-4:] == ["subscription.suspended"] * 2 + ["subscription.resumed"] * 2


def test_the_same_reason_twice_is_refused(world: World) -> None:
    line = world.line(1)

    with world.as_staff():
        subscriptions.suspend(line, reason="fraud")
        with pytest.raises(IllegalTransition):
            subscriptions.suspend(line, reason="fraud")
        assert queries.get_subscription(line).suspensions.count() == 1


def test_a_reason_that_is_not_there_cannot_be_lifted(world: World) -> None:
    line = world.line(1, "suspended")

    with world.as_staff():
        with pytest.raises(ReasonNotThere):
            subscriptions.resume(line, reason="fraud")
        with pytest.raises(InvalidValue):
            subscriptions.resume(line, reason="boredom")
        with pytest.raises(InvalidValue):
            subscriptions.suspend(line, reason="fraud", kind="medium")


@pytest.mark.parametrize("state", ["pending", "active", "suspended"])
def test_a_swap_keeps_number_and_state(world: World, database: TestDatabase, state: str) -> None:
    line = world.line(1, state)
    world.stock(2)
    card = {"pending": "assigned", "active": "activated"}.get(state, state)

    with world.as_staff():
        subscriptions.set_msisdn(line, msisdn="+46 70 123")
        subscriptions.swap_sim(line, iccid=iccid(2))
        made = queries.get_subscription(line)

    assert (made.msisdn, made.state, made.sim.iccid) == ("4670123", state, iccid(2))
    assert states_of(world, line, 1) == (state, "retired")
    assert states_of(world, line, 2) == (state, card)
    assert identities_of(database, line) == {
        *(("imsi", imsi(2)), ("iccid", iccid(2)), ("msisdn", "4670123"))
    }
    with database.admin() as admin:
        known = admin.execute("SELECT imsi FROM hot_00.authentication").fetchall()
    assert known == [(imsi(2),)]


def test_a_refused_swap_leaves_everything_as_it_was(world: World, database: TestDatabase) -> None:
    line = world.line(1)
    other = world.line(2)
    before = identities_of(database, line)

    with world.as_staff():
        for number, refusal in ((2, IllegalTransition), (1, IllegalTransition), (3, NotFound)):
            with pytest.raises(refusal):
                subscriptions.swap_sim(line, iccid=iccid(number))

    assert states_of(world, line, 1) == states_of(world, other, 2) == ("active", "activated")
    assert identities_of(database, line) == before


def test_without_a_card_there_is_nothing_to_swap(world: World) -> None:
    line = world.subscription()

    with world.as_staff(), pytest.raises(HasNoSim):
        subscriptions.swap_sim(line, iccid=iccid(1))


@pytest.mark.parametrize(
    ("before", "after"), [("pending", "draft"), ("active", "active"), ("suspended", "suspended")]
)
def test_retiring_a_card_in_use_leaves_the_sub_service_without(
    world: World, database: TestDatabase, before: str, after: str
) -> None:
    line = world.line(1, before)
    with world.as_staff():
        subscriptions.set_msisdn(line, msisdn="4670123")

    with world.as_staff():
        subscriptions.retire_sim(iccid(1))
        made, presence = queries.get_subscription(line), queries.get_line(str(line))
        with pytest.raises(NotFound):
            queries.get_line(imsi(1))

    assert (made.state, made.sim, made.msisdn) == (after, None, "")
    assert states_of(world, line, 1) == (after, "retired")
    assert (presence.line.imsi, presence.authentication) == (None, None)
    assert identities_of(database, line) == set()
    assert events_of(database)[-1] == "sim.retired"


def test_a_card_in_stock_is_retired_without_a_line(world: World) -> None:
    world.stock(1)

    with world.as_staff():
        subscriptions.retire_sim(iccid(1))
        with pytest.raises(IllegalTransition):
            subscriptions.retire_sim(iccid(1))
        with pytest.raises(NotFound):
            subscriptions.retire_sim(iccid(2))
        assert sims.get_sim(iccid(1)).state == "retired"


@pytest.mark.parametrize(("state", "card"), [("active", "activated"), ("suspended", "suspended")])
def test_a_new_card_catches_up_with_its_sub_service(world: World, state: str, card: str) -> None:
    line = world.line(1, state)
    world.stock(2)

    with world.as_staff():
        subscriptions.retire_sim(iccid(1))
        subscriptions.assign_sim(line, iccid=iccid(2))

    assert states_of(world, line, 2) == (state, card)


def test_reasons_stack_without_a_card_too(world: World) -> None:
    line = world.line(1)

    with world.as_staff():
        subscriptions.retire_sim(iccid(1))
        subscriptions.suspend(line, reason="operator")
        off = queries.get_line(str(line)).line.state
        subscriptions.resume(line, reason="operator")
        on = queries.get_line(str(line)).line.state

    assert (off, on) == ("suspended", "active")


@pytest.mark.parametrize(
    ("state", "card"), [("pending", "stock"), ("active", "retired"), ("suspended", "retired")]
)
def test_termination_ends_the_line_for_good(
    world: World, database: TestDatabase, state: str, card: str
) -> None:
    line = world.line(1, state)

    with world.as_staff():
        subscriptions.terminate(line)
        presence = queries.get_line(str(line))
        for verb in (subscriptions.activate, subscriptions.terminate, subscriptions.unassign_sim):
            with pytest.raises(IllegalTransition):
                verb(line)
        with pytest.raises(IllegalTransition):
            subscriptions.set_msisdn(line, msisdn="")

    assert states_of(world, line, 1) == ("terminated", card)
    assert presence.line.profile["barring"] == "withdrawn"
    card_event = "sim.unassigned" if state == "pending" else "sim.retired"
    assert events_of(database)[-2:] == [card_event, "subscription.terminated"]
    assert identities_of(database, line) == set()


def test_a_draft_is_terminated_without_a_line(world: World) -> None:
    made = world.subscription()

    with world.as_staff():
        subscriptions.terminate(made)

        assert queries.get_subscription(made).state == "terminated"
        with pytest.raises(NotFound):
            queries.get_line(str(made))


def test_a_number_finds_its_line_and_no_other(world: World, database: TestDatabase) -> None:
    line, other = world.line(1), world.line(2)

    with world.as_staff():
        subscriptions.set_msisdn(line, msisdn="+4670123")
        with pytest.raises(MsisdnTaken):
            subscriptions.set_msisdn(other, msisdn="4670123")
        subscriptions.set_msisdn(line, msisdn="4670124")
        subscriptions.set_msisdn(other, msisdn="4670123")
        subscriptions.set_msisdn(line, msisdn="")
        with pytest.raises(InvalidValue):
            subscriptions.set_msisdn(line, msisdn="home")

    assert ("msisdn", "4670123") in identities_of(database, other)
    assert {kind for kind, _ in identities_of(database, line)} == {"imsi", "iccid"}


def test_a_number_of_another_operator_in_the_core_is_taken(world: World) -> None:
    mine, theirs = world.line(1), world.line(500_001, operator=world.south)
    with world.as_staff(world.south):
        subscriptions.set_msisdn(theirs, msisdn="4670123")

    with world.as_staff():
        with pytest.raises(MsisdnTaken):
            subscriptions.set_msisdn(mine, msisdn="4670123")

        assert queries.get_subscription(mine).msisdn == ""


def test_a_number_given_before_the_card_is_found_with_it(
    world: World, database: TestDatabase
) -> None:
    line = world.subscription()
    world.stock(1)

    with world.as_staff():
        subscriptions.set_msisdn(line, msisdn="4670123")
        subscriptions.assign_sim(line, iccid=iccid(1))

    assert ("msisdn", "4670123") in identities_of(database, line)


def test_a_foreign_sub_service_is_not_found(world: World) -> None:
    foreign = world.line(500_001, operator=world.south)

    with world.as_staff():
        for verb in (subscriptions.activate, subscriptions.terminate):
            with pytest.raises(NotFound):
                verb(foreign)
        with pytest.raises(NotFound):
            queries.get_line(str(foreign))
        with pytest.raises(NotFound):
            queries.get_line(imsi(500_001))


def test_a_card_that_changed_hands_meanwhile_is_told(world: World) -> None:
    line = world.line(1)
    with world.as_staff():
        sims_row = queries.get_subscription(line)
        type(sims_row).objects.filter(id=line).update(sim=None)

        with pytest.raises(SimInUseElsewhere):
            subscriptions.retire_sim(iccid(1))


def test_lines_are_listed_in_pages_with_few_statements(
    world: World, django_assert_num_queries: object
) -> None:
    made = {world.line(number) for number in range(3)}

    with world.as_staff():
        with django_assert_num_queries(2):  # type: ignore[operator]
            first = queries.list_subscriptions(limit=2)
        rest = queries.list_subscriptions(after=first[-1].id)
        mine = queries.list_subscriptions(subscriber_id=first[0].subscriber_id, state="active")

    assert {one.id for one in [*first, *rest]} == made
    assert [one.id for one in mine] == [first[0].id]


@pytest.mark.parametrize("partitions", [3], indirect=True)
def test_all_of_a_line_is_in_its_accounts_partition(world: World, database: TestDatabase) -> None:
    lines = {world.line(number) for number in range(12)}

    with database.admin() as admin:
        for table in ("line", "authentication", "outbox"):
            rows = admin.execute(
                " UNION ALL ".join(
                    f"SELECT t.line_id, {number}, i.partition FROM hot_{number:02d}.{table} t "  # noqa: S608
                    "JOIN identity i USING (line_id) WHERE i.kind = 'imsi'"
                    for number in range(3)
                )
            ).fetchall()
            assert {line for line, _, _ in rows} == lines
            assert all(here == written for _, here, written in rows)
            assert len({here for _, here, _ in rows}) > 1
    with world.as_staff():
        assert queries.get_line(imsi(11)).authentication is not None
