"""Sequence numbers and resynchronisation against TS 33.102 annex C and the public cases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.vectors.loader import hss_case, load, number, octets
from wispgate.domain.authentication.errors import SequenceExhausted
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sqn import (
    DELTA,
    IND_BITS,
    SEQ_MAX,
    SQN_MAX,
    MacFailure,
    NotNeeded,
    ResynchronisationRequest,
    Resynchronised,
    UsimSequence,
    conceal,
    find_resynchronisation_request,
    ind_of,
    is_key_mismatch_suspected,
    next_sqn,
    resynchronise,
)
from wispgate.kernel.errors import InvalidValue

VECTORS = load("sqn_auts")["vectors"]
CAPTURED = load("sqn_auts")["captured"]
LIBOSMOCORE = load("sqn_auts")["libosmocore"]
CARD = Milenage(bytes(16), bytes(16))
SEQUENCE_NUMBERS = st.integers(0, SQN_MAX)


def card_of(row: dict[str, Any]) -> Milenage:
    return Milenage(*octets(row, "k", "opc"))


def a_request(sqn_ms: int, *, rand: bytes = bytes(16)) -> ResynchronisationRequest:
    return ResynchronisationRequest(rand, conceal(CARD, rand, sqn_ms))


def an_sqn(seq: int, ind: int = 0) -> int:
    return seq << IND_BITS | ind


def named(row: dict[str, Any]) -> str:
    return f"set{row['milenage_set']}-{row['sqn_ms']}"


def test_all_resynchronisation_vectors_are_here():
    assert (len(VECTORS), len(CAPTURED)) == (24, 1)


@pytest.mark.parametrize("row", VECTORS, ids=named)
def test_auts_is_what_the_vector_says(row):
    (rand,) = octets(row, "rand")
    card = card_of(row)

    auts = conceal(card, rand, number(row, "sqn_ms"))

    assert auts == octets(row, "auts")[0]
    assert card.f5_star(rand) == number(row, "ak_star")


@pytest.mark.parametrize("row", VECTORS, ids=named)
def test_card_ahead_of_us_sets_our_counter(row):
    request = find_resynchronisation_request(octets(row, "re_synchronization_info_avp_1411")[0])
    far_behind = 0

    decision = resynchronise(card_of(row), request, sqn=far_behind)

    assert decision == Resynchronised(number(row, "sqn_ms"))
    assert next_sqn(decision.sqn, 0) == number(row, "next_sqn_ind5_seqplus1")


@pytest.mark.parametrize("row", VECTORS, ids=named)
def test_sqn_that_the_card_would_accept_stays(row):
    request = find_resynchronisation_request(octets(row, "re_synchronization_info_avp_1411")[0])
    sqn_ms, sqn_hss = number(row, "sqn_ms"), number(row, "sqn_hss")
    is_behind = sqn_hss >> IND_BITS < sqn_ms >> IND_BITS

    decision = resynchronise(card_of(row), request, sqn=sqn_hss)

    assert decision == (Resynchronised(sqn_ms) if is_behind else NotNeeded(sqn_ms))


@pytest.mark.parametrize("row", VECTORS, ids=named)
@pytest.mark.parametrize("sqn", [0, None], ids=["behind", "same"])
def test_wrong_mac_s_changes_nothing(row, sqn):
    rand, bad_auts = octets(row, "rand", "bad_auts")
    sqn = number(row, "sqn_ms") if sqn is None else sqn

    decision = resynchronise(card_of(row), ResynchronisationRequest(rand, bad_auts), sqn=sqn)

    assert decision == MacFailure()


@pytest.mark.parametrize("row", CAPTURED, ids=["open5gs"])
def test_captured_resynchronisation_is_followed_by_its_next_sqn(row):
    request = find_resynchronisation_request(octets(row, "re_synchronization_info")[0])
    next_ind = number(row, "next_vector_sqn") % 32

    decision = resynchronise(card_of(row), request, sqn=0)

    assert decision == Resynchronised(number(row, "sqn_ms"))
    assert next_sqn(decision.sqn, next_ind) == number(row, "next_vector_sqn")


def test_second_implementation_agrees_on_auts_and_next_sqn():
    rand, auts = octets(LIBOSMOCORE, "rand", "auts")
    request = ResynchronisationRequest(rand, auts)

    decision = resynchronise(card_of(LIBOSMOCORE), request, sqn=an_sqn(SEQ_MAX - 9))

    assert decision == Resynchronised(number(LIBOSMOCORE, "sqn_ms"))
    assert next_sqn(decision.sqn, 0) == LIBOSMOCORE["next_sqn_ind0"]
    first = next_sqn(decision.sqn, 10)
    second = next_sqn(first, 10)
    assert [first, second, next_sqn(second, 10)] == LIBOSMOCORE["next_sqn_ind_bits5_ind10"]


def test_public_case_of_a_zero_auts_recovers_the_counter():
    case = hss_case("POL-012")
    given, expect = case["given"], case["expect"]
    request = ResynchronisationRequest(*octets(given, "rand", "auts"))

    decision = resynchronise(card_of(given), request, sqn=an_sqn(given["next_seq"] - 1))

    assert decision == Resynchronised(number(expect, "sqn_ms"))
    assert next_sqn(decision.sqn, 0) >> IND_BITS == int(expect["next_seq"], 16)


def test_public_case_of_zero_information_asks_for_nothing():
    case = hss_case("POL-015")
    given = case["given"]

    request = find_resynchronisation_request(octets(given, "resync_info_hex")[0])

    assert request is None
    used = next_sqn(an_sqn(given["next_seq"] - 1), 0)
    assert next_sqn(used, 0) >> IND_BITS == case["expect"]["next_seq"]


def test_public_case_of_a_large_jump_follows_the_card():
    case = hss_case("POL-018")
    seq_ms = case["given"]["seq_ms"]

    decision = resynchronise(CARD, a_request(an_sqn(seq_ms)), sqn=0)

    assert decision == Resynchronised(an_sqn(seq_ms))
    assert next_sqn(decision.sqn, 0) >> IND_BITS == case["expect"]["next_seq"]


@pytest.mark.parametrize("length", [0, 29, 31])
def test_resynchronisation_information_has_thirty_octets(length):
    with pytest.raises(InvalidValue, match="30 octets"):
        find_resynchronisation_request(bytes(length))


@pytest.mark.parametrize(("rand", "auts"), [(15, 14), (16, 13)])
def test_request_needs_whole_rand_and_auts(rand, auts):
    with pytest.raises(InvalidValue, match="octets, not"):
        ResynchronisationRequest(bytes(rand), bytes(auts))


@pytest.mark.parametrize("sqn", [-1, SQN_MAX + 1])
def test_numbers_beyond_48_bits_are_refused(sqn):
    with pytest.raises(InvalidValue, match="48 bits"):
        next_sqn(sqn, 0)
    with pytest.raises(InvalidValue, match="48 bits"):
        resynchronise(CARD, a_request(0), sqn=sqn)
    with pytest.raises(InvalidValue, match="48 bits"):
        UsimSequence().accepts(sqn)


@pytest.mark.parametrize("ind", [-1, 32])
def test_slots_beyond_31_are_refused(ind):
    with pytest.raises(InvalidValue, match="slots 0 to 31"):
        next_sqn(0, ind)


@given(sqn=st.integers(0, an_sqn(SEQ_MAX) - 1), ind=st.integers(0, 31))
def test_next_number_is_one_step_ahead_in_its_slot(sqn, ind):
    following = next_sqn(sqn, ind)

    assert following >> IND_BITS == (sqn >> IND_BITS) + 1
    assert following % 32 == ind


def test_counter_at_its_end_does_not_wrap_round():
    assert next_sqn(an_sqn(SEQ_MAX - 1), 31) == SQN_MAX

    with pytest.raises(SequenceExhausted):
        next_sqn(an_sqn(SEQ_MAX), 0)


def test_our_counter_at_its_end_follows_a_card_that_is_not():
    decision = resynchronise(CARD, a_request(an_sqn(SEQ_MAX - 5)), sqn=SQN_MAX)

    assert decision == Resynchronised(an_sqn(SEQ_MAX - 5))


@pytest.mark.parametrize(
    ("ahead", "is_in_reach"), [(0, False), (1, True), (DELTA, True), (DELTA + 1, False)]
)
def test_our_next_number_is_in_reach_up_to_delta(ahead, is_in_reach):
    seq_ms = 1000
    ours = an_sqn(seq_ms + ahead - 1)

    decision = resynchronise(CARD, a_request(an_sqn(seq_ms)), sqn=ours)

    assert isinstance(decision, NotNeeded) is is_in_reach


@given(sqn=SEQUENCE_NUMBERS, seq_ms=st.integers(0, SEQ_MAX - 1), ind=st.integers(0, 31))
def test_card_accepts_the_next_number_after_any_resynchronisation(sqn, seq_ms, ind):
    slots = (0,) * 7 + (seq_ms,) + (0,) * 24
    card_sequence = UsimSequence(slots)

    match resynchronise(CARD, a_request(card_sequence.sqn_ms), sqn=sqn):
        case Resynchronised(sqn=ours):
            following = next_sqn(ours, ind)
        case NotNeeded():
            following = next_sqn(sqn, ind)

    assert card_sequence.accepts(following)


def test_slot_of_a_node_is_the_same_in_every_process():
    slots = [ind_of(f"mme{n}.epc.mnc001.mcc001.3gppnetwork.org") for n in range(8)]

    assert slots == [16, 23, 29, 20, 19, 15, 4, 28]


def test_slot_of_a_node_disregards_case():
    assert ind_of("MME1.Example.ORG") == ind_of("mme1.example.org")


@given(st.text())
def test_slot_of_any_identity_is_a_slot(identity):
    assert 0 <= ind_of(identity) < 32


def test_nodes_spread_over_all_slots():
    slots = {ind_of(f"mme{n}") for n in range(500)}

    assert slots == set(range(32))


def test_fourth_resynchronisation_in_a_row_is_suspicious():
    suspected = [is_key_mismatch_suspected(count) for count in (0, 1, 3, 4)]

    assert suspected == [False, False, False, True]


def test_fresh_card_tells_zero_and_takes_the_first_number():
    card = UsimSequence()

    assert card.sqn_ms == 0
    assert not card.accepts(0)
    assert card.accepts(next_sqn(0, 0))


def test_card_takes_each_number_once():
    card = UsimSequence().find_after(an_sqn(5, 3))

    assert card.sqn_ms == an_sqn(5, 3)
    assert card.find_after(an_sqn(5, 3)) is None


def test_older_number_is_fresh_in_another_slot():
    card = UsimSequence().find_after(an_sqn(5, 3))

    older = card.find_after(an_sqn(4, 2))

    assert older.sqn_ms == an_sqn(5, 3)
    assert (older.slots[2], older.slots[3]) == (4, 5)
    assert not card.accepts(an_sqn(4, 3))


def test_jump_beyond_delta_is_refused():
    card = UsimSequence().find_after(an_sqn(7))

    accepted = [card.accepts(an_sqn(7 + step)) for step in (DELTA, DELTA + 1)]

    assert accepted == [True, False]


def test_age_limit_refuses_what_lies_far_behind():
    card = UsimSequence(age_limit=10).find_after(an_sqn(100, 0))

    accepted = [card.accepts(an_sqn(seq, 1)) for seq in (89, 90)]

    assert accepted == [False, True]
    assert card.find_after(an_sqn(90, 1)).age_limit == 10


@pytest.mark.parametrize(
    "slots", [(0,) * 31, (0,) * 33, (-1, *(0,) * 31), (SEQ_MAX + 1, *(0,) * 31)]
)
def test_impossible_slots_are_refused(slots):
    with pytest.raises(InvalidValue):
        UsimSequence(slots)


@given(st.lists(SEQUENCE_NUMBERS, max_size=40))
def test_slots_never_go_backwards(numbers):
    card = UsimSequence(delta=SEQ_MAX)

    for sqn in numbers:
        before = card.slots
        card = card.find_after(sqn) or card
        assert all(new >= old for new, old in zip(card.slots, before, strict=True))
