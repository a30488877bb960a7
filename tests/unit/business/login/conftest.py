"""A member of staff to log in as, with passwords hashed at the least cost."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from tests.unit.business.conftest import world
from tests.unit.business.world import World
from wispgate.business.login.services.entering import Caller
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember

__all__ = ["world"]

PASSWORD = "correct horse battery"


@dataclass
class Desk:
    """Ada of north, and how she knocks."""

    world: World
    email: str

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def ada(self) -> StaffMember:
        with self.world.as_platform():
            return staff.get_person(self.email)

    def caller(self, address: str = "192.0.2.7", device: str = "") -> Caller:
        return Caller(address=address, request_id="r-1", now=self.now, known_device=device)

    def scope(self) -> scopes.Scope:
        return self.caller().scope(self.ada)


@pytest.fixture
def desk(world: World, settings: Any) -> Desk:
    settings.PASSWORD_HASHERS = ["tests.unit.web.console.conftest.QuickHasher"]
    return Desk(world, hire(world, "ada@north.example", operator="north"))


def hire(world: World, email: str, *, role: str = "agent", operator: str = "north") -> str:
    with world.as_platform():
        staff.create_staff(
            email=email, name=email.partition("@")[0].title(), role=role, password=PASSWORD,
            operator=operator,
        )  # fmt: skip
        assert queries.has_staff()
    return email
