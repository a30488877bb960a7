"""A whole tenant off and on again: its lines, its people, its programs."""

import pytest
from django.test import Client

from tests.unit.business.world import World
from wispgate.business.audit import queries as audit
from wispgate.business.hotplane.models import EveryLine
from wispgate.business.operators import queries as operators
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import LoginRefused
from wispgate.business.subscriptions import services as subscriptions
from wispgate.business.tenants import services as tenants
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound

PASSWORD = "a long and good password"


def barring(world: World, line: object, *, operator: object = None) -> str:
    with world.as_staff(operator):  # type: ignore[arg-type]
        return str(EveryLine.objects.get(line_id=line).profile.get("barring", "none"))


def test_the_lines_of_a_suspended_operator_are_refused_and_others_are_not(world: World) -> None:
    mine = world.line(1)
    theirs = world.line(600_000, operator=world.south)

    with world.as_platform():
        tenants.suspend("north", reason="overdue")

    assert barring(world, mine) == "no_attach"
    assert barring(world, theirs, operator=world.south) == "none"


def test_each_reason_is_lifted_singly_and_the_last_one_brings_the_lines_back(world: World) -> None:
    line = world.line(1)
    with world.as_platform():
        tenants.suspend("north", reason="overdue")
        tenants.suspend("north", reason="abuse", note="spam")

        tenants.resume("north", reason="overdue")

    assert barring(world, line) == "no_attach"
    with world.as_platform():
        assert operators.suspension_reasons(world.north) == ["abuse"]
        tenants.resume("north", reason="abuse")
    assert barring(world, line) == "none"


def test_a_line_with_a_reason_of_its_own_stays_off_when_the_operator_comes_back(
    world: World,
) -> None:
    line = world.line(1)
    with world.as_staff():
        subscriptions.suspend(line, reason="fraud")
    with world.as_platform():
        tenants.suspend("north", reason="overdue")

        tenants.resume("north", reason="overdue")

    assert barring(world, line) == "no_attach"


def test_a_line_that_is_resumed_meanwhile_stays_off_with_its_operator(world: World) -> None:
    line = world.line(1, "suspended")
    with world.as_platform():
        tenants.suspend("north", reason="platform")

    with world.as_staff():
        subscriptions.resume(line, reason="operator")

    assert barring(world, line) == "no_attach"


def test_the_same_reason_twice_and_one_that_is_not_there_are_refused(world: World) -> None:
    with world.as_platform():
        tenants.suspend("north", reason="overdue")
        with pytest.raises(IllegalTransition, match="suspended for overdue"):
            tenants.suspend("north", reason="overdue")
        with pytest.raises(IllegalTransition, match="not suspended for abuse"):
            tenants.resume("north", reason="abuse")
        with pytest.raises(InvalidValue, match="boredom"):
            tenants.suspend("north", reason="boredom")
        with pytest.raises(NotFound):
            tenants.suspend("nowhere", reason="overdue")


def test_its_tokens_and_staff_are_locked_out_until_it_is_resumed(world: World) -> None:
    with world.as_platform():
        staff.create_staff(
            email="n@north.example", name="N", role="admin", password=PASSWORD, operator="north"
        )
    program, page = world.client(), Client()
    other = world.client(operator="south")
    assert (
        page.post("/login/", {"email": "n@north.example", "password": PASSWORD}).status_code == 302
    )
    assert page.get("/sims/").status_code == 200

    with world.as_platform():
        tenants.suspend("north", reason="overdue")

    assert program.get("/sims").status == 401
    assert other.get("/sims").status == 200
    assert page.get("/sims/").status_code == 302
    with pytest.raises(LoginRefused):
        staff.authenticate_staff("n@north.example", PASSWORD, now=world.clock.now())
    with world.as_platform():
        tenants.resume("north", reason="overdue")
    assert program.get("/sims").status == 200


def test_the_platform_still_works_inside_a_suspended_operator(world: World) -> None:
    world.line(1)
    platform = world.client(operator="")
    with world.as_platform():
        tenants.suspend("north", reason="overdue")

    assert platform.get("/sims", X_Operator="north").status == 200


def test_both_ends_of_a_suspension_are_in_the_tenants_audit(world: World) -> None:
    with world.as_platform():
        tenants.suspend("north", reason="overdue", note="third reminder")
        tenants.resume("north", reason="overdue")

    with world.as_staff():
        entries = audit.list_entries(object_type="operators_operatorsuspension")
    assert [entry.action for entry in entries] == ["delete", "insert"]
    assert entries[1].after is not None
    assert entries[1].after["note"] == "third reminder"


def test_a_new_time_zone_reaches_every_line(world: World) -> None:
    line = world.line(1)

    with world.as_staff():
        tenants.set_time_zone("Asia/Tokyo")
        assert EveryLine.objects.get(line_id=line).time_zone == "Asia/Tokyo"
