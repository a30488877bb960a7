"""Slowing down and shutting out: counted in the database, the same for known and unknown."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from tests.unit.business.login.conftest import PASSWORD, Desk
from tests.unit.business.world import World
from wispgate.business.audit import queries as audit
from wispgate.business.login.errors import TooManyAttempts
from wispgate.business.login.models import AttemptCount
from wispgate.business.login.services import attempts, entering, helping
from wispgate.business.staff.errors import LoginRefused
from wispgate.domain.login.slowing import RULES, Subject

FREE = RULES[Subject.ACCOUNT].free


def fail(desk: Desk, email: str, times: int, *, address: str = "198.51.100.9") -> list[type]:
    """What each attempt with a wrong password was answered."""
    seen = []
    for _ in range(times):
        try:
            entering.prove_password(email, "wrong", desk.caller(address))
        except (LoginRefused, TooManyAttempts) as error:
            seen.append(type(error))
    return seen


@pytest.mark.parametrize("email", ["ada@north.example", "nobody@north.example"])
def test_known_and_unknown_are_slowed_alike(desk: Desk, email: str) -> None:
    seen = fail(desk, email, FREE + 3)

    assert seen == [LoginRefused] * (FREE + 1) + [TooManyAttempts] * 2


def test_while_it_waits_the_right_password_is_not_looked_at(desk: Desk) -> None:
    fail(desk, desk.email, FREE + 1)

    with pytest.raises(TooManyAttempts) as refused:
        entering.prove_password(desk.email, PASSWORD, desk.caller("203.0.113.5"))

    assert refused.value.seconds == 2
    desk.world.clock.advance(seconds=2)
    assert entering.prove_password(desk.email, PASSWORD, desk.caller("203.0.113.5")) == desk.ada


def test_a_right_password_forgets_the_failures_of_the_account(desk: Desk) -> None:
    fail(desk, desk.email, FREE)
    entering.prove_password(desk.email, PASSWORD, desk.caller())

    assert fail(desk, desk.email, FREE) == [LoginRefused] * FREE


def test_nobody_can_lock_an_owner_out_of_a_device_that_they_used(desk: Desk) -> None:
    for _ in range(12):
        fail(desk, desk.email, 1)
        desk.world.clock.advance(minutes=16)
    fail(desk, desk.email, 1)

    with pytest.raises(TooManyAttempts):
        entering.prove_password(desk.email, PASSWORD, desk.caller())
    member = entering.prove_password(desk.email, PASSWORD, desk.caller(device="her laptop"))

    assert member == desk.ada


def test_a_known_device_is_slowed_by_its_own_failures(desk: Desk) -> None:
    caller = desk.caller(device="stolen laptop")
    for _ in range(FREE + 1):
        with pytest.raises(LoginRefused):
            entering.prove_password(desk.email, "wrong", caller)

    with pytest.raises(TooManyAttempts):
        entering.prove_password(desk.email, PASSWORD, caller)


def test_an_address_that_tries_many_accounts_is_slowed(desk: Desk) -> None:
    free = RULES[Subject.ADDRESS].free
    seen = [fail(desk, f"user{number}@north.example", 1)[0] for number in range(free + 2)]

    assert seen == [LoginRefused] * (free + 1) + [TooManyAttempts]
    assert fail(desk, "user0@north.example", 1, address="203.0.113.5") == [LoginRefused]


def test_ones_own_account_does_not_clear_an_address(desk: Desk) -> None:
    free = RULES[Subject.ADDRESS].free
    for number in range(free):
        fail(desk, f"user{number}@north.example", 1)
    entering.prove_password(desk.email, PASSWORD, desk.caller("198.51.100.9"))

    assert fail(desk, "another@north.example", 2) == [LoginRefused, TooManyAttempts]


def test_a_long_pause_is_in_the_audit_and_an_admin_lifts_it(desk: Desk) -> None:
    for _ in range(13):
        fail(desk, desk.email, 1)
        desk.world.clock.advance(minutes=15)
    fail(desk, desk.email, 1)
    with desk.world.as_platform():
        entries = audit.list_entries(object_type="login")
    with desk.world.as_staff():
        was_waiting = helping.unlock(desk.ada.id)

    assert entries[0].object_id == f"account {desk.email}"
    assert was_waiting
    assert entering.prove_password(desk.email, PASSWORD, desk.caller("198.51.100.9")) == desk.ada


def test_a_restart_forgets_nothing_and_the_table_names_nobody(desk: Desk) -> None:
    fail(desk, desk.email, 3)

    rows = list(AttemptCount.objects.all())

    assert {row.failures for row in rows} == {3}
    assert not any("ada" in str(vars(row)) or "198.51" in str(vars(row)) for row in rows)
    assert attempts.forget_old(desk.now) == 0
    desk.world.clock.advance(days=2)
    assert attempts.forget_old(desk.now) == len(rows)


def test_a_hundred_at_once_are_a_hundred_failures(desk: Desk, world: World) -> None:
    scope, subjects = desk.caller().scope(), {Subject.FACTOR: "somebody"}

    def attempt(_: int) -> bool:
        try:
            attempts.begin(subjects, scope=scope)
        except TooManyAttempts:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(8) as pool:
        taken = sum(pool.map(attempt, range(100)))

    assert taken == RULES[Subject.FACTOR].free + 1
