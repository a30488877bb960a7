"""Named statements: their form, their parameters, and both drivers' texts."""

import pytest

from wispgate.kernel.errors import Misconfigured
from wispgate.store import loader
from wispgate.store.loader import Statement, parse_statements


def parsed(sql: str) -> Statement:
    (statement,) = parse_statements(f"-- a_name\n-- What it does.\n{sql}\n", subject="test")
    return statement


def test_a_file_gives_its_statements_in_order() -> None:
    text = "-- first\n-- One.\nSELECT 1;\n\n-- second\n-- Two,\n-- still two.\nSELECT :a;\n"

    first, second = parse_statements(text, subject="numbers")

    assert (first.name, first.subject, first.description) == ("first", "numbers", "One.")
    assert (second.name, second.description, second.sql) == (
        "second",
        "Two, still two.",
        "SELECT :a",
    )


@pytest.mark.parametrize(
    ("sql", "parameters", "for_asyncpg", "for_psycopg"),
    [
        ("SELECT :a, :b;", ("a", "b"), "SELECT $1, $2", "SELECT %(a)s, %(b)s"),
        ("SELECT :b, :a, :b;", ("b", "a"), "SELECT $1, $2, $1", "SELECT %(b)s, %(a)s, %(b)s"),
        ("SELECT :a::text[];", ("a",), "SELECT $1::text[]", "SELECT %(a)s::text[]"),
        ("SELECT x::text::xid8;", (), "SELECT x::text::xid8", "SELECT x::text::xid8"),
        ("SELECT ':a', :a;", ("a",), "SELECT ':a', $1", "SELECT ':a', %(a)s"),
        ("SELECT 'it''s :a', :b;", ("b",), "SELECT 'it''s :a', $1", "SELECT 'it''s :a', %(b)s"),
        (
            "SELECT :a LIKE 'x%';",
            ("a",),
            "SELECT $1 LIKE 'x%'",
            "SELECT %(a)s LIKE 'x%%'",
        ),
        ("SELECT 7 % :a;", ("a",), "SELECT 7 % $1", "SELECT 7 %% %(a)s"),
        ("SELECT :a_1;", ("a_1",), "SELECT $1", "SELECT %(a_1)s"),
        ("SELECT 1 -- not :this\n, :a;", ("a",), "SELECT 1 -- not :this\n, $1", None),
        ("SELECT 1 -- it's\n, :a;", ("a",), "SELECT 1 -- it's\n, $1", None),
        ("  -- indented: it's no :parameter\nSELECT :a;", ("a",), "SELECT $1", None),
    ],
)
def test_parameters_become_each_drivers_marks(
    sql: str, parameters: tuple[str, ...], for_asyncpg: str, for_psycopg: str | None
) -> None:
    statement = parsed(sql)

    assert statement.parameters == parameters
    assert statement.for_asyncpg == for_asyncpg
    if for_psycopg is not None:
        assert statement.for_psycopg == for_psycopg


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1;\n-- late\n-- Too late.\nSELECT 2;",
        "SELECT 1;",
        "-- undescribed\nSELECT 1;",
        "-- unended\n-- No semicolon.\nSELECT 1",
        "-- two\n-- Two of them.\nSELECT 1; SELECT 2;",
        "-- empty\n-- Nothing.\n",
    ],
)
def test_a_file_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"odd\.sql"):
        list(parse_statements(text, subject="odd"))


def test_a_file_without_statements_gives_none() -> None:
    assert list(parse_statements("\n", subject="empty")) == []


def test_arguments_stand_in_the_order_of_asyncpg() -> None:
    assert parsed("SELECT :b, :a;").arguments({"a": 1, "b": 2}) == (2, 1)


@pytest.mark.parametrize("values", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}])
def test_missing_and_unknown_arguments_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(KeyError, match="missing or unknown"):
        parsed("SELECT :a, :b;").arguments(values)


def test_all_statements_are_found_by_name_and_described() -> None:
    found = loader.statements()

    assert len(found) > 20
    assert all(name == statement.name for name, statement in found.items())
    assert all(statement.description for statement in found.values())
    assert loader.statement("find_line").subject == "line"
    with pytest.raises(KeyError):
        loader.statement("no_such_statement")
