"""The stage of these tests."""

from collections.abc import AsyncIterator

import pytest

from tests.harness.network import RawPeer, Rows
from tests.network.conformance.stage import Stage
from tests.network.dialogue import IMSI
from wispgate.network.transport.node import DiameterNode


@pytest.fixture
async def stage(node: DiameterNode, rows: Rows) -> AsyncIterator[Stage]:
    rows.add_card(IMSI)
    raw = await RawPeer.open(node.port)
    await raw.introduce()
    yield Stage(node, rows, raw)
    await raw.close()
