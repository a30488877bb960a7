"""A migrated database with one core, a node on it, and an MME that is connected."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import Rows, a_node, an_mme
from tests.network.servers import a_server
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.main.postgres import Cluster
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient


@pytest.fixture
def opening_key() -> OpeningKey:
    return OpeningKey(bytes(range(32)))


@pytest.fixture
def rows(database: TestDatabase, opening_key: OpeningKey) -> Rows:
    rows = Rows(database, opening_key)
    rows.add_core()
    return rows


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """A PostgreSQL of the test's own, which everything in it uses."""
    yield from a_server(tmp_path, monkeypatch)


@pytest.fixture
async def node(
    database: TestDatabase, opening_key: OpeningKey, rows: Rows
) -> AsyncIterator[DiameterNode]:
    async with a_node(database, opening_key) as node:
        yield node


@pytest.fixture
async def mme(node: DiameterNode) -> AsyncIterator[DiameterClient]:
    client = await an_mme(node)
    yield client
    await client.close()
