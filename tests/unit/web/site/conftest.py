"""Tests of the web faces stand in the same world as the services'."""

from tests.unit.business.conftest import world

__all__ = ["world"]
