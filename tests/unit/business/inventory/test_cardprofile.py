"""How a card authenticates, as its row or its batch says: checked with published values."""

from typing import Any

import pytest

from tests.data.vectors.loader import load, number, octets
from tests.unit.business.world import World, iccid, imsi
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.cardfile import CardFile, read_card_file
from wispgate.business.inventory.cardvalues import read_profile
from wispgate.domain.authentication.keys import KeyMaterial, credential_of
from wispgate.kernel.errors import InvalidValue

MILENAGE = load("milenage_35208")["sets"]
TUAK = load("tuak_35233")["sets"]


def fits_lte(row: dict[str, Any]) -> bool:
    """What AUTN and the vectors have room for; the other sets are tested as functions."""
    lengths = (row["mac_bits"], row["ck_bits"], row["ik_bits"])
    return lengths == (64, 128, 128) and row["res_bits"] <= 128


def a_file(header: str, *cells: str) -> bytes:
    return f"iccid,imsi,{header}\n{iccid(1)},{imsi(1)},{','.join(cells)}\n".encode()


def keys_of(file: CardFile) -> KeyMaterial:
    assert file.errors.problems == []
    ((_, card),) = file.cards
    # As they are sealed, and opened again.
    return KeyMaterial.decode(card.keys.encode())


def require_published(keys: KeyMaterial, row: dict[str, Any]) -> None:
    (rand,) = octets(row, "rand")
    card = credential_of(keys).algorithm
    challenge = card.challenge(rand, number(row, "sqn"), number(row, "amf"))
    assert challenge[:4] == octets(row, "f1", "f2", "f3", "f4")
    assert challenge.ak == number(row, "f5")
    assert card.f5_star(rand) == number(row, "f5star")


def test_published_sets_of_both_algorithms_are_there() -> None:
    assert (len(MILENAGE), len(TUAK)) == (20, 6)
    assert sum(map(fits_lte, TUAK)) >= 1


@pytest.mark.parametrize("row", MILENAGE, ids=lambda row: f"set{row['set']}")
@pytest.mark.parametrize("secret", ["op", "opc"])
def test_an_imported_milenage_card_answers_as_published(row: dict[str, Any], secret: str) -> None:
    file = read_card_file(a_file(f"ki,{secret}", row["k"], row[secret]))

    require_published(keys_of(file), row)


@pytest.mark.parametrize(
    "row", [row for row in TUAK if fits_lte(row)], ids=lambda row: f"set{row['set']}"
)
@pytest.mark.parametrize("secret", ["top", "topc"])
def test_an_imported_tuak_card_answers_as_published(row: dict[str, Any], secret: str) -> None:
    header = f"ki,{secret},algorithm,res_octets,iterations"
    more = ("tuak", str(row["res_bits"] // 8), str(row["keccak_iterations"]))

    file = read_card_file(a_file(header, row["k"], row[secret], *more))

    require_published(keys_of(file), row)


@pytest.mark.parametrize("row", TUAK, ids=lambda row: f"set{row['set']}")
def test_topc_follows_from_top_with_the_iterations_of_the_card(row: dict[str, Any]) -> None:
    profile = {"algorithm": "tuak", "op": row["top"], "iterations": str(row["keccak_iterations"])}

    file = read_card_file(a_file("ki", row["k"]), profile)

    assert (keys_of(file).opc,) == octets(row, "topc")


def test_a_row_overrules_what_its_batch_has_in_common() -> None:
    profile = {"algorithm": "tuak", "amf": "9000", "op": "55" * 32, "res_octets": "16"}

    common = keys_of(read_card_file(a_file("ki,amf", "aa" * 16, ""), profile))
    own = keys_of(
        read_card_file(
            a_file(
                "ki,amf,opc,algorithm,res_octets", "aa" * 16, "b000", "bb" * 16, "milenage", "8"
            ),
            profile,
        )
    )

    assert (common.algorithm, common.amf, common.res_octets) == ("tuak", 0x9000, 16)
    assert (own.algorithm, own.amf, own.opc) == ("milenage", 0xB000, b"\xbb" * 16)


@pytest.mark.parametrize(
    ("profile", "field"),
    [
        ({"algorithm": "xor"}, "algorithm"),
        ({"amf": "80"}, "amf"),
        ({"op": "555555"}, "op"),
        ({"op": "55" * 16, "algorithm": "tuak"}, "op"),
        ({"res_octets": "32"}, "res_octets"),
        ({"iterations": "256"}, "iterations"),
        ({"iterations": "-1"}, "iterations"),
        ({"ki": "aa" * 16}, "ki"),
    ],
)
def test_a_wrong_profile_is_refused_by_name(profile: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_profile(profile)

    assert refused.value.field == field
    assert "5555" not in str(refused.value)


@pytest.mark.parametrize("more", [{"res_octets": "16"}, {"iterations": "2"}])
def test_milenage_has_no_lengths_to_choose(more: dict[str, str]) -> None:
    file = read_card_file(a_file("ki,opc", "aa" * 16, "bb" * 16), more)

    (problem,) = file.errors.problems
    assert "MILENAGE has RES of 8" in problem.rule


def test_a_batch_with_its_profile_comes_in_over_rest(world: World) -> None:
    content = a_file("ki", "ab" * 32)

    wrong = world.client().upload("/sims/import?name=May&algorithm=tuak&iterations=0", content)
    lacking = world.client().upload("/sims/import?name=May&algorithm=tuak", content)
    done = world.client().upload(
        "/sims/import?name=May&algorithm=tuak&iterations=2&amf=9001",
        a_file("ki,topc", "ab" * 32, "cd" * 32),
    )

    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "iterations")
    assert (lacking.status, lacking.json["errors"][0]["column"]) == (422, "opc")
    assert done.status == 201
    with world.as_staff():
        assert inventory.import_sims(
            a_file("ki,topc", "ab" * 32, "cd" * 32), name="again",
            profile={"algorithm": "tuak", "iterations": "2", "amf": "9001"},
        ).duplicates == 1  # fmt: skip
