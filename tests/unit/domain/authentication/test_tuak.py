"""TUAK against TS 35.233 and the Keccak permutation against its vectors."""

from hashlib import sha3_256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import load, number, octets
from wispgate.domain.authentication.keccak import keccak_f1600
from wispgate.domain.authentication.tuak import Tuak, TuakLengths, topc_of
from wispgate.kernel.errors import InvalidValue

SETS = load("tuak_35233")["sets"]
PERMUTATIONS = load("tuak_35233")["keccak"]


def named(row: dict[str, Any]) -> str:
    return f"set{row['set']}"


def a_card(row: dict[str, Any]) -> Tuak:
    k, topc = octets(row, "k", "topc")
    bits = (row["mac_bits"], row["res_bits"], row["ck_bits"], row["ik_bits"])
    lengths = TuakLengths(*(count // 8 for count in bits))
    return Tuak(k, topc, lengths=lengths, iterations=row["keccak_iterations"])


def test_sets_cover_both_key_lengths_and_two_iterations():
    key_octets = {len(row["k"]) // 2 for row in SETS}
    iterations = {row["keccak_iterations"] for row in SETS}

    assert len(SETS) == 6
    assert (key_octets, iterations) == ({16, 32}, {1, 2})


@pytest.mark.parametrize("row", SETS, ids=named)
def test_each_function_gives_the_published_value(row):
    (rand,) = octets(row, "rand")
    sqn, amf = number(row, "sqn"), number(row, "amf")
    card = a_card(row)

    response = card.respond(rand)

    assert (response.res, response.ck, response.ik) == octets(row, "f2", "f3", "f4")
    assert response.ak == number(row, "f5")
    assert (card.f1(rand, sqn, amf), card.f1_star(rand, sqn, amf)) == octets(row, "f1", "f1star")
    assert card.f5_star(rand) == number(row, "f5star")


@pytest.mark.parametrize("row", SETS, ids=named)
def test_one_pass_gives_what_the_functions_give_singly(row):
    (rand,) = octets(row, "rand")
    sqn, amf = number(row, "sqn"), number(row, "amf")
    card = a_card(row)

    challenge = card.challenge(rand, sqn, amf)

    assert challenge == (card.f1(rand, sqn, amf), *card.respond(rand))


@pytest.mark.parametrize("row", SETS, ids=named)
def test_topc_follows_from_k_and_top(row):
    k, top, topc = octets(row, "k", "top", "topc")

    assert topc_of(k, top, iterations=row["keccak_iterations"]) == topc


@pytest.mark.parametrize("row", PERMUTATIONS, ids=range(len(PERMUTATIONS)))
def test_permutation_gives_the_published_state(row):
    state, permuted = octets(row, "input", "output")

    assert keccak_f1600(state) == permuted


@given(st.binary(max_size=135))
def test_permutation_builds_the_sha3_of_the_library(message):
    block = bytearray(message.ljust(136, b"\x00"))
    block[len(message)] ^= 0x06
    block[135] ^= 0x80

    state = keccak_f1600(bytes(block).ljust(200, b"\x00"))

    assert state[:32] == sha3_256(message).digest()


def test_permutation_takes_a_whole_state_only():
    with pytest.raises(InvalidValue, match="200 octets, not 199"):
        keccak_f1600(bytes(199))


@pytest.mark.parametrize(
    "lengths", [{"mac": 4}, {"res": 5}, {"ck": 8}, {"ik": 24}], ids=lambda it: next(iter(it))
)
def test_lengths_that_tuak_lacks_are_refused(lengths):
    with pytest.raises(InvalidValue, match="TUAK makes no"):
        TuakLengths(**lengths)


@pytest.mark.parametrize("iterations", [0, 256])
def test_number_of_iterations_is_limited(iterations):
    with pytest.raises(InvalidValue, match="1 to 255 times"):
        Tuak(bytes(16), bytes(32), iterations=iterations)


@pytest.mark.parametrize(("k", "topc"), [(bytes(24), bytes(32)), (bytes(16), bytes(16))])
def test_keys_of_another_length_are_refused(k, topc):
    with pytest.raises(InvalidValue, match="octets, not"):
        Tuak(k, topc)


def test_top_of_another_length_is_refused():
    with pytest.raises(InvalidValue, match="TOP has 32 octets"):
        topc_of(bytes(16), bytes(16))


def test_rand_of_another_length_is_refused():
    with pytest.raises(InvalidValue, match="RAND has 16 octets"):
        Tuak(bytes(16), bytes(32)).respond(bytes(17))


def test_representation_shows_no_secret():
    assert repr(Tuak(b"\xab" * 16, b"\xcd" * 32)) == "Tuak(…)"
