"""A tenant deleted: what is asked before, and what a removal by tables does not see."""

from uuid import UUID

import pytest
from django.test import Client

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.business.login.models import Session
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.staff import services as staff
from wispgate.business.tenants import services as tenants
from wispgate.business.tenants.errors import HasMvnos, NotSuspended, SessionsLive
from wispgate.kernel.errors import InvalidValue, NotFound

PASSWORD = "a long and good password"


def platform(world: World) -> scopes.Scope:
    actor = scopes.Actor("command", "root")
    return scopes.Scope(now=world.clock.now(), actor=actor, is_platform=True, reason="over")


def turn_off(world: World, *slugs: str) -> None:
    for slug in slugs:
        with world.as_platform():
            tenants.suspend(slug, reason="contract_end")


def go_online(database: TestDatabase, line: UUID) -> None:
    with database.admin() as admin:
        admin.execute(
            "INSERT INTO hot_00.policy_session (session_id, operator_id, account_id, line_id,"
            " core_id, peer, origin_host, origin_realm, imsi, apn, visited_plmn, qci, up_bps,"
            " down_bps, profile_version, last_number, is_open, opened_at, seen_at)"
            " SELECT 's', operator_id, account_id, line_id, core_id, 'p', 'h', 'r', imsi, 'a',"
            " '00101', 9, 1, 1, 1, 0, true, changed_at, changed_at FROM hot_00.line"
            " WHERE line_id = %s",
            [line],
        )


def test_nothing_happens_until_the_slug_is_typed(world: World, database: TestDatabase) -> None:
    world.line(1)

    for typed in ("", "North", "south"):
        with pytest.raises(InvalidValue, match="type its short name"):
            tenants.delete("north", typed_slug=typed, scope=platform(world))
    with pytest.raises(NotFound):
        tenants.delete("nowhere", typed_slug="nowhere", scope=platform(world))

    assert world.client().get("/sims").json["items"]


def test_phones_that_are_online_stand_in_the_way_unless_it_is_forced(
    world: World, database: TestDatabase
) -> None:
    go_online(database, world.line(1))

    with pytest.raises(NotSuspended, match="north is on: suspend it first"):
        tenants.delete("north", typed_slug="north", scope=platform(world))
    turn_off(world, "north")
    with pytest.raises(SessionsLive, match="1 sessions"):
        tenants.delete("north", typed_slug="north", scope=platform(world))
    gone = tenants.delete("north", typed_slug="north", is_forced=True, scope=platform(world))

    assert gone["policy_session"] == 1


def test_a_host_is_not_deleted_under_its_mvnos(world: World) -> None:
    with world.as_platform():
        operators.create_operator(
            slug="guest", name="Guest", currency="EUR", time_zone="UTC", kind="mvno", host="north"
        )
    turn_off(world, "north", "guest")

    with pytest.raises(HasMvnos, match="guest"):
        tenants.delete("north", typed_slug="north", scope=platform(world))
    tenants.delete("guest", typed_slug="guest", scope=platform(world))
    tenants.delete("north", typed_slug="north", scope=platform(world))


def test_its_people_are_logged_out_and_others_are_not(world: World, database: TestDatabase) -> None:
    pages = {}
    for slug in ("north", "south"):
        with world.as_platform():
            staff.create_staff(
                email=f"a@{slug}.example", name="A", role="admin", password=PASSWORD, operator=slug
            )
        pages[slug] = Client()
        pages[slug].post("/login/", {"email": f"a@{slug}.example", "password": PASSWORD})
    with world.as_platform():
        before = Session.objects.count()
    turn_off(world, "north")

    tenants.delete("north", typed_slug="north", scope=platform(world))

    assert pages["north"].get("/sims/").status_code == 302
    assert pages["south"].get("/sims/").status_code == 200
    with world.as_platform():
        assert Session.objects.count() == before - 1


def test_what_the_platform_was_answered_about_it_is_forgotten(
    world: World, database: TestDatabase
) -> None:
    with database.admin() as admin:
        admin.execute(
            "INSERT INTO staff_idempotentrequest (id, actor, key, request_hash, status, body,"
            " content_type, created_at) SELECT gen_random_uuid(), 'a', slug, '', 200,"
            " convert_to('{\"id\": \"' || id || '\"}', 'UTF8'), '', created_at"
            " FROM operators_operator"
        )
    turn_off(world, "north")

    tenants.delete("north", typed_slug="north", scope=platform(world))

    with database.admin() as admin:
        assert admin.execute("SELECT key FROM staff_idempotentrequest").fetchall() == [("south",)]
