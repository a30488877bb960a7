"""Files into stock: all or nothing, twice without harm, keys sealed on arrival."""

import json

import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import HEADER, OPENING_KEY, World, card_file, card_row, iccid, imsi
from wispgate.business.inventory import queries
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.errors import ImportRefused
from wispgate.business.inventory.models import Sim
from wispgate.domain.authentication.keys import KeyMaterial
from wispgate.domain.authentication.sealing import keyring, open_sealed
from wispgate.kernel.errors import InvalidValue, Misconfigured


def test_the_same_file_twice_adds_nothing(world: World) -> None:
    content = card_file(*range(100))

    with world.as_staff():
        first = inventory.import_sims(content, name="May")
        second = inventory.import_sims(content, name="May again")
        batches = queries.list_batches()

    assert (first.imported, first.duplicates) == (100, 0)
    assert (second.imported, second.duplicates, second.batch_id) == (0, 100, None)
    assert [(str(one), one.imported) for one in batches] == [("May", 100)]


def test_keys_and_codes_are_sealed_for_their_card(world: World) -> None:
    world.stock(7)

    with world.as_staff():
        sim = Sim.objects.get(iccid=iccid(7))

    keys = keyring([OPENING_KEY])
    material = KeyMaterial.decode(open_sealed(keys, bytes(sim.sealed_key), bound_to=sim.iccid))
    codes = json.loads(open_sealed(keys, bytes(sim.sealed_codes), bound_to=sim.iccid))
    assert material.k.hex() == "465b5ce8b199b49faa5f0a2ee2000007"
    assert codes == {"pin1": "1234", "puk1": "00000007", "adm1": "00000008"}


def test_equal_keys_are_stored_as_different_seals(world: World) -> None:
    same = card_row(2).replace("2000002", "2000001").replace("37000002", "37000001")
    with world.as_staff():
        inventory.import_sims("\n".join([HEADER, card_row(1), same]).encode(), name="twins")

        one, other = Sim.objects.order_by("iccid")

    assert bytes(one.sealed_key) != bytes(other.sealed_key)
    assert bytes(one.fingerprint) != bytes(other.fingerprint)


def test_one_wrong_row_keeps_the_whole_file_out(world: World) -> None:
    content = card_file(*range(50)) + b"1,2,3,4,5,6,7\n"

    with world.as_staff():
        with pytest.raises(ImportRefused) as refused:
            inventory.import_sims(content, name="May")
        left = queries.list_sims()

    assert left == []
    assert refused.value.total == len(refused.value.problems)
    assert {one.row for one in refused.value.problems} == {52}


@pytest.mark.parametrize(
    ("old", "new", "column"),
    [
        (",1234,", ",4321,", "iccid"),
        (iccid(1), iccid(9), "imsi"),
        ("ee2000001", "ee2000009", "iccid"),
    ],
)
def test_a_known_card_with_other_data_is_refused(
    world: World, old: str, new: str, column: str
) -> None:
    world.stock(1)

    with world.as_staff(), pytest.raises(ImportRefused) as refused:
        inventory.import_sims(card_file(1).decode().replace(old, new).encode(), name="May")

    assert [one.column for one in refused.value.problems] == [column]


def test_an_imsi_of_nobodys_range_is_refused(world: World) -> None:
    content = card_file(1).replace(b",00101", b",26201")

    with world.as_staff(), pytest.raises(ImportRefused) as refused:
        inventory.import_sims(content, name="May")

    (problem,) = refused.value.problems
    assert (problem.row, problem.column) == (2, "imsi")
    assert "no IMSI range" in problem.rule


def test_another_operators_range_is_nobodys_range(world: World) -> None:
    with world.as_staff(world.south), pytest.raises(ImportRefused):
        inventory.import_sims(card_file(1), name="May")


def test_a_dry_run_tells_and_changes_nothing(world: World) -> None:
    with world.as_staff():
        report = inventory.import_sims(card_file(1, 2), name="May", is_dry_run=True)
        left = queries.list_sims()

    assert (report.imported, report.is_dry_run, report.batch_id) == (2, True, None)
    assert left == []


def test_a_batch_needs_a_name(world: World) -> None:
    with world.as_staff(), pytest.raises(InvalidValue) as refused:
        inventory.import_sims(card_file(1), name=" ")

    assert refused.value.field == "name"


def test_without_a_vault_key_nothing_is_taken(world: World, settings: object) -> None:
    settings.WISPGATE_VAULT_PUBLIC_KEY = ""  # type: ignore[attr-defined]

    with world.as_staff(), pytest.raises(Misconfigured):
        inventory.import_sims(card_file(1), name="May")


def test_warnings_are_counted_and_the_cards_taken(world: World) -> None:
    odd = iccid(1)[:-1] + str((int(iccid(1)[-1]) + 1) % 10)
    content = card_file(1).replace(iccid(1).encode(), odd.encode())

    with world.as_staff():
        report = inventory.import_sims(content, name="May")
        sim = queries.get_sim(odd)

    assert (report.imported, report.total_warnings, len(report.warnings)) == (1, 1, 1)
    assert sim.has_check_digit_warning


def test_many_cards_take_few_statements(
    world: World, django_assert_max_num_queries: object
) -> None:
    with world.as_staff(), django_assert_max_num_queries(30):  # type: ignore[operator]
        inventory.import_sims(card_file(*range(3000)), name="May")


def test_no_secret_is_left_anywhere_in_the_database(world: World, database: TestDatabase) -> None:
    world.stock(1, 2)

    with database.admin() as admin:
        tables = admin.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname !~ '^(pg_|information)'"
        ).fetchall()
        rows = [
            str(row)
            for schema, table in tables
            for row in admin.execute(f'SELECT t::text FROM "{schema}"."{table}" t').fetchall()  # noqa: S608
        ]

    everything = "\n".join(rows)
    assert iccid(1) in everything
    assert imsi(2) in everything
    for secret in ("465b5ce8b199", "cd63cb71954a", "1234,"):
        assert secret not in everything
