"""Sessions: by our clock, by hash, ended by what changes their owner."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.unit.business.login.conftest import PASSWORD, Desk
from wispgate.business.login.models import Session
from wispgate.business.login.services import passwords, policies, sessions
from wispgate.business.login.services.sessions import Browser, Owner
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.lifetimes import Lifetime
from wispgate.kernel.errors import InvalidValue, NotFound

BROWSER = Browser("192.0.2.7", "Firefox")
SHORT = Lifetime(idle=timedelta(minutes=30), absolute=timedelta(hours=2))


def open_one(desk: Desk, key: str, lifetime: Lifetime = SHORT) -> None:
    owner = Owner(desk.ada.id, desk.ada.operator_id, "password", lifetime)
    sessions.save(key, f"data of {key}", BROWSER, owner=owner, now=desk.now)


def look(desk: Desk, key: str, browser: Browser = BROWSER) -> tuple[str, str]:
    found = sessions.find(key, browser, now=desk.now)
    assert found is not None
    return found.data, found.end


def mine(desk: Desk) -> list[Session]:
    with scopes.within(desk.scope()):
        return list(sessions.list_of(desk.ada.id))


def test_a_session_is_found_by_its_key_and_kept_by_its_hash(desk: Desk) -> None:
    open_one(desk, "k1")

    assert look(desk, "k1") == ("data of k1", "")
    assert sessions.exists("k1", now=desk.now)
    assert sessions.find("k2", BROWSER, now=desk.now) is None
    assert "k1" not in {row.key_hash for row in mine(desk)}


def test_a_session_ends_by_rest_and_by_age(desk: Desk) -> None:
    open_one(desk, "k1")
    open_one(desk, "k2")
    for _ in range(3):
        desk.world.clock.advance(minutes=29)
        look(desk, "k1")

    assert look(desk, "k1") == ("data of k1", "")
    assert look(desk, "k2") == ("", "idle")
    assert [row.key_hash for row in mine(desk)] == [sessions.hash_of("k1")]
    desk.world.clock.advance(minutes=29)
    look(desk, "k1")
    desk.world.clock.advance(minutes=5)
    assert look(desk, "k1") == ("", "too old")


def test_it_is_written_down_where_and_when_it_was_seen(desk: Desk) -> None:
    open_one(desk, "k1")
    desk.world.clock.advance(seconds=30)
    look(desk, "k1")
    assert mine(desk)[0].seen_at == desk.now - timedelta(seconds=30)

    look(desk, "k1", Browser("203.0.113.9", "Firefox"))

    assert (mine(desk)[0].seen_at, mine(desk)[0].address) == (desk.now, "203.0.113.9")


def test_one_session_or_all_others_are_ended(desk: Desk) -> None:
    for key in ("k1", "k2", "k3"):
        open_one(desk, key)
    by_key = {row.key_hash: row.id for row in mine(desk)}
    kept = by_key[sessions.hash_of("k1")]
    with scopes.within(desk.scope()):
        sessions.end(by_key[sessions.hash_of("k2")], member_id=desk.ada.id)
        assert sessions.end_others(desk.ada.id, kept=kept) == 1

    assert [look(desk, key)[1] for key in ("k1", "k2", "k3")] == ["", "revoked", "revoked"]
    with scopes.within(desk.scope()), pytest.raises(NotFound):
        sessions.end(UUID(int=1), member_id=desk.ada.id)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"role": "viewer"}, "role changed"),
        ({"is_active": False}, "disabled"),
        ({"name": "Ada L."}, ""),
        ({"last_login": None}, ""),
    ],
)
def test_what_changes_the_owner_ends_the_sessions(
    desk: Desk, change: dict[str, Any], cause: str
) -> None:
    open_one(desk, "k1")
    with desk.world.as_staff():
        StaffMember.objects.filter(email=desk.email).update(**change)

    assert look(desk, "k1")[1] == cause


def test_a_new_password_ends_the_sessions_and_a_new_hash_does_not(desk: Desk) -> None:
    open_one(desk, "k1")
    with scopes.within(desk.scope()):
        ada = desk.ada
        ada.set_password(PASSWORD)
        ada.save(update_fields=["password"])
    before = look(desk, "k1")
    with scopes.within(desk.scope()):
        passwords.change_password(desk.ada, "a bicycle in the rain")

    assert before == ("data of k1", "")
    assert look(desk, "k1") == ("", "password changed")


def test_changed_rules_hold_for_open_sessions(desk: Desk) -> None:
    open_one(desk, "k1")
    with scopes.within(desk.scope()):
        policies.set_policy(desk.ada.operator_id, lifetime=Lifetime(
            idle=timedelta(minutes=10), absolute=timedelta(hours=1)), mfa_roles=[],
        )  # fmt: skip
        policies.set_policy(desk.ada.operator_id, lifetime=Lifetime(
            idle=timedelta(minutes=5), absolute=timedelta(hours=1)), mfa_roles=["viewer"],
        )  # fmt: skip
        policy = policies.find_policy(desk.ada.operator_id)
    desk.world.clock.advance(minutes=5)

    assert look(desk, "k1") == ("", "idle")
    assert (policy.lifetime.idle, policy.needs_factor("viewer")) == (timedelta(minutes=5), True)
    assert not policy.needs_factor("agent")


def test_rules_of_the_platform_are_its_own(desk: Desk) -> None:
    with desk.world.as_platform():
        policies.set_policy(None, lifetime=Lifetime(), mfa_roles=["*"])
    with desk.world.as_staff():
        assert policies.find_policy(desk.world.north) == policies.Policy()
    with pytest.raises(InvalidValue):
        Lifetime(idle=timedelta(minutes=1))


def test_nobodys_session_is_short_and_old_ones_are_cleared_away(desk: Desk) -> None:
    sessions.save("door", "data", BROWSER, owner=None, now=desk.now)
    open_one(desk, "k1")
    open_one(desk, "k2")
    with scopes.within(desk.scope()):
        sessions.end_others(desk.ada.id, kept=None)
    desk.world.clock.advance(minutes=15)

    assert look(desk, "door") == ("", "idle")
    desk.world.clock.advance(days=8)
    with desk.world.as_platform():
        assert sessions.forget_old(desk.now) == 3


def test_a_session_is_dropped_by_its_key(desk: Desk) -> None:
    open_one(desk, "k1")

    sessions.drop("k1", now=desk.now)

    assert sessions.find("k1", BROWSER, now=desk.now) is None


def test_a_saved_session_keeps_its_row(desk: Desk) -> None:
    open_one(desk, "k1")
    (before,) = mine(desk)
    open_one(desk, "k1")

    assert [row.id for row in mine(desk)] == [before.id]


def test_another_operator_sees_no_session(desk: Desk) -> None:
    open_one(desk, "k1")

    with desk.world.as_staff(desk.world.south):
        assert sessions.list_of(desk.ada.id) == []
        assert sessions.end_others(desk.ada.id, kept=None) == 0
    assert look(desk, "k1") == ("data of k1", "")
