"""Our words and S6a's results; what every answer has."""

import pytest

from tests.unit.network.requests import a_request
from wispgate.domain.policy.decisions import Refusal
from wispgate.network.hss.answers import (
    AUTHENTICATION_DATA_UNAVAILABLE,
    RESULTS,
    SUCCESS,
    s6a_answer,
    unknown_as,
)
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.message import decode_message
from wispgate.wire.diameter.results import ExperimentalResultCode
from wispgate.wire.diameter.validation import check_answer

# 5001 and 5004 silence a phone until power cycle (TS 24.301 annex A).
FOR_EVER = {ExperimentalResultCode.USER_UNKNOWN, ExperimentalResultCode.ROAMING_NOT_ALLOWED}


def test_every_refusal_has_a_result_of_3gpp() -> None:
    assert set(RESULTS) == set(Refusal)
    assert {result.vendor_id for result in RESULTS.values()} == {10415}


@pytest.mark.parametrize(
    "refusal",
    [Refusal.SUSPENDED, Refusal.NO_PLAN, Refusal.OUT_OF_CREDIT, Refusal.APN_NOT_ALLOWED],
)
def test_what_may_end_again_never_silences_a_phone(refusal: Refusal) -> None:
    assert RESULTS[refusal].code not in FOR_EVER


@pytest.mark.parametrize("result", [SUCCESS, AUTHENTICATION_DATA_UNAVAILABLE, *RESULTS.values()])
def test_every_answer_keeps_the_grammar(result: Result) -> None:
    answer = decode_message(s6a_answer(a_request(), result))

    assert check_answer(answer) is None
    assert answer.get_int("Auth-Session-State") == 1
    assert not answer.header.is_error
    application = answer.get_avp("Vendor-Specific-Application-Id").members
    assert application.get_int("Auth-Application-Id") == 16777251


@pytest.mark.parametrize(
    ("setting", "refusal"),
    [
        ("unknown", Refusal.UNKNOWN_SUBSCRIBER),
        ("roaming_not_allowed", Refusal.ROAMING_NOT_ALLOWED),
        ("", Refusal.UNKNOWN_SUBSCRIBER),
    ],
)
def test_a_core_says_how_unknown_cards_are_answered(setting: str, refusal: Refusal) -> None:
    assert unknown_as(setting) is refusal
