"""Answers: what is copied, which bit is set, where the result stands."""

import pytest

from tests.unit.wire.diameter.builders import a_ccr, a_header
from wispgate.wire.diameter.answers import (
    Origin,
    Result,
    Unreadable,
    answer_to,
    experimental,
    result_avps,
)
from wispgate.wire.diameter.avp import example_avp
from wispgate.wire.diameter.message import decode_message, encode_avps
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

ORIGIN = Origin("ocs.example", "example")


def test_an_answer_copies_identifiers_session_and_proxies_in_order() -> None:
    proxies = [
        ("Proxy-Info", [("Proxy-Host", host), ("Proxy-State", b"s")]) for host in ("p1", "p2")
    ]
    request = decode_message(a_ccr(*proxies))

    answer = decode_message(answer_to(request, 2001, ORIGIN, [("CC-Request-Number", 0)]))

    assert answer.header == request.header.answer_header()
    assert [avp.name for avp in answer.avps] == [
        "Session-Id",
        "Result-Code",
        "Origin-Host",
        "Origin-Realm",
        "CC-Request-Number",
        "Proxy-Info",
        "Proxy-Info",
    ]
    assert answer.list_avps("Proxy-Info") == request.list_avps("Proxy-Info")
    assert answer.get("Origin-Host") == "ocs.example"


@pytest.mark.parametrize(
    ("result", "is_error"),
    [
        (Result(2001), False),
        (Result(3004), True),
        (Result(ResultCode.COMMAND_UNSUPPORTED), True),
        (Result(4010), False),
        (Result(5012), False),
        (experimental(5001), False),
        (experimental(3001), False),
    ],
)
def test_only_base_protocol_errors_have_the_e_bit(result: Result, is_error: bool) -> None:
    answer = decode_message(answer_to(decode_message(a_ccr()), result, ORIGIN))

    assert answer.header.is_error is is_error
    assert not answer.header.is_request


def test_a_vendors_result_stands_in_experimental_result() -> None:
    result = experimental(ExperimentalResultCode.UNKNOWN_EPS_SUBSCRIPTION)

    answer = decode_message(answer_to(decode_message(a_ccr()), result, ORIGIN))

    group = answer.get_avp("Experimental-Result")
    assert (group.get("Vendor-Id"), group.get("Experimental-Result-Code")) == (10415, 5420)
    assert answer.find("Result-Code") is None


def test_failed_avp_and_error_message_tell_what_was_wrong() -> None:
    result = Result(5005, failed_avp=example_avp(416), error_message="CC-Request-Type is missing")

    answer = decode_message(answer_to(decode_message(a_ccr()), result, ORIGIN))

    assert answer.get_avp("Failed-AVP").members.avps[0].name == "CC-Request-Type"
    assert answer.get("Error-Message") == "CC-Request-Type is missing"
    assert encode_avps(result_avps(Result(2001))).hex() == "0000010c4000000c000007d1"


def test_a_request_known_by_its_header_only_is_answered_without_copies() -> None:
    answer = decode_message(answer_to(a_header(), Result(5015), ORIGIN))

    assert [avp.name for avp in answer.avps] == ["Result-Code", "Origin-Host", "Origin-Realm"]


def test_of_a_request_that_does_not_hold_together_comes_back_what_is_whole() -> None:
    proxy = ("Proxy-Info", [("Proxy-Host", "p1"), ("Proxy-State", b"s")])
    raw = a_ccr(proxy) + b"\0\0\1\1\x40\0\0\x05"

    answer = decode_message(answer_to(Unreadable(a_header(), raw), Result(5014), ORIGIN))

    names = [avp.name for avp in answer.avps]
    assert names == ["Session-Id", "Result-Code", "Origin-Host", "Origin-Realm", "Proxy-Info"]
    assert answer.get_avp("Proxy-Info") == decode_message(a_ccr(proxy)).get_avp("Proxy-Info")
