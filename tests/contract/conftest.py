"""Contract tests of the API stand in the same world as the services'."""

from tests.unit.business.conftest import world

__all__ = ["world"]
