"""What the self-test says of the way from the peer to us, link by link."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from wispgate.domain.diagnosis import connections
from wispgate.domain.diagnosis.evidence import (
    Evidence,
    Knock,
    KnockCause,
    KnownPeer,
    Listener,
    Traffic,
)
from wispgate.domain.diagnosis.evidence import Link as Connection
from wispgate.domain.diagnosis.findings import Finding, Link, Severity
from wispgate.domain.diagnosis.judging import judge, summary

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(hours=1)
PEER = KnownPeer(
    identity="mme.epc.test", core="lab", realm="epc.test", addresses=("10.0.0.7/32",),
    applications=("s6a",), transport="tcp", connect_to="", is_enabled=True,
)  # fmt: skip
OPEN = Connection("open", "", "10.0.0.7", NOW)
ASKED = Traffic("s6a", 10, {"2001": 10})
LISTENING = (Listener("tcp", "0.0.0.0:3868"),)


def evidence(peer: KnownPeer | None = PEER, **what: Any) -> Evidence:
    what = {"listeners": LISTENING} | what
    return Evidence(now=NOW, identity="mme.epc.test", peer=peer, **what)


def a_knock(cause: str, identity: str = "mme.epc.test", **what: Any) -> Knock:
    values: dict[str, Any] = {
        "address": "10.0.0.7",
        "reason": "because",
        "attempts": 3,
        "last_at": NOW,
    }
    return Knock(identity=identity, cause=cause, **(values | what))


def broken(findings: tuple[Finding, ...]) -> Finding:
    assert findings[0].severity is Severity.BROKEN
    assert [each for each in findings[1:] if each.is_broken] == []
    return findings[0]


def test_a_sound_connection_has_nothing_but_good_findings() -> None:
    findings = judge(evidence(links=(OPEN,), traffic=(ASKED,)))

    assert [each.severity for each in findings] == [Severity.GOOD, Severity.GOOD]
    assert summary(findings) == "It works: nothing wrong was found."


_CAUSES: list[tuple[str, Link]] = [
    (KnockCause.UNKNOWN_IDENTITY, Link.IDENTITY),
    (KnockCause.WRONG_ADDRESS, Link.ADDRESS),
    (KnockCause.WRONG_REALM, Link.REALM),
    (KnockCause.NO_COMMON_APPLICATION, Link.APPLICATION),
    (KnockCause.WRONG_TRANSPORT, Link.TLS),
    (KnockCause.NOT_TLS, Link.TLS),
    (KnockCause.NO_CERTIFICATE, Link.TLS),
    (KnockCause.WRONG_CERTIFICATE, Link.TLS),
    (KnockCause.UNTRUSTED_CERTIFICATE, Link.TLS),
    (KnockCause.OURS_NOT_TRUSTED, Link.TLS),
    (KnockCause.HANDSHAKE_FAILED, Link.TLS),
    (KnockCause.CONNECTED_ALREADY, Link.CONNECTION),
    (KnockCause.REFUSED_BY_PEER, Link.IDENTITY),
    (KnockCause.TOO_MANY, Link.ADDRESS),
    ("", Link.CONNECTION),
]


@pytest.mark.parametrize(("cause", "link"), _CAUSES)
def test_every_cause_of_a_refusal_has_its_link_and_words(cause: str, link: Link) -> None:
    found = broken(judge(evidence(knocks=(a_knock(cause),))))

    assert found.link is link
    assert "mme.epc.test knocked from 10.0.0.7 3 times" in found.seen
    assert "because" in found.seen
    assert found.meaning
    assert found.remedy


def test_every_cause_is_in_the_table_above() -> None:
    assert {cause for cause, _ in _CAUSES} == {*KnockCause, ""}


def test_the_newest_knock_counts_and_a_nameless_one_is_called_so() -> None:
    old = a_knock(KnockCause.WRONG_REALM, last_at=EARLIER)
    new = a_knock(KnockCause.NOT_TLS, "(no name yet)", address="", attempts=1)

    found = broken(judge(evidence(knocks=(old, new))))

    assert found.seen.startswith("A node that gave no name yet knocked from somewhere once")


def test_a_knock_from_before_the_connection_is_over() -> None:
    knock = a_knock(KnockCause.WRONG_REALM, last_at=EARLIER)

    findings = judge(evidence(knocks=(knock,), links=(OPEN,), traffic=(ASKED,)))

    assert {each.severity for each in findings} == {Severity.GOOD}


def test_a_second_connection_takes_nothing_from_the_open_one() -> None:
    later = a_knock(KnockCause.CONNECTED_ALREADY, last_at=NOW + timedelta(minutes=1))

    findings = judge(evidence(knocks=(later,), links=(OPEN,), traffic=(ASKED,)))

    assert {each.severity for each in findings} == {Severity.GOOD}


def test_a_refusal_after_the_connection_is_told_though_it_is_open() -> None:
    later = a_knock(KnockCause.WRONG_REALM, last_at=NOW + timedelta(minutes=1))

    assert broken(judge(evidence(knocks=(later,), links=(OPEN,)))).link is Link.REALM


def test_a_name_that_no_peer_has_is_told_with_the_command_that_allows_it() -> None:
    found = broken(judge(evidence(None, knocks=(a_knock(KnockCause.UNKNOWN_IDENTITY),))))

    assert found.link is Link.IDENTITY
    assert (
        "wispgate peer add --core CORE --identity mme.epc.test --address 10.0.0.7" in found.remedy
    )


def test_a_name_that_nobody_ever_used_is_told_so() -> None:
    assert "nobody of that name ever knocked" in broken(judge(evidence(None))).seen


def test_a_disabled_peer_is_told_before_all_else() -> None:
    disabled = replace(PEER, is_enabled=False)

    found = broken(judge(evidence(disabled, listeners=(), knocks=(a_knock("unknown_identity"),))))

    assert found.link is Link.PEER
    assert "--enable" in found.remedy


@pytest.mark.parametrize(
    ("transport", "setting"),
    [("tcp", "diameter"), ("tls", "tls_certificate"), ("sctp", "diameter_sctp")],
)
def test_a_transport_that_we_do_not_listen_with_is_told(transport: str, setting: str) -> None:
    found = broken(judge(evidence(replace(PEER, transport=transport), listeners=())))

    assert found.link is Link.PORT
    assert setting in found.remedy


def test_a_listener_that_does_not_answer_is_told() -> None:
    dead = Listener("tcp", "0.0.0.0:3868", fault="connection refused")

    found = broken(judge(evidence(listeners=(dead,))))

    assert "0.0.0.0:3868: connection refused" in found.seen


def test_a_fault_of_our_certificate_is_something_to_look_at() -> None:
    listener = Listener("tls", "0.0.0.0:5868", certificate_fault="ended on 2026-01-01")
    peer = replace(PEER, transport="tls")

    findings = judge(evidence(peer, listeners=(listener,)))

    assert findings[0].link is Link.PORT
    assert (findings[1].link, findings[1].severity) == (Link.TLS, Severity.ATTENTION)


def test_who_never_knocked_is_told_where_to_knock() -> None:
    found = broken(judge(evidence()))

    assert "mme.epc.test never knocked" in found.seen
    assert "0.0.0.0:3868 (TCP)" in found.remedy


@pytest.mark.parametrize(("detail", "said"), [("rebooting", "closed now: rebooting"), ("", "now.")])
def test_a_peer_that_left_is_told_with_its_reason(detail: str, said: str) -> None:
    gone = Connection("closed", detail, "10.0.0.7", EARLIER)

    found = broken(judge(evidence(links=(gone,))))

    assert found.link is Link.CONNECTION
    assert said in found.seen


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ((Connection("closed", "connection refused", "10.0.0.7:3868", NOW),), "connection refused"),
        ((), "not called yet"),
    ],
)
def test_a_peer_that_we_call_in_vain_is_told(links: tuple[Connection, ...], said: str) -> None:
    called = replace(PEER, connect_to="10.0.0.7:3868")

    found = broken(judge(evidence(called, listeners=(), links=links)))

    assert found.link is Link.PORT
    assert said in found.seen


def test_a_suspect_connection_is_something_to_look_at() -> None:
    suspect = Connection("suspect", "", "10.0.0.7", NOW)

    findings = judge(evidence(links=(suspect,), traffic=(ASKED,)))

    assert (findings[0].link, findings[0].severity) == (Link.CONNECTION, Severity.ATTENTION)
    assert summary(findings).startswith("It works as far as can be told")


@pytest.mark.parametrize(
    ("traffic", "link", "said"),
    [
        ((), Link.REQUESTS, "asked nothing"),
        ((Traffic("s6a", 0, {}),), Link.REQUESTS, "asked nothing"),
        ((Traffic("other", 2, {"3007": 2}),), Link.APPLICATION, "2 times for an application"),
        ((Traffic("s6a", 8, {"5001": 6, "2001": 2}),), Link.REQUESTS, "6 of 8, most with 5001 (6)"),
    ],
)
def test_what_it_asks_in_vain_is_something_to_look_at(
    traffic: tuple[Traffic, ...], link: Link, said: str
) -> None:
    findings = judge(evidence(links=(OPEN,), traffic=traffic))

    assert (findings[0].link, findings[0].severity) == (link, Severity.ATTENTION)
    assert said in findings[0].seen


def test_a_few_failures_of_a_beginner_say_nothing_yet() -> None:
    findings = judge(evidence(links=(OPEN,), traffic=(Traffic("s6a", 2, {"5001": 2}),)))

    assert {each.severity for each in findings} == {Severity.GOOD}


def test_the_summary_of_a_broken_connection_says_the_first_fault() -> None:
    findings = judge(evidence(replace(PEER, addresses=()), listeners=LISTENING))

    assert summary(findings).startswith("It does not work: mme.epc.test never knocked")
    assert "nothing" in findings[0].seen


def test_without_a_peer_only_the_name_is_judged() -> None:
    checks = (
        connections.check_listeners, connections.check_knocks, connections.check_links,
        connections.check_requests,
    )  # fmt: skip

    assert [list(check(evidence(None))) for check in checks] == [[], [], [], []]
    assert judge(replace(evidence(), identity="")) == ()
