"""Two operators, one of them full of things, and somebody of every role."""

from typing import Any

import pytest

from tests.access.people import PLACE, Place, a_place
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.business.conftest import world
from tests.unit.business.world import World

__all__ = ["world"]


@pytest.fixture
def place(world: World, business: TestDatabase, clock: TravellingClock, settings: Any) -> Place:
    settings.PASSWORD_HASHERS = [PLACE]
    return a_place(world, business)
