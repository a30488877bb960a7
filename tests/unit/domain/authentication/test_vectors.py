"""Vectors against TS 33.401 derivations, captured answers and the public cases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import hss_case, load, number, octets
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sqn import IND_BITS, SQN_MAX, next_sqn
from wispgate.domain.authentication.tuak import Tuak, TuakLengths
from wispgate.domain.authentication.vectors import (
    compute_eutran_vector,
    compute_utran_vector,
    decide_vector_count,
    kasme,
)
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn

DERIVED = load("kasme_33401")["vectors"]
CAPTURED = load("kasme_33401")["captured"]
HOME = Plmn("001", "01")


def card_of(row: dict[str, Any]) -> Milenage:
    return Milenage(*octets(row, "k", "opc"))


def named(row: dict[str, Any]) -> str:
    return f"set{row['milenage_set']}-{row['mcc']}-{row['mnc']}"


def test_derived_and_captured_vectors_are_all_here():
    assert (len(DERIVED), len(CAPTURED)) == (60, 12)


@pytest.mark.parametrize("row", DERIVED, ids=named)
def test_kasme_is_bound_to_the_serving_network(row):
    ck, ik, concealed = octets(row, "ck", "ik", "sqn_xor_ak")
    plmn = Plmn(row["mcc"], row["mnc"])

    assert plmn.encode() == octets(row, "sn_id")[0]
    assert kasme(ck, ik, concealed, plmn) == octets(row, "kasme")[0]


@pytest.mark.parametrize("row", DERIVED, ids=named)
def test_eutran_vector_equals_the_derived_one(row):
    (rand,) = octets(row, "rand")
    amf = number(row, "amf_with_separation_bit")

    vector = compute_eutran_vector(
        card_of(row), rand=rand, sqn=number(row, "sqn"), amf=amf, plmn=Plmn(row["mcc"], row["mnc"])
    )

    assert (vector.xres, vector.autn, vector.kasme) == octets(row, "xres", "autn", "kasme")
    assert vector.rand == rand


@pytest.mark.parametrize("row", CAPTURED, ids=range(len(CAPTURED)))
def test_eutran_vector_equals_the_captured_one(row):
    rand, plmn = octets(row, "rand", "visited_plmn_id")

    vector = compute_eutran_vector(
        card_of(row),
        rand=rand,
        sqn=number(row, "sqn"),
        amf=number(row, "amf"),
        plmn=Plmn.decode(plmn),
    )

    assert (vector.xres, vector.autn, vector.kasme) == octets(row, "xres", "autn", "kasme")


def test_public_case_of_one_eutran_vector_holds():
    case = hss_case("POL-004")
    given, expect = case["given"], case["expect"]["vector"]
    rand, plmn = octets(given, "rand", "plmn")
    last_used = given["seq"] - 1 << IND_BITS

    sqn = next_sqn(last_used, given["ind"])
    vector = compute_eutran_vector(
        card_of(given), rand=rand, sqn=sqn, amf=number(given, "amf"), plmn=Plmn.decode(plmn)
    )

    assert (vector.rand, vector.xres) == octets(expect, "rand", "xres")
    assert (vector.autn, vector.kasme) == octets(expect, "autn", "kasme")
    assert (next_sqn(sqn, 0) >> IND_BITS) == case["expect"]["next_seq"]


def test_public_case_of_too_many_vectors_holds():
    case = hss_case("POL-007")

    count = decide_vector_count(case["events"][0]["vectors"])

    assert count == case["expect"]["vector_count_max"]


@pytest.mark.parametrize(("requested", "made"), [(-1, 1), (0, 1), (1, 1), (3, 3), (5, 5), (6, 5)])
def test_vectors_made_are_one_to_five(requested, made):
    assert decide_vector_count(requested) == made


def test_public_case_of_many_requests_has_no_autn_twice():
    case = hss_case("POL-010")
    card, sqn = card_of(case["given"]), case["given"]["seq"] - 1 << IND_BITS
    autns = set()

    for _ in range(case["events"][0]["n"]):
        sqn = next_sqn(sqn, 0)
        vector = compute_eutran_vector(card, rand=bytes(16), sqn=sqn, amf=0x8000, plmn=HOME)
        autns.add(vector.autn)

    assert len(autns) == case["expect"]["distinct_autn"]
    assert (next_sqn(sqn, 0) >> IND_BITS) == case["expect"]["next_seq"]


@given(
    amf=st.integers(0, 0xFFFF),
    sqn=st.integers(0, SQN_MAX),
    rand=st.binary(min_size=16, max_size=16),
)
def test_separation_bit_tells_eutran_from_utran(amf, sqn, rand):
    card = Milenage(bytes(16), bytes(16))

    eutran = compute_eutran_vector(card, rand=rand, sqn=sqn, amf=amf, plmn=HOME)
    utran = compute_utran_vector(card, rand=rand, sqn=sqn, amf=amf)

    assert int.from_bytes(eutran.autn[6:8], "big") == amf | 0x8000
    assert int.from_bytes(utran.autn[6:8], "big") == amf & 0x7FFF
    assert kasme(utran.ck, utran.ik, utran.autn[:6], HOME) == eutran.kasme


def test_utran_vector_equals_that_of_a_second_implementation():
    libosmocore = load("sqn_auts")["libosmocore"]
    row = libosmocore["vector_sqn34"]

    vector = compute_utran_vector(card_of(libosmocore), rand=bytes(16), sqn=34, amf=0)

    assert (vector.autn, vector.xres) == octets(row, "autn", "res")
    assert (vector.ck, vector.ik) == octets(row, "ck", "ik")


@pytest.mark.parametrize("res", [4, 8, 16])
def test_tuak_makes_vectors_with_its_res_length(res):
    card = Tuak(bytes(32), bytes(32), lengths=TuakLengths(res=res))

    vector = compute_eutran_vector(card, rand=bytes(16), sqn=32, amf=0x8000, plmn=HOME)

    assert (len(vector.xres), len(vector.autn), len(vector.kasme)) == (res, 16, 32)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [(TuakLengths(mac=16), "MAC of 8 octets, not 16"), (TuakLengths(res=32), "XRES has 4 to 16")],
)
def test_outputs_that_fit_no_vector_are_refused(lengths, message):
    card = Tuak(bytes(16), bytes(32), lengths=lengths)

    with pytest.raises(InvalidValue, match=message):
        compute_eutran_vector(card, rand=bytes(16), sqn=32, amf=0x8000, plmn=HOME)


def test_representations_show_no_secret():
    card = Milenage(bytes(16), bytes(16))
    eutran = compute_eutran_vector(card, rand=bytes(16), sqn=32, amf=0x8000, plmn=HOME)
    utran = compute_utran_vector(card, rand=bytes(16), sqn=32, amf=0)

    shown = repr(eutran) + repr(utran)

    assert not any(name in shown for name in ("xres", "kasme", "ck=", "ik="))
