from datetime import timedelta

import pytest

from wispgate.kernel.errors import InvalidValue
from wispgate.main import rules
from wispgate.main.rules import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:8080", Address("127.0.0.1", 8080)),
        ("0.0.0.0:1", Address("0.0.0.0", 1)),
        ("[::1]:3868", Address("::1", 3868)),
        ("localhost:65535", Address("localhost", 65535)),
    ],
)
def test_addresses_are_read_and_written_alike(text: str, expected: Address) -> None:
    address = rules.address(text)

    assert address == expected
    assert rules.address(str(address)) == expected


@pytest.mark.parametrize(
    "text", ["", "8080", ":8080", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "example.org:80",
             "127.0.0.1:80x", "[::1]", "256.0.0.1:80", "127.0.0.1:\u0661"],
)  # fmt: skip
def test_what_is_no_listening_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="address and a port"):
        rules.address(text)


def test_an_address_for_all_is_reached_on_loopback() -> None:
    assert rules.address("0.0.0.0:80").reachable_host == "127.0.0.1"
    assert rules.address("[::]:80").reachable_host == "::1"
    assert rules.address("10.0.0.1:80").reachable_host == "10.0.0.1"


def test_only_loopback_addresses_count_as_private() -> None:
    assert rules.address("127.0.0.1:80").is_loopback
    assert rules.address("localhost:80").is_loopback
    assert not rules.address("0.0.0.0:80").is_loopback


def test_diameter_identities_are_lowered_and_lose_the_last_dot() -> None:
    assert rules.diameter_identity("HSS.Example.ORG.") == "hss.example.org"


@pytest.mark.parametrize(
    "text", ["hss", "", "-a.example", "a..b", "a b.c", "ä.example", "a." + "b" * 64]
)
def test_names_that_are_no_full_domain_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="full domain name"):
        rules.diameter_identity(text)


def test_database_addresses_need_scheme_and_name() -> None:
    assert rules.database("") == ""
    assert rules.database("postgresql://u:p@h:5432/n") == "postgresql://u:p@h:5432/n"
    for text in ("mysql://h/n", "postgresql://h", "host=h dbname=n"):
        with pytest.raises(InvalidValue, match="postgresql://"):
            rules.database(text)


@pytest.mark.parametrize("text", ["", "1abc", "pg_mine", "A_", "a-b", "a" * 42])
def test_role_prefixes_that_postgresql_would_quote_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="small letters"):
        rules.role_prefix(text)


def test_host_names_come_as_list_or_with_commas() -> None:
    assert rules.host_names("a.example, B.example,") == ("a.example", "b.example")
    assert rules.host_names([".example.org", "*", "[::1]"]) == (".example.org", "*", "[::1]")
    with pytest.raises(InvalidValue, match="not a host name"):
        rules.host_names("a b")


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("Yes", True), ("0", False), (False, False)]
)
def test_truth_is_read_from_toml_and_text(*, value: object, expected: bool) -> None:
    assert rules.boolean(value) is expected


def test_truth_is_not_guessed() -> None:
    with pytest.raises(InvalidValue, match="true or false"):
        rules.boolean("perhaps")


@pytest.mark.parametrize("value", [0, 5, "x", "", True, 1.5, "1.0", "-1"])
def test_numbers_outside_of_their_range_are_refused(value: object) -> None:
    with pytest.raises(InvalidValue, match="from 1 to 4"):
        rules.between(1, 4)(value)


def test_numbers_are_read_from_toml_and_text() -> None:
    assert rules.between(1, 4)("4") == rules.between(1, 4)(4) == 4


def test_a_choice_names_what_there_is() -> None:
    assert rules.one_of("console", "json")("JSON") == "json"
    with pytest.raises(InvalidValue, match="console, json"):
        rules.one_of("console", "json")("xml")


def test_text_is_expected_where_toml_has_a_number() -> None:
    with pytest.raises(InvalidValue, match="not int"):
        rules.address(8080)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3d", timedelta(days=3)),
        ("1d12h30m", timedelta(days=1, hours=12, minutes=30)),
        ("2 w", timedelta(weeks=2)),
        ("90s", timedelta(seconds=90)),
        ("5min", timedelta(minutes=5)),
    ],
)
def test_spans_are_whole_numbers_with_units(text: str, expected: timedelta) -> None:
    assert rules.duration(text) == expected


@pytest.mark.parametrize("text", ["", "3", "d", "-3d", "3x", "1.5d", "3d and more", "9999999d"])
def test_spans_that_say_something_else_are_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="3d, 12h"):
        rules.duration(text)


def test_postgres_programs_are_chosen_by_word_or_folder(tmp_path: object) -> None:
    assert rules.postgres_binaries("wheel") == "wheel"
    with pytest.raises(InvalidValue, match="contains `postgres`"):
        rules.postgres_binaries(str(tmp_path))


def test_networks_are_read_from_a_list_or_from_text() -> None:
    assert rules.networks("10.1.0.0/16, fd00::/8,") == ("10.1.0.0/16", "fd00::/8")
    assert rules.networks(["192.0.2.1"]) == ("192.0.2.1/32",)
    assert rules.networks("") == ()


@pytest.mark.parametrize("text", ["10.1.0.1/16", "inside", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="networks such as"):
        rules.networks(text)
