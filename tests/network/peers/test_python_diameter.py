"""python-diameter as a client: its introduction, a request, its goodbye."""

import asyncio
import importlib.util
import os
import sys
from pathlib import Path

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, MME_HOST, REALM, Rows, a_node, until
from tests.network.dialogue import IMSI
from wispgate.domain.authentication.sealing import OpeningKey

pytestmark = pytest.mark.peers

_CLIENT = Path(__file__).with_name("python_diameter_client.py")


async def test_it_is_served_and_says_goodbye(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey
) -> None:
    if importlib.util.find_spec("diameter") is None:
        pytest.skip("no python-diameter in this environment: make setup-peers")
    rows.add_card(IMSI)
    async with a_node(database, opening_key) as node:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(_CLIENT), str(node.port), HOST, REALM, IMSI,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        async with asyncio.timeout(60):
            said, complaint = await process.communicate()
        await until(lambda: rows.leases().get(MME_HOST, ("", ""))[1] == "closed")

    assert said.decode().strip() == "[2001]", complaint.decode()
    with database.admin() as connection:
        (detail,) = connection.execute("SELECT detail FROM peer_connection").fetchone() or ("",)
    assert detail.startswith("it said goodbye")
