"""The SQL that builds walls between tenants and opens them for one."""

from uuid import UUID

import pytest

from wispgate.store import tenancy

OPERATOR = UUID("01900000-0000-7000-8000-000000000001")


def test_roles_carry_the_prefix_of_the_installation() -> None:
    roles = tenancy.Roles("wg1_")

    assert (roles.owner, roles.web, roles.worker, roles.network) == (
        "wg1_owner",
        "wg1_web",
        "wg1_worker",
        "wg1_network",
    )


def test_an_isolated_table_shows_a_tenant_its_own_rows_only() -> None:
    sql = tenancy.isolate("hot_00.line")

    assert "ALTER TABLE hot_00.line ENABLE ROW LEVEL SECURITY;" in sql
    assert "ALTER TABLE hot_00.line FORCE ROW LEVEL SECURITY;" in sql
    assert (
        f"CREATE POLICY hot_00_line_tenant ON hot_00.line USING ({tenancy.OWN_ROWS}) "
        f"WITH CHECK ({tenancy.OWN_ROWS});"
    ) in sql


def test_what_may_be_written_can_differ_from_what_is_seen() -> None:
    sql = tenancy.isolate("t", visible="a", writable="b")

    assert "USING (a) WITH CHECK (b)" in sql


def test_a_service_role_gets_a_policy_of_its_own() -> None:
    reading = tenancy.open_to("t", "wg_network", privileges="SELECT", commands="SELECT")
    writing = tenancy.open_to("s.t", "wg_network", privileges="ALL")

    assert reading == (
        "GRANT SELECT ON t TO wg_network;"
        "CREATE POLICY t_wg_network ON t FOR SELECT TO wg_network USING (true) ;"
    )
    assert "CREATE POLICY s_t_wg_network ON s.t FOR ALL TO wg_network" in writing
    assert "WITH CHECK (true)" in writing


def test_audit_marks_what_is_hidden_and_what_is_no_change() -> None:
    sql = tenancy.audited("t", hidden=["sealed_key"], ignored=["seen_at"])

    assert "AFTER INSERT OR UPDATE OR DELETE ON t" in sql
    assert "audit_row('sealed_key', '-seen_at')" in sql
    assert "audit_row()" in tenancy.audited("t")


def test_settings_are_local_and_quoted() -> None:
    sql = tenancy.set_local({"app.actor": "O'Brien", "app.reason": "a\\'; DROP TABLE t"})

    assert sql == "SET LOCAL app.actor = 'O''Brien';SET LOCAL app.reason = 'a\\''; DROP TABLE t'"
    assert tenancy.set_local_operator(OPERATOR) == f"SET LOCAL app.operator = '{OPERATOR}'"


def test_unknown_settings_and_nul_are_refused() -> None:
    with pytest.raises(KeyError, match=r"app\.oprator"):
        tenancy.set_local({"app.oprator": "x"})
    with pytest.raises(ValueError, match="NUL"):
        tenancy.set_local({"app.actor": "a\0b"})
