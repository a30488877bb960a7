"""What the self-test says of one phone: IMSI, line, key, PLMN, registration, APN, session."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wispgate.domain.diagnosis.evidence import (
    FORGED_RESYNCHRONISATION,
    RESYNCHRONISED,
    Evidence,
    Outcome,
    Subscriber,
)
from wispgate.domain.diagnosis.findings import Finding, Link, Severity
from wispgate.domain.diagnosis.judging import judge
from wispgate.domain.diagnosis.phones import check_line
from wispgate.domain.policy.decisions import Refusal

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
IMSI = "001010000000001"
WELL: dict[str, Any] = {
    "operators": ("North",), "sim": "assigned", "state": "active", "apns": ("internet",),
    "authenticated_at": NOW - HOUR, "registered_at": NOW - HOUR, "mme": "mme.epc.test",
    "has_session": True,
}  # fmt: skip


def judged(*outcomes: Outcome, plmns: tuple[str, ...] = ("001-01",), **what: Any) -> list[Finding]:
    phone = Subscriber(imsi=IMSI, **(WELL | what))
    evidence = Evidence(
        now=NOW, identity="", peer=None, plmns=plmns, outcomes=outcomes, subscriber=phone
    )
    return list(judge(evidence))


def an_outcome(procedure: str, result: str, **what: Any) -> Outcome:
    values: dict[str, Any] = {
        "imsi": IMSI, "peer": "mme.epc.test", "visited_plmn": "262-01", "apn": "", "times": 2,
        "last_at": NOW,
    }  # fmt: skip
    return Outcome(procedure=procedure, result=result, **(values | what))


def test_a_phone_that_is_online_has_nothing_but_good_findings() -> None:
    assert {finding.severity for finding in judged()} == {Severity.GOOD}


def test_without_a_phone_none_is_judged() -> None:
    assert judge(Evidence(now=NOW, identity="", peer=None)) == ()


def test_without_a_line_nothing_is_said_of_its_state() -> None:
    phone = Subscriber(imsi=IMSI, operators=("North",))

    assert list(check_line(Evidence(now=NOW, identity="", peer=None, subscriber=phone))) == []


@pytest.mark.parametrize(
    ("what", "link", "said"),
    [
        ({"operators": (), "state": ""}, Link.IMSI, "No operator's range"),
        ({"state": "", "sim": ""}, Link.IMSI, "no card has it"),
        ({"state": "", "sim": "stock"}, Link.LINE, "is stock, and has no line"),
        ({"state": "suspended"}, Link.LINE, "is suspended"),
        ({"state": "terminated"}, Link.LINE, "is terminated"),
        ({"state": "draft"}, Link.LINE, "is draft"),
        ({"state": "pending"}, Link.LINE, "is pending"),
        ({"resynchronisations": 3}, Link.KEY, "3 times within an hour"),
    ],
)
def test_what_keeps_a_phone_out_is_broken(what: dict[str, Any], link: Link, said: str) -> None:
    first = judged(**what)[0]

    assert (first.link, first.severity) == (link, Severity.BROKEN)
    assert said in first.seen
    assert first.remedy


def test_a_core_without_plmns_is_said_to_have_none() -> None:
    assert "no PLMN" in judged(plmns=(), operators=(), state="")[0].remedy


@pytest.mark.parametrize("is_new", [True, False])
def test_a_proof_that_our_key_does_not_confirm_is_a_wrong_key(*, is_new: bool) -> None:
    at = NOW if is_new else NOW - 2 * HOUR
    forged = an_outcome("authentication", FORGED_RESYNCHRONISATION, last_at=at, times=1)

    findings = judged(forged)

    assert findings[0].is_broken is is_new
    assert (findings[0].link is Link.KEY) is is_new


def test_a_resynchronisation_that_worked_is_no_refusal() -> None:
    findings = judged(an_outcome("authentication", RESYNCHRONISED))

    assert {finding.severity for finding in findings} == {Severity.GOOD}


@pytest.mark.parametrize("result", [*Refusal, "something new"])
@pytest.mark.parametrize("procedure", ["authentication", "registration"])
def test_every_refusal_has_words_of_its_own(procedure: str, result: str) -> None:
    """Those that an active line has cured are none any more."""
    findings = judged(an_outcome(procedure, result), has_session=False)

    is_cured = result in ("unknown_subscriber", "withdrawn", "suspended")
    assert findings[0].is_broken is not is_cured
    if not is_cured:
        assert result in findings[0].seen
        assert findings[0].remedy


def test_a_refusal_of_a_line_that_is_not_active_yet_is_told() -> None:
    findings = judged(an_outcome("authentication", "suspended"), state="new state")

    assert findings[0].is_broken
    assert findings[0].link is Link.LINE


def test_a_foreign_plmn_and_a_foreign_apn_are_named() -> None:
    plmn = judged(an_outcome("authentication", "roaming_not_allowed"))[0]
    apn = judged(an_outcome("session", "apn_not_allowed", apn="ims"), has_session=False)[0]
    bare = judged(
        an_outcome("authentication", "roaming_not_allowed", visited_plmn=""), plmns=()
    )[0]  # fmt: skip
    none = judged(an_outcome("session", "apn_not_allowed"), has_session=False, apns=())[0]

    assert (plmn.link, "in PLMN 262-01" in plmn.seen) == (Link.PLMN, True)
    assert "(001-01)" in plmn.meaning
    assert (apn.link, "for APN ims" in apn.seen) == (Link.APN, True)
    assert "internet only" in apn.meaning
    assert ("PLMN unknown" in bare.seen, "(none)" in bare.meaning) == (True, True)
    assert ("APN none" in none.seen, "no APN" in none.meaning) == (True, True)


@pytest.mark.parametrize("procedure", ["authentication", "registration", "session"])
def test_what_went_well_since_is_no_fault(procedure: str) -> None:
    old = an_outcome(procedure, "no_plan", last_at=NOW - 2 * HOUR)

    assert {finding.severity for finding in judged(old)} == {Severity.GOOD}


@pytest.mark.parametrize(
    ("what", "link", "said"),
    [
        (
            {"registered_at": None, "authenticated_at": None},
            Link.REGISTRATION,
            "No node ever asked",
        ),
        ({"registered_at": None, "authenticated_at": NOW}, Link.REGISTRATION, "just now"),
        ({"registered_at": None}, Link.KEY, "never registered"),
        ({"is_purged": True}, Link.REGISTRATION, "has purged it"),
        ({"has_session": False}, Link.SESSION, "no data session"),
        ({"has_session": False, "apns": ()}, Link.SESSION, "no data session"),
    ],
)
def test_how_far_a_phone_came_is_told(what: dict[str, Any], link: Link, said: str) -> None:
    first = judged(**what)[0]

    assert (first.link, first.severity) == (link, Severity.ATTENTION)
    assert said in first.seen
