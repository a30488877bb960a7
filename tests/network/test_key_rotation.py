"""The vault's key is replaced by real commands while a node answers; also with a key agent."""

import asyncio
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.harness.data_folder import PATIENCE, Folder
from tests.harness.databases import TestDatabase
from tests.harness.network import Rows, a_node, an_mme
from tests.network.dialogue import air, result_of
from wispgate.domain.authentication.sealing import OpeningKey, SealingKey
from wispgate.kernel.errors import Unavailable
from wispgate.main import secret_files
from wispgate.main.clocks import SystemClock
from wispgate.network.hss.key_holders import AgentKeys, HeldKeys
from wispgate.simulator.diameter import DiameterClient

# Several batches.
IMSIS = [f"00101{number:010d}" for number in range(250)]


@pytest.fixture
def folder(tmp_path: Path, database: TestDatabase) -> Folder:
    return Folder.make(tmp_path / "data", database)


def rows_of(folder: Folder, database: TestDatabase, key: SealingKey | None = None) -> Rows:
    """Cards that are sealed with the folder's key, or with `key`."""
    if key is None:
        (opening_key,) = keys_in(folder)
    else:
        opening_key = type("Sealer", (), {"sealing_key": key})()
    rows = Rows(database, opening_key)
    rows.add_core()
    rows.add_cards(IMSIS)
    return rows


def keys_in(folder: Folder) -> tuple[OpeningKey, ...]:
    return secret_files.opening_keys_of(secret_files.read_opening_keys(folder.data.secrets))


def supervised(folder: Folder) -> HeldKeys:
    """Keys as a process under a supervisor has them: it can ask again."""

    async def ask_again() -> tuple[OpeningKey, ...]:
        return keys_in(folder)

    return HeldKeys(keys_in(folder), ask_again=ask_again)


def sealed_with(database: TestDatabase) -> Counter[str]:
    with database.admin() as admin:
        found = admin.execute(
            "SELECT encode(substring(sealed_key FROM 2 FOR 8), 'hex'), count(*) "
            "FROM hot_00.authentication GROUP BY 1"
        ).fetchall()
    return Counter(dict(found))


async def attach(mme: DiameterClient, *imsis: str) -> set[int]:
    return {result_of(await air(mme, imsi)) for imsi in imsis}


async def until_sealed_anew(database: TestDatabase, least: int, *, beside: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while sum((sealed_with(database) - Counter({beside: 10**6})).values()) < least:  # noqa: ASYNC110 (a database tells nobody)
            await asyncio.sleep(0.02)


async def run(folder: Folder, *words: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(folder.run, *words)


async def test_a_rotation_that_was_killed_goes_on_and_phones_authenticate_all_the_time(
    database: TestDatabase, folder: Folder
) -> None:
    rows = rows_of(folder, database)
    (old,) = (key.sealing_key.key_id.hex() for key in keys_in(folder))
    async with a_node(database, supervised(folder), clock=SystemClock()) as node:
        mme = await an_mme(node)
        assert await attach(mme, IMSIS[0], IMSIS[120]) == {2001}
        with rows.connect() as holding:
            # One card is held, so that the rotation cannot end: there it is killed.
            holding.execute(
                "SELECT 1 FROM hot_00.authentication WHERE imsi = %s FOR UPDATE", [IMSIS[-1]]
            )
            rotation = folder.start("keys", "rotate")
            await until_sealed_anew(database, 249, beside=old)
            assert await attach(mme, *IMSIS[:3], *IMSIS[-4:-1]) == {2001}
            folder.kill(rotation)
        halfway = sealed_with(database)

        resumed = await run(folder, "keys", "rotate")
        assert await attach(mme, *IMSIS[:3], *IMSIS[-3:]) == {2001}
        listed = await run(folder, "keys", "list")
        retired = await run(folder, "keys", "retire", "--yes")
        assert await attach(mme, *IMSIS[:3], *IMSIS[-3:]) == {2001}
        await mme.close()

    (left,) = keys_in(folder)
    new = left.sealing_key.key_id.hex()
    assert halfway == {old: 1, new: 249}
    assert "1 secrets sealed anew" in resumed.stdout
    assert sealed_with(database) == {new: 250}
    assert f"key {old} is retired" in retired.stdout
    rows_listed = {line.split()[0]: line.split()[1:] for line in listed.stdout.splitlines()[1:]}
    assert rows_listed[old][0] == "retiring"
    assert rows_listed[new][0] == "current"
    assert secret_files.load(folder.data.secrets).sealing_key == left.sealing_key
    with database.admin() as admin:
        audited = admin.execute(
            "SELECT actor_kind, action, object_id, after->>'state', reason FROM audit_auditentry "
            "WHERE object_type = 'operators_vaultkey' ORDER BY id"
        ).fetchall()
    assert [entry[:4] for entry in audited] == [
        ("command", "insert", "", "retiring"),
        ("command", "insert", "", "current"),
        ("command", "update", "", "retired"),
    ]
    assert audited[-1][4] == "the old key of the vault is destroyed"


async def test_a_node_lives_on_a_key_agent_that_is_killed_and_rotated(
    database: TestDatabase, folder: Folder, tmp_path: Path
) -> None:
    path = tmp_path / "agent.sock"
    folder.environment["WISPGATE_VAULT"] = f"unix:{path}"
    agent = folder.start("keys", "agent", "--socket", str(path), "--keys", str(tmp_path / "keys"))
    await until_listening(path)
    (first,) = await keys_of(path)
    secret_files.put_sealing_key(folder.data.secrets, first)
    rows_of(folder, database, first)
    try:
        async with a_node(database, AgentKeys(path), clock=SystemClock()) as node:
            mme = await an_mme(node)
            assert await attach(mme, *IMSIS[:5]) == {2001}
            rotated = await run(folder, "keys", "rotate")
            folder.kill(agent)
            away = await attach(mme, IMSIS[7])
            agent = folder.start(
                "keys", "agent", "--socket", str(path), "--keys", str(tmp_path / "keys")
            )
            await until_listening(path)
            back = await attach(mme, *IMSIS[:8])
            retired = await run(folder, "keys", "retire", "--yes")
            after = await attach(mme, *IMSIS[10:12])
            left = await keys_of(path)
            await mme.close()
    finally:
        folder.kill(agent)

    assert "250 secrets sealed anew" in rotated.stdout, rotated.stderr
    assert away == {4181}, "a fault of ours, never an unknown user"
    assert back == after == {2001}
    assert f"key {first.key_id.hex()} is retired" in retired.stdout
    assert [key.key_id.hex() for key in left] == list(sealed_with(database))
    assert first not in left


async def keys_of(path: Path) -> Sequence[SealingKey]:
    asking = AgentKeys(path)
    try:
        return await asking.list_keys()
    finally:
        await asking.close()


async def until_listening(path: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await keys_of(path)
            except Unavailable:
                await asyncio.sleep(0.05)
            else:
                return
