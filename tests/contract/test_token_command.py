"""`wispgate token create`: a role's, or a person's, who stays one person however many they have."""

import pytest

from tests.unit.business.conftest import world
from tests.unit.business.world import World
from wispgate.business.staff import services as staff
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.main import business_commands
from wispgate.main.business_commands import TokenLimits
from wispgate.main.settings import Settings

__all__ = ["world"]


@pytest.mark.usefixtures("database")
def test_tokens_for_a_person_are_that_person_and_tokens_by_role_are_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(business_commands, "platform_scope", lambda _settings: world.as_platform())
    with world.as_platform():
        ada = staff.create_staff(
            email="ada@north.example", name="Ada", role="agent", password="correct horse battery",
            operator="north",
        )  # fmt: skip

    def make(role: str = "", owner: str = "", operator: str = "") -> staff.Principal:
        secret = business_commands.create_token(
            Settings(), role=role, operator=operator, name="t", limits=TokenLimits(), owner=owner
        )
        return staff.authenticate_token(secret, address="192.0.2.1", now=world.clock.now())

    hers = [make(owner="Ada@north.example"), make(owner="ada@north.example", operator="north")]
    nobodys = [make(role="agent", operator="north"), make(role="agent", operator="north")]

    assert {(one.person, one.role) for one in hers} == {(f"staff:{ada}", "agent")}
    assert len({one.person for one in nobodys}) == 2
    for wrong in ({}, {"role": "agent", "owner": "ada@north.example"}):
        with pytest.raises(InvalidValue, match="--role or --for"):
            make(**wrong)
    with pytest.raises(InvalidValue, match="does not work for south"):
        make(owner="ada@north.example", operator="south")
    with pytest.raises(NotFound):
        make(owner="nobody@north.example")
