"""Four eyes: what waits, who may decide, and what is done then."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from uuid import UUID

import pytest
from psycopg import sql

from tests.harness.databases import TestDatabase
from tests.unit.business.world import KI, OPENING_KEY, World, card_file, iccid
from wispgate.business.approvals import queries, services
from wispgate.business.approvals.errors import ApprovalNeeded, NotOwnRequest, OwnRequest
from wispgate.business.approvals.lifecycle import (
    TRANSITIONS,
    ApprovalAction,
    ApprovalState,
    next_state,
)
from wispgate.business.approvals.models import Approval
from wispgate.business.audit import queries as audit
from wispgate.business.balances import queries as balances
from wispgate.business.balances.ledger import Account
from wispgate.business.crm import queries as crm
from wispgate.business.inventory import queries as sims
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.models import Sim
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import PermissionMissing
from wispgate.business.staff.grants import Standing
from wispgate.business.staff.models import ApiToken, StaffMember
from wispgate.business.staff.principals import Principal
from wispgate.business.subscriptions import services as subscriptions
from wispgate.domain.authentication.keys import KeyMaterial
from wispgate.domain.authentication.sealing import keyring, open_sealed
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound


def hire(world: World, name: str, role: str = "operator_admin") -> Principal:
    email = f"{name}@north.example"
    with world.as_platform():
        member_id = staff.create_staff(
            email=email, name=name, role=role, password="correct horse battery", operator="north"
        )
    actor = scopes.Actor("staff", email)
    standing = Standing(person=f"staff:{member_id}")
    return Principal(actor, world.north, role, standing=standing)


@contextmanager
def acting(world: World, principal: Principal, *, reason: str = "") -> Iterator[None]:
    scope = scopes.Scope(
        now=world.clock.now(),
        actor=principal.actor,
        operator_id=world.north,
        authority=principal,
        reason=reason,
    )
    with scopes.within(scope):
        yield


def switch_on(world: World, act: str, above: str = "", hours: int = 72) -> None:
    with world.as_staff():
        limit = Decimal(above) if above else None
        services.set_rule(act, is_on=True, above=limit, valid_hours=hours)


def ask_to_top_up(world: World, who: Principal, subscriber: UUID, amount: str) -> Approval:
    with acting(world, who, reason="goodwill"):
        try:
            subscriptions.top_up_wallet(subscriber, amount=Decimal(amount), key="k1")
        except ApprovalNeeded as needed:
            return services.ask(needed.asked)
    raise AssertionError("nobody else was needed")


def money_of(world: World, subscriber: UUID) -> list[Decimal]:
    with world.as_staff():
        account = crm.account_of(subscriber)
        held = Account(world.north, account.account_id, account.partition)
        return [one.remaining for one in balances.list_balances(held)]


def test_without_a_rule_nobody_else_is_needed(world: World) -> None:
    ada, subscriber = hire(world, "ada"), world.subscriber()

    with acting(world, ada):
        assert subscriptions.top_up_wallet(subscriber, amount=Decimal(150), key="k1")

    assert money_of(world, subscriber) == [Decimal(150)]


def test_small_amounts_are_spared_and_large_ones_wait(world: World) -> None:
    switch_on(world, "wallet.top_up", above="100")
    ada, subscriber = hire(world, "ada"), world.subscriber()

    with acting(world, ada):
        assert subscriptions.top_up_wallet(subscriber, amount=Decimal(100), key="small")
    asked = ask_to_top_up(world, ada, subscriber, "100.01")

    assert money_of(world, subscriber) == [Decimal(100)]
    assert (asked.state, asked.requested_by, asked.reason) == (
        *("asked", "ada@north.example", "goodwill"),
    )
    assert asked.words == ["The wallet of Ada Lovelace gets 100.01 EUR."]
    with world.as_staff():
        assert queries.count_waiting("staff:bob") == 1
        assert queries.count_waiting(ada.person) == 0


def test_another_person_lets_it_happen_and_both_are_named(world: World) -> None:
    switch_on(world, "wallet.top_up")
    ada, bob, subscriber = hire(world, "ada"), hire(world, "bob"), world.subscriber()
    asked = ask_to_top_up(world, ada, subscriber, "150")

    with acting(world, bob):
        done = services.approve(asked.id, note="seen")

    assert (done.state, done.decided_by, done.arguments) == ("done", "bob@north.example", {})
    assert money_of(world, subscriber) == [Decimal(150)]
    with world.as_staff():
        entries = audit.list_entries(object_type="approvals_approval", object_id=str(asked.id))
    assert {one.actor for one in entries} == {"ada@north.example", "bob@north.example"}
    after = entries[0].after or {}
    assert after["decided_by"] == "bob@north.example"


def test_whoever_asked_cannot_approve_with_whatever_token(world: World) -> None:
    switch_on(world, "wallet.top_up")
    ada, subscriber = hire(world, "ada"), world.subscriber()
    asked = ask_to_top_up(world, ada, subscriber, "150")
    token = Principal(
        scopes.Actor("token", "ada's script"), world.north, "admin", standing=ada.standing
    )

    for same in (ada, token):
        with acting(world, same), pytest.raises(OwnRequest):
            services.approve(asked.id)

    assert money_of(world, subscriber) == []


def test_the_approver_may_do_the_act_and_decide(world: World) -> None:
    switch_on(world, "wallet.top_up")
    ada, subscriber = hire(world, "ada"), world.subscriber()
    asked = ask_to_top_up(world, ada, subscriber, "150")

    for role in ("viewer", "biller", "auditor"):
        with acting(world, hire(world, role, role)), pytest.raises(PermissionMissing):
            services.approve(asked.id)

    assert money_of(world, subscriber) == []


def test_a_swap_is_done_as_it_was_asked_for(world: World) -> None:
    line = world.line(1)
    world.stock(2)
    switch_on(world, "sim.swap")
    ada, bob = hire(world, "ada", "agent"), hire(world, "bob", "senior_agent")

    with acting(world, ada):
        with pytest.raises(ApprovalNeeded) as needed:
            subscriptions.swap_sim(line, iccid=iccid(2))
        asked = services.ask(needed.value.asked)
        again = services.ask(needed.value.asked)
        assert sims.get_sim(iccid(2)).state == "stock"
    with acting(world, bob):
        services.approve(asked.id)
        states = [sims.get_sim(iccid(number)).state for number in (1, 2)]

    assert again.id == asked.id
    assert states == ["retired", "activated"]


def test_what_is_impossible_by_now_has_failed_and_says_why(world: World) -> None:
    line = world.line(1)
    world.stock(2)
    switch_on(world, "sim.swap")
    ada, bob = hire(world, "ada"), hire(world, "bob")
    with acting(world, ada), pytest.raises(ApprovalNeeded) as needed:
        subscriptions.swap_sim(line, iccid=iccid(2))
    with acting(world, ada):
        asked = services.ask(needed.value.asked)
    with world.as_staff():
        subscriptions.retire_sim(iccid(2))

    with acting(world, bob):
        failed = services.approve(asked.id)
        assert sims.get_sim(iccid(1)).state == "activated"

    assert failed.state == "failed"
    assert "retired" in failed.failure


def test_who_lost_the_right_meanwhile_gets_nothing_done(world: World) -> None:
    switch_on(world, "wallet.top_up")
    ada, bob, subscriber = hire(world, "ada"), hire(world, "bob"), world.subscriber()
    asked = ask_to_top_up(world, ada, subscriber, "150")
    with world.as_platform():
        StaffMember.objects.filter(name="ada").update(is_active=False)

    with acting(world, bob):
        failed = services.approve(asked.id)

    assert (failed.state, "ada@north.example" in failed.failure) == ("failed", True)
    assert money_of(world, subscriber) == []


def test_a_program_whose_token_was_revoked_gets_nothing_done(world: World) -> None:
    switch_on(world, "wallet.top_up")
    bob, subscriber = hire(world, "bob"), world.subscriber()
    secret = world.token("biller")
    program = staff.authenticate_token(secret, address="", now=world.clock.now())
    asked = ask_to_top_up(world, program, subscriber, "150")
    with world.as_platform():
        ApiToken.objects.update(revoked_at=world.clock.now())

    with acting(world, bob):
        assert services.approve(asked.id).state == "failed"

    assert money_of(world, subscriber) == []


def test_a_request_is_over_after_its_time(world: World) -> None:
    switch_on(world, "wallet.top_up", hours=2)
    ada, bob, subscriber = hire(world, "ada"), hire(world, "bob"), world.subscriber()
    asked = ask_to_top_up(world, ada, subscriber, "150")

    world.clock.advance(hours=2)

    with acting(world, bob):
        with pytest.raises(IllegalTransition, match="expired"):
            services.approve(asked.id)
        assert [one.id for one in queries.list_approvals(state="expired")] == [asked.id]
        assert queries.list_approvals(state="asked") == []
    assert ask_to_top_up(world, ada, subscriber, "150").id != asked.id


def test_a_request_is_refused_by_others_and_withdrawn_by_its_own(world: World) -> None:
    switch_on(world, "wallet.top_up")
    ada, bob, subscriber = hire(world, "ada", "biller"), hire(world, "bob"), world.subscriber()

    first = ask_to_top_up(world, ada, subscriber, "150")
    with acting(world, ada):
        with pytest.raises(PermissionMissing):
            services.refuse(first.id)
        assert services.withdraw(first.id).decided_by == "ada@north.example"
    second = ask_to_top_up(world, ada, subscriber, "150")
    with acting(world, hire(world, "cy", "biller")), pytest.raises(PermissionMissing):
        services.refuse(second.id)
    with acting(world, bob):
        with pytest.raises(NotOwnRequest):
            services.withdraw(second.id)
        assert services.refuse(second.id, note="no").state == "refused"
        with pytest.raises(IllegalTransition):
            services.approve(second.id)

    assert money_of(world, subscriber) == []


def test_cards_wait_sealed_and_come_in_with_their_keys(
    world: World, database: TestDatabase
) -> None:
    switch_on(world, "sim.import")
    ada, bob = hire(world, "ada", "warehouse"), hire(world, "bob")

    with acting(world, ada):
        inventory.import_sims(card_file(1, 2), name="batch", is_dry_run=True)
        with pytest.raises(ApprovalNeeded) as needed:
            inventory.import_sims(card_file(1, 2), name="batch")
        asked = services.ask(needed.value.asked)
        with pytest.raises(ApprovalNeeded) as again:
            inventory.import_sims(card_file(1, 2), name="batch")
        assert services.ask(again.value.asked).id == asked.id
    for table in ("approvals_approval", "audit_auditentry"):
        assert not holds_a_secret(database, table)
    with acting(world, bob):
        services.approve(asked.id)
        cards = list(Sim.objects.all())

    assert [(card.iccid, card.state) for card in cards] == [
        *((iccid(number), "stock") for number in (1, 2)),
    ]
    clear = open_sealed(keyring([OPENING_KEY]), bytes(cards[0].sealed_key), bound_to=cards[0].iccid)
    assert KeyMaterial.decode(clear).k.hex() == KI.format(1)


def holds_a_secret(database: TestDatabase, table: str) -> bool:
    with database.admin() as admin:
        query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
        rows = admin.execute(query).fetchall()
    assert rows
    everything = " ".join(row[0] for row in rows)
    return any(secret in everything for secret in (KI.format(1), KI.format(2), "1234,"))


def test_cards_that_came_in_meanwhile_are_refused_with_other_data(world: World) -> None:
    switch_on(world, "sim.import")
    ada, bob = hire(world, "ada"), hire(world, "bob")
    with acting(world, ada), pytest.raises(ApprovalNeeded) as needed:
        inventory.import_sims(card_file(1), name="batch")
    with acting(world, ada):
        asked = services.ask(needed.value.asked)
    other = card_file(1).replace(b"465b5ce8", b"aaaaaaaa")
    with world.as_staff():
        inventory.import_sims(other, name="other")

    with acting(world, bob):
        assert services.approve(asked.id).state == "failed"
        assert Sim.objects.count() == 1


def test_another_operators_requests_are_not_there(world: World) -> None:
    switch_on(world, "wallet.top_up")
    asked = ask_to_top_up(world, hire(world, "ada"), world.subscriber(), "150")
    stranger = Principal(scopes.Actor("staff", "s"), world.south, "admin")
    scope = scopes.Scope(now=world.clock.now(), operator_id=world.south, authority=stranger)

    with scopes.within(scope):
        for decide in (services.approve, services.refuse, queries.get_approval):
            with pytest.raises(NotFound):
                decide(asked.id)
        assert queries.list_approvals() == []


@pytest.mark.parametrize(
    ("act", "given", "refusal"),
    [
        ("sim.fly", {}, NotFound),
        ("sim.swap", {"above": Decimal(1)}, InvalidValue),
        ("wallet.top_up", {"above": Decimal(-1)}, InvalidValue),
        ("wallet.top_up", {"valid_hours": 0}, InvalidValue),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    world: World, act: str, given: dict[str, object], refusal: type[Exception]
) -> None:
    with world.as_staff(), pytest.raises(refusal):
        services.set_rule(act, is_on=True, **given)  # type: ignore[arg-type]


def test_rules_are_off_until_they_are_switched_on_and_off_again(world: World) -> None:
    with world.as_staff():
        assert {rule.act.name for rule in queries.list_rules()} >= {"sim.swap", "sim.import"}
        assert not any(rule.is_on for rule in queries.list_rules())
        services.set_rule("sim.swap", is_on=True)
        services.set_rule("sim.swap", is_on=False)
        assert not queries.get_rule("sim.swap").is_on


def test_every_end_of_a_request_is_an_end() -> None:
    ends = {ApprovalState.DONE, ApprovalState.REFUSED, ApprovalState.FAILED, ApprovalState.EXPIRED}

    assert not ends & {state for state, _action in TRANSITIONS}
    for state in ends:
        for action in ApprovalAction:
            with pytest.raises(IllegalTransition):
                next_state(state, action)
