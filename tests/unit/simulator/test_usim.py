"""The simulated card against published vectors and against our own home network."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.data.vectors.loader import load, number, octets
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial, algorithm_for
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sqn import (
    DELTA,
    IND_BITS,
    SEQ_MAX,
    ResynchronisationRequest,
    Resynchronised,
    UsimSequence,
    next_sqn,
    resynchronise,
)
from wispgate.domain.authentication.vectors import (
    EutranVector,
    compute_eutran_vector,
    compute_utran_vector,
)
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.usim import (
    Authenticated,
    MacFailure,
    NonEpsAuthenticationUnacceptable,
    SynchronisationFailure,
    Usim,
)

IMSI, HOME = Imsi("001010000000001"), Plmn("001", "01")
K, OPC, RAND = b"k" * 16, b"o" * 16, b"r" * 16
NETWORK = Milenage(K, OPC)
DERIVED = load("kasme_33401")["vectors"]
CAPTURED = load("kasme_33401")["captured"]
AUTS = load("sqn_auts")["vectors"]


def a_card(**changes: Any) -> Usim:
    return Usim(IMSI, K, OPC, **changes)


def a_card_that_last_took(sqn: int, *, k: bytes = K, opc: bytes = OPC) -> Usim:
    ind = sqn % 32
    slots = [0] * 32
    slots[ind] = sqn >> IND_BITS
    return Usim(IMSI, k, opc, sequence=UsimSequence(tuple(slots)))


def a_vector(sqn: int, *, rand: bytes = RAND) -> EutranVector:
    return compute_eutran_vector(NETWORK, rand=rand, sqn=sqn, amf=0x8000, plmn=HOME)


def named(row: dict[str, Any]) -> str:
    return f"set{row['milenage_set']}-{row.get('mcc', row.get('sqn_ms'))}"


@pytest.mark.parametrize("row", DERIVED, ids=named)
def test_card_answers_the_published_vectors(row):
    k, opc, rand, autn = octets(row, "k", "opc", "rand", "autn")
    card = a_card_that_last_took(number(row, "sqn") - 32, k=k, opc=opc)

    result = card.authenticate(rand, autn, Plmn(row["mcc"], row["mnc"]))

    assert result == Authenticated(*octets(row, "xres", "kasme", "ck", "ik"))
    assert card.sequence.sqn_ms == number(row, "sqn")


@pytest.mark.parametrize("row", CAPTURED, ids=range(len(CAPTURED)))
def test_card_answers_the_captured_challenges(row):
    k, opc, rand, autn, plmn = octets(row, "k", "opc", "rand", "autn", "visited_plmn_id")
    card = a_card_that_last_took(max(number(row, "sqn") - 32, 0), k=k, opc=opc)

    result = card.authenticate(rand, autn, Plmn.decode(plmn))

    assert result == Authenticated(*octets(row, "xres", "kasme", "ck", "ik"))


@pytest.mark.parametrize("row", AUTS, ids=named)
def test_card_ahead_of_the_network_sends_the_published_auts(row):
    k, opc, rand, auts = octets(row, "k", "opc", "rand", "auts")
    card = a_card_that_last_took(number(row, "sqn_ms"), k=k, opc=opc)
    stale = compute_eutran_vector(
        Milenage(k, opc), rand=rand, sqn=card.sequence.sqn_ms, amf=0x8000, plmn=HOME
    )

    result = card.authenticate(stale.rand, stale.autn, HOME)

    assert result == SynchronisationFailure(auts)


def test_challenge_repeated_is_out_of_sync():
    card, vector = a_card(), a_vector(32)

    first = card.authenticate(vector.rand, vector.autn, HOME)
    second = card.authenticate(vector.rand, vector.autn, HOME)

    assert isinstance(first, Authenticated)
    assert isinstance(second, SynchronisationFailure)


def test_challenge_in_another_network_gives_another_kasme():
    vector = a_vector(32)

    result = a_card().authenticate(vector.rand, vector.autn, Plmn("262", "01"))

    assert result.res == vector.xres
    assert result.kasme != vector.kasme


def test_challenge_of_other_keys_is_a_mac_failure():
    card = Usim(IMSI, K, b"x" * 16)
    vector = a_vector(32)

    result = card.authenticate(vector.rand, vector.autn, HOME)

    assert result == MacFailure()
    assert card.sequence == UsimSequence()


@given(st.integers(0, 127))
def test_any_bit_turned_in_autn_is_a_mac_failure(bit):
    vector = a_vector(32)
    turned = int.from_bytes(vector.autn, "big") ^ 1 << bit

    result = a_card().authenticate(vector.rand, turned.to_bytes(16, "big"), HOME)

    assert result == MacFailure()


def test_vector_for_utran_is_refused_without_using_its_sqn():
    card = a_card()
    vector = compute_utran_vector(NETWORK, rand=RAND, sqn=32, amf=0x8000)

    result = card.authenticate(vector.rand, vector.autn, HOME)

    assert result == NonEpsAuthenticationUnacceptable()
    assert card.sequence == UsimSequence()


def test_vectors_of_two_nodes_may_arrive_in_turn():
    card = a_card()
    first = a_vector(next_sqn(0, 1))
    second = a_vector(next_sqn(32, 2))

    results = [card.authenticate(v.rand, v.autn, HOME) for v in (second, first)]

    assert all(isinstance(result, Authenticated) for result in results)


@given(seq_ms=st.integers(0, SEQ_MAX - 1), ours=st.integers(0, SEQ_MAX - 1), ind=st.integers(0, 31))
@example(seq_ms=1, ours=0, ind=0)  # refused, yet our next SQN is fresh: no resynchronisation
@example(seq_ms=0, ours=SEQ_MAX - 1, ind=0)  # we are at the end of the counter, the card is not
def test_network_finds_every_card_again(seq_ms, ours, ind):
    card, used = a_card_that_last_took(seq_ms << IND_BITS), next_sqn(ours << IND_BITS, ind)
    challenge = a_vector(used)

    result = card.authenticate(challenge.rand, challenge.autn, HOME)
    if isinstance(result, SynchronisationFailure):
        request = ResynchronisationRequest(challenge.rand, result.auts)
        decision = resynchronise(NETWORK, request, sqn=used)
        known = decision.sqn if isinstance(decision, Resynchronised) else used
        challenge = a_vector(next_sqn(known, ind))
        result = card.authenticate(challenge.rand, challenge.autn, HOME)

    assert isinstance(result, Authenticated)


def test_network_far_ahead_falls_back_to_the_card():
    card, far = a_card_that_last_took(5 << IND_BITS), 7 + DELTA << IND_BITS
    vector = a_vector(far)

    result = card.authenticate(vector.rand, vector.autn, HOME)

    request = ResynchronisationRequest(vector.rand, result.auts)
    assert resynchronise(NETWORK, request, sqn=far) == Resynchronised(5 << IND_BITS)


def test_tuak_card_authenticates_too():
    keys = KeyMaterial(AlgorithmName.TUAK, b"k" * 32, b"o" * 32)
    card = Usim(IMSI, keys.k, keys.opc, algorithm=AlgorithmName.TUAK)
    vector = compute_eutran_vector(algorithm_for(keys), rand=RAND, sqn=32, amf=0x8000, plmn=HOME)

    result = card.authenticate(vector.rand, vector.autn, HOME)

    assert (result.res, result.kasme) == (vector.xres, vector.kasme)


@pytest.mark.parametrize("length", [0, 15, 17])
def test_autn_of_another_length_is_refused(length):
    with pytest.raises(InvalidValue, match="AUTN has 16 octets"):
        a_card().authenticate(RAND, bytes(length), HOME)


def test_representations_show_no_secret():
    card, vector = a_card(), a_vector(32)

    result = card.authenticate(vector.rand, vector.autn, HOME)

    assert repr(card) == "Usim(00101…01)"
    assert repr(result) == "Authenticated()"
