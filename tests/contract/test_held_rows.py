"""Rows that somebody outside holds: who needs them is turned away, and nobody else waits."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW, Rows
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.store import hot
from wispgate.store.batching import Batcher
from wispgate.store.hot import HotStore, RowHeld


@pytest.fixture
def rows(database: TestDatabase, monkeypatch: pytest.MonkeyPatch) -> Rows:
    monkeypatch.setattr(hot, "LOCK_SECONDS", 1)
    rows = Rows(database, OpeningKey(bytes(range(32))))
    rows.add_core()
    return rows


async def test_only_who_needs_a_held_row_is_turned_away(rows: Rows) -> None:
    held, free = rows.add_card("001010000000010"), rows.add_card("001010000000020")
    async with HotStore(rows.database.dsn("network")) as store:

        async def issue(imsis: Sequence[str]) -> list[bool]:
            found = await store.public.fetch("issue_sequence_numbers", numbers(rows, imsis))
            answered = {row["ordinality"] for row in found}
            return [position in answered for position in range(1, len(imsis) + 1)]

        batcher: Batcher[str, bool] = Batcher(issue, lambda imsi: imsi)
        with rows.database.admin() as other, other.transaction():
            other.execute(
                "SELECT 1 FROM hot_00.authentication WHERE imsi = %s FOR UPDATE", (held.imsi,)
            )
            outcomes = await asyncio.gather(
                batcher.submit(held.imsi), batcher.submit(free.imsi), return_exceptions=True
            )
        again = await batcher.submit(held.imsi)

    assert isinstance(outcomes[0], RowHeld)
    assert outcomes[1] is True
    assert again


def numbers(rows: Rows, imsis: Sequence[str]) -> dict[str, object]:
    count = len(imsis)
    return {
        "core_ids": [rows.core_id] * count,
        "imsis": list(imsis),
        "vectors": [1] * count,
        "inds": [0] * count,
        "resync_sqns": [None] * count,
        "nodes": ["mme"] * count,
        "plmns": ["001-01"] * count,
        "now": NOW,
    }


async def test_a_transaction_of_ours_that_only_waits_is_ended(database: TestDatabase) -> None:
    async with HotStore(database.dsn("network")) as store:
        settings = await asyncio.gather(
            *(
                shown(store, name)
                for name in ("idle_in_transaction_session_timeout", "lock_timeout")
            )
        )

    assert settings == ["5s", "2s"]


async def shown(store: HotStore, name: str) -> str:
    async with store.public.transaction() as transaction:
        return str(await transaction._connection.fetchval(f"SHOW {name}"))
