"""Triplets against TS 55.205 and a vector of libosmocore."""

from typing import Any

import pytest

from tests.data.vectors.loader import load, octets
from wispgate.domain.authentication.gsm import (
    compute_geran_vector,
    kc,
    sres_by_truncation,
    sres_by_xor,
)
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.tuak import Tuak, TuakLengths
from wispgate.kernel.errors import InvalidValue

SETS = load("gsm_milenage_55205")["sets"]


def named(row: dict[str, Any]) -> str:
    return f"set{row['set']}"


def test_all_nineteen_published_sets_are_here():
    assert [row["set"] for row in SETS] == list(range(1, 20))


@pytest.mark.parametrize("row", SETS, ids=named)
def test_triplet_has_the_published_sres_and_kc(row):
    ki, opc, rand = octets(row, "ki", "opc", "rand")

    triplet = compute_geran_vector(Milenage(ki, opc), rand=rand)

    assert (triplet.sres, triplet.kc) == octets(row, "sres_variant1_xor", "kc")
    assert triplet.rand == rand


@pytest.mark.parametrize("row", SETS, ids=named)
def test_second_variant_of_sres_is_truncation(row):
    ki, opc, rand = octets(row, "ki", "opc", "rand")

    response = Milenage(ki, opc).respond(rand)

    assert sres_by_truncation(response.res) == octets(row, "sres_variant2_trunc")[0]


def test_conversions_agree_with_a_second_implementation():
    row = load("sqn_auts")["libosmocore"]["vector_sqn34"]
    res, ck, ik = octets(row, "res", "ck", "ik")

    converted = sres_by_xor(res), kc(ck, ik)

    assert converted == octets(row, "sres", "kc")


def test_short_and_long_res_are_folded_too():
    folded = [sres_by_xor(bytes.fromhex(res)) for res in ("01020304", "0102030405", "01" * 16)]

    assert folded == [bytes.fromhex(sres) for sres in ("01020304", "04020304", "00000000")]


@pytest.mark.parametrize("convert", [sres_by_xor, sres_by_truncation])
@pytest.mark.parametrize("length", [3, 17])
def test_res_of_impossible_length_is_refused(convert, length):
    with pytest.raises(InvalidValue, match="RES has"):
        convert(bytes(length))


@pytest.mark.parametrize(
    "lengths", [TuakLengths(ck=32), TuakLengths(ik=32)], ids=["long_ck", "long_ik"]
)
def test_no_kc_follows_from_keys_of_256_bits(lengths):
    card = Tuak(bytes(16), bytes(32), lengths=lengths)

    with pytest.raises(InvalidValue, match="has 16 octets, not 32"):
        compute_geran_vector(card, rand=bytes(16))


def test_representation_shows_rand_only():
    triplet = compute_geran_vector(Milenage(bytes(16), bytes(16)), rand=b"R" * 16)

    assert repr(triplet) == f"GeranVector(rand={b'R' * 16!r})"
