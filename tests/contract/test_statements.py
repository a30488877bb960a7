"""Every statement of the store against the migrated schema, and the rules that all obey."""

import re

import pytest

from tests.harness.databases import TestDatabase
from wispgate.store import loader

# Tables of the control plane that a hot statement may touch; all others are a partition's.
PUBLIC_TABLES = {
    "access_log",
    "audit_auditentry",
    "account",
    "compiled_plan",
    "delivery_cursor",
    "identity",
    "installation",
    "inventory_pukrequest",
    "key_holder",
    "inventory_equipmentrange",
    "operators_core",
    "operators_coreservice",
    "operators_peer",
    "origin_state",
    "peer_reset",
    "peer_connection",
    "peer_statistics",
    "refused_connection",
    "tracing_trace",
    "tracing_tracemessage",
}
HOT_TABLES = {
    "authentication",
    "bucket",
    "charging_request",
    "charging_session",
    "equipment",
    "ledger",
    "line",
    "outbox",
    "policy_session",
    "posting_key",
    "push",
    "registration",
}


def tables_of(sql: str) -> set[str]:
    found = re.findall(
        r"\b(?:(?<!DISTINCT )FROM|JOIN|INTO|UPDATE)\s+(?:ONLY\s+)?([a-z_]+)\b(?!\s*\()", sql
    )
    ctes = set(re.findall(r"\b([a-z_]+)\s+AS\s+(?:MATERIALIZED\s+)?\(", sql))
    return set(found) - ctes - {"excluded", "unnest"}


def test_the_loader_finds_statements() -> None:
    assert len(loader.statements()) > 20


@pytest.mark.parametrize("name", sorted(loader.statements()))
def test_a_statement_keeps_the_rules_of_the_store(name: str) -> None:
    sql = loader.statement(name).sql

    tables = tables_of(sql)

    assert tables <= PUBLIC_TABLES | HOT_TABLES
    assert not (tables & PUBLIC_TABLES and tables & HOT_TABLES), "one partition, or none"
    assert not re.search(r"\bnow\(\)|current_timestamp|clock_timestamp|hot_\d", sql, re.IGNORECASE)


def test_every_statement_prepares_in_a_partition(database: TestDatabase) -> None:
    with database.admin() as connection:
        connection.execute("SET search_path TO hot_00, public")

        for name, statement in loader.statements().items():
            connection.execute(f"PREPARE {name} AS {statement.for_asyncpg}")

        prepared = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert prepared is not None
    assert prepared[0] == len(loader.statements())


def test_every_table_has_a_primary_key_and_hot_ones_no_reference(database: TestDatabase) -> None:
    with database.admin() as connection:
        without_key = connection.execute(
            "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p') AND (n.nspname = 'public' OR n.nspname LIKE 'hot_%%') "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')"
        ).fetchall()
        references = connection.execute(
            "SELECT conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace "
            "WHERE n.nspname LIKE 'hot_%%' AND k.contype = 'f'"
        ).fetchall()
        timed = connection.execute(
            "SELECT table_schema, table_name, column_name FROM information_schema.columns "
            "WHERE column_default ~* 'now\\(|current_timestamp' AND table_name NOT LIKE 'procrastinate%%'"
        ).fetchall()
    assert without_key == []
    assert references == []
    assert timed == []
