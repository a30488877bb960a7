"""The world that business services and the REST API are tried in."""

from pathlib import Path

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, a_world


@pytest.fixture
def world(
    business: TestDatabase, clock: TravellingClock, settings: object, tmp_path: Path
) -> World:
    settings.WISPGATE_VAULT_PUBLIC_KEY = ""  # type: ignore[attr-defined]  # restored after the test
    settings.STATIC_ROOT = str(tmp_path)  # type: ignore[attr-defined]
    return a_world(clock)
