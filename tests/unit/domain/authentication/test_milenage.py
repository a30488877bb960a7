"""MILENAGE against TS 35.208 clause 4.3, and its refusals."""

from typing import Any

import pytest

from tests.data.vectors.loader import hss_case, load, number, octets
from wispgate.domain.authentication.milenage import Milenage, opc_of
from wispgate.kernel.errors import InvalidValue

SETS = load("milenage_35208")["sets"]
LIBOSMOCORE = load("sqn_auts")["libosmocore"]


def named(row: dict[str, Any]) -> str:
    return f"set{row['set']}"


def test_all_twenty_published_sets_are_here():
    numbers = [row["set"] for row in SETS]

    assert numbers == list(range(1, 21))


@pytest.mark.parametrize("row", SETS, ids=named)
def test_each_function_gives_the_published_value(row):
    k, opc, rand = octets(row, "k", "opc", "rand")
    sqn, amf = number(row, "sqn"), number(row, "amf")
    card = Milenage(k, opc)

    response = card.respond(rand)

    assert (response.res, response.ck, response.ik) == octets(row, "f2", "f3", "f4")
    assert response.ak == number(row, "f5")
    assert (card.f1(rand, sqn, amf), card.f1_star(rand, sqn, amf)) == octets(row, "f1", "f1star")
    assert card.f5_star(rand) == number(row, "f5star")


@pytest.mark.parametrize("row", SETS, ids=named)
def test_one_pass_gives_what_the_functions_give_singly(row):
    k, opc, rand = octets(row, "k", "opc", "rand")
    sqn, amf = number(row, "sqn"), number(row, "amf")
    card = Milenage(k, opc)

    challenge = card.challenge(rand, sqn, amf)

    assert challenge == (card.f1(rand, sqn, amf), *card.respond(rand))


@pytest.mark.parametrize("row", SETS, ids=named)
def test_opc_follows_from_k_and_op(row):
    k, op, opc = octets(row, "k", "op", "opc")

    assert opc_of(k, op) == opc


def test_opc_of_an_all_zero_op_is_the_encrypted_zero():
    k, op, opc = octets(LIBOSMOCORE["opc_check"], "k", "op", "opc")

    assert opc_of(k, op) == opc


def test_public_case_of_set_one_holds():
    case = hss_case("POL-001")
    given, expect = case["given"], case["expect"]
    k, op, rand = octets(given, "k", "op", "rand")
    sqn, amf = number(given, "sqn"), number(given, "amf")

    opc = opc_of(k, op)
    card = Milenage(k, opc)
    mac, res, ck, ik, ak = card.challenge(rand, sqn, amf)

    assert (opc, mac, res, ck, ik) == octets(expect, "opc", "f1", "f2", "f3", "f4")
    assert card.f1_star(rand, sqn, amf) == octets(expect, "f1s")[0]
    assert (ak, card.f5_star(rand)) == (number(expect, "f5"), number(expect, "f5s"))


@pytest.mark.parametrize(
    ("k", "opc"), [(bytes(15), bytes(16)), (bytes(32), bytes(16)), (bytes(16), bytes(32))]
)
def test_keys_of_another_length_are_refused(k, opc):
    with pytest.raises(InvalidValue, match="16 octets"):
        Milenage(k, opc)


@pytest.mark.parametrize(("k", "op"), [(bytes(8), bytes(16)), (bytes(16), bytes(17))])
def test_opc_needs_both_in_sixteen_octets(k, op):
    with pytest.raises(InvalidValue, match="16 octets"):
        opc_of(k, op)


@pytest.mark.parametrize("function", ["respond", "f5_star"])
def test_rand_of_another_length_is_refused(function):
    card = Milenage(bytes(16), bytes(16))

    with pytest.raises(InvalidValue, match="RAND has 16 octets, not 15"):
        getattr(card, function)(bytes(15))


def test_no_representation_shows_a_secret():
    card = Milenage(b"\xab" * 16, b"\xcd" * 16)
    values = [card, card.challenge(bytes(16), 0, 0), card.respond(bytes(16))]

    shown = [repr(value) for value in values]

    assert shown == ["Milenage(…)", "Challenge(…)", "Response(…)"]
