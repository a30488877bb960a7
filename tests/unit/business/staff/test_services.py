"""Staff, tokens and roles."""

from datetime import timedelta

import pytest

from tests.unit.business.world import World
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import (
    IdempotencyMismatch,
    LoginRefused,
    PermissionMissing,
    StaffExists,
    TokenRefused,
)
from wispgate.kernel.errors import InvalidValue

PASSWORD = "correct horse battery"


def hire(world: World, **changes: str) -> None:
    given = {"email": "Ada@North.example", "name": "Ada", "role": "agent", "password": PASSWORD}
    with world.as_platform():
        staff.create_staff(**given | changes, operator="north")


def test_a_member_of_staff_logs_in_by_address_and_password(world: World) -> None:
    hire(world)

    member = staff.authenticate_staff(" ada@north.EXAMPLE ", PASSWORD, now=world.clock.now())

    assert (str(member), member.operator_id, member.is_staff) == ("Ada", world.north, True)
    assert member.password.startswith("argon2")
    assert staff.find_staff_by_login(str(member.id), now=world.clock.now()) == member


@pytest.mark.parametrize(
    ("email", "password"), [("ada@north.example", "wrong"), ("bob@north.example", PASSWORD)]
)
def test_a_wrong_login_is_refused_without_saying_what_was_wrong(
    world: World, email: str, password: str
) -> None:
    hire(world)

    with pytest.raises(LoginRefused, match="the address or the password is wrong"):
        staff.authenticate_staff(email, password, now=world.clock.now())


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"role": "king"}, InvalidValue),
        ({"password": "short"}, InvalidValue),
        ({"email": "ADA@north.example"}, StaffExists),
    ],
)
def test_a_wrong_hire_is_refused(
    world: World, changes: dict[str, str], refusal: type[Exception]
) -> None:
    hire(world)

    with pytest.raises(refusal):
        hire(world, **changes)


def test_a_token_is_known_until_it_expires(world: World) -> None:
    now = world.clock.now()
    with world.as_platform():
        secret = staff.create_token(
            role="viewer", name="probe", operator="north", expires_at=now + timedelta(hours=1)
        )

    principal = staff.authenticate_token(secret, address="192.0.2.1", now=now)

    assert (principal.actor.name, principal.operator_id) == ("probe", world.north)
    with world.as_staff(), pytest.raises(PermissionMissing):
        principal.require("sim.import")
    for token, at in ((secret, now + timedelta(hours=1)), (secret + "x", now)):
        with pytest.raises(TokenRefused):
            staff.authenticate_token(token, address="", now=at)


def test_an_answer_is_remembered_for_its_request_only(world: World) -> None:
    answer = staff.StoredAnswer(201, b"{}", "application/json")

    with world.as_staff():
        assert staff.find_answer("k", request_hash="a") is None
        staff.remember_answer("k", request_hash="a", answer=answer)
        found = staff.find_answer("k", request_hash="a")
        with pytest.raises(IdempotencyMismatch):
            staff.find_answer("k", request_hash="b")

    assert found == answer
