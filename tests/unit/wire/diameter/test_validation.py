"""Each fault of a request has its result code and its Failed-AVP, in the order of gravity."""

import pytest

from tests.unit.wire.diameter.builders import a_ccr, a_header, ccr_avps
from wispgate.wire.diameter.avp import Avp, encode_avp, split_avps
from wispgate.wire.diameter.commands import LONGEST_SESSION_ID
from wispgate.wire.diameter.errors import InvalidAvpLength
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import (
    Message,
    decode_message,
    encode_message,
    encode_named,
)
from wispgate.wire.diameter.validation import (
    MAX_DEPTH,
    TOLERATED_ABSENCES,
    Violation,
    check_answer,
    check_request,
    violation_of,
)

UNKNOWN = encode_avp(77777, 0, 0x40, b"x")


def with_header(**changes: int) -> Message:
    message = decode_message(a_ccr())
    return Message(message.header._replace(**changes), message.avps)


def failed_path(violation: Violation) -> list[str]:
    """The names from the outermost group of Failed-AVP to the AVP at fault."""
    path, data = [], violation.failed_avp
    while data:
        (avp,) = split_avps(data)
        path.append(avp.name)
        is_group = avp.definition is not None and avp.definition.is_grouped
        data = avp.data if is_group else b""
    return path


def test_a_good_request_has_no_violation() -> None:
    assert check_request(decode_message(a_ccr())) is None


@pytest.mark.parametrize(
    ("message", "result_code"),
    [
        (with_header(application_id=77), 3007),
        (with_header(command_code=999), 3001),
        (with_header(flags=0x40), 3008),
        (with_header(flags=0xE0), 3008),
    ],
)
def test_what_is_wrong_with_the_header_comes_first(message: Message, result_code: int) -> None:
    violation = check_request(message)

    assert violation is not None
    assert (violation.result_code, violation.failed_avp) == (result_code, b"")


def test_messages_between_neighbours_may_not_be_proxied() -> None:
    watchdog = [("Origin-Host", "a"), ("Origin-Realm", "b")]
    header = Header(0xC0, 280, 0, 1, 2)

    proxied = check_request(decode_message(encode_message(header, watchdog)))
    direct = check_request(decode_message(encode_message(header._replace(flags=0x80), watchdog)))

    assert proxied is not None
    assert proxied.result_code == 3008
    assert direct is None


_MSCC = "Multiple-Services-Credit-Control"


@pytest.mark.parametrize(
    ("octets", "result_code", "path"),
    [
        (a_ccr(UNKNOWN), 5001, ["0:77777"]),
        (a_ccr((_MSCC, [UNKNOWN])), 5001, [_MSCC, "0:77777"]),
        (a_ccr(encode_avp(1, 0, 0xC0, b"x")), 3009, ["User-Name"]),
        (a_ccr(encode_avp(1, 0, 0x41, b"x")), 3009, ["User-Name"]),
        (a_ccr(without="CC-Request-Type"), 5005, ["CC-Request-Type"]),
        (a_ccr(without="Session-Id"), 5005, ["Session-Id"]),
        (
            a_ccr(("Subscription-Id", [("Subscription-Id-Type", 1)])),
            5005,
            ["Subscription-Id", "Subscription-Id-Data"],
        ),
        (a_ccr(("CC-Request-Number", 1)), 5009, ["CC-Request-Number"]),
        (
            a_ccr((_MSCC, [("Rating-Group", 1), ("Rating-Group", 2)])),
            5009,
            [_MSCC, "Rating-Group"],
        ),
        (a_ccr(encode_avp(415, 0, 0x40, b"\0")), 5014, ["CC-Request-Number"]),
        (
            a_ccr((_MSCC, [("Used-Service-Unit", [encode_avp(421, 0, 0x40, b"\0\0\0\1")])])),
            5014,
            [_MSCC, "Used-Service-Unit", "CC-Total-Octets"],
        ),
        (a_ccr(encode_avp(456, 0, 0x40, b"\0\0\1\xb0\x40\0\0\xff")), 5014, [_MSCC, "Rating-Group"]),
        (a_ccr(encode_avp(456, 0, 0x40, b"\0\0\1")), 5014, [_MSCC]),
        (a_ccr(encode_avp(1, 0, 0x40, b"\xff")), 5004, ["User-Name"]),
    ],
)
def test_each_fault_has_its_code_and_shows_its_place(
    octets: bytes, result_code: int, path: list[str]
) -> None:
    violation = check_request(decode_message(octets))

    assert violation is not None
    assert violation.result_code == result_code
    assert failed_path(violation) == path
    assert violation.message


def test_the_surplus_avp_itself_is_shown() -> None:
    violation = check_request(decode_message(a_ccr(("CC-Request-Number", 77))))

    assert violation is not None
    assert violation.failed_avp == encode_named("CC-Request-Number", 77)


def test_a_missing_avp_is_shown_as_zeros() -> None:
    violation = check_request(decode_message(a_ccr(without="CC-Request-Type")))

    assert violation is not None
    assert violation.failed_avp.hex() == "000001a04000000c00000000"


def test_a_session_id_has_a_longest_form() -> None:
    longest = a_ccr(("Session-Id", "s" * LONGEST_SESSION_ID), without="Session-Id")
    longer = a_ccr(("Session-Id", "s" * (LONGEST_SESSION_ID + 1)), without="Session-Id")

    violation = check_request(decode_message(longer))

    assert check_request(decode_message(longest)) is None
    assert violation is not None
    assert violation.result_code == 5004
    assert failed_path(violation) == ["Session-Id"]


def test_a_session_has_a_name() -> None:
    violation = check_request(decode_message(a_ccr(("Session-Id", ""), without="Session-Id")))

    assert violation is not None
    assert (violation.result_code, failed_path(violation)) == (5004, ["Session-Id"])


def test_graver_faults_are_answered_first() -> None:
    faults = [
        (encode_avp(1, 0, 0x40, b"\xff"), 5004),
        (encode_named("CC-Request-Number", 1), 5009),
        (UNKNOWN, 5001),
        (encode_avp(416, 0, 0x40, b"\0"), 5014),
    ]

    for count in range(1, 5):
        message = decode_message(a_ccr(*(octets for octets, _ in faults[:count])))
        violation = check_request(message)

        assert violation is not None
        assert violation.result_code == faults[count - 1][1]


@pytest.mark.parametrize(
    "more",
    [
        encode_avp(77777, 0, 0x00, b"x"),  # unknown, but not mandatory
        encode_avp(416, 0, 0x00, b"\0\0\0\1"),  # M cleared where the tables say must
        encode_avp(1032, 10415, 0xC0, b"\0\0\3\xec"),  # M set where the tables say must not
        encode_named("RAT-Type", 4711),  # an unknown value
        encode_named("MSISDN", b"\1"),  # not in the grammar
        encode_named("E2E-Sequence", [("User-Name", "x")]),  # a group without a grammar here
        encode_named("Failed-AVP", [UNKNOWN]),
        encode_named("Proxy-Info", [("Proxy-Host", "h"), ("Proxy-State", b"s"), UNKNOWN]),
    ],
)
def test_what_real_clients_do_is_not_refused(more: bytes) -> None:
    without = "CC-Request-Type" if more[:4] == b"\0\0\1\xa0" else ""

    assert check_request(decode_message(a_ccr(more, without=without))) is None


def test_supported_features_may_lack_its_vendor() -> None:
    features = ("Supported-Features", [("Feature-List-ID", 1), ("Feature-List", 0)])

    assert check_request(decode_message(a_ccr(features))) is None
    assert len(TOLERATED_ABSENCES) == 1


def nested(depth: int) -> bytes:
    data = encode_named("User-Name", "x")
    for _ in range(depth):
        data = encode_avp(456, 0, 0x40, data)
    return data


def test_nesting_ends_somewhere() -> None:
    shallow = check_request(decode_message(a_ccr(nested(MAX_DEPTH - 1))))
    deep = check_request(decode_message(a_ccr(nested(MAX_DEPTH))))
    very_deep = check_request(decode_message(a_ccr(nested(5000))))

    assert shallow is None
    assert deep is not None
    assert very_deep is not None
    assert deep.result_code == very_deep.result_code == 5004


def test_a_hundred_thousand_tiny_avps_are_no_trouble() -> None:
    many = encode_avp(33, 0, 0x40, b"") * 100_000

    violation = check_request(decode_message(a_ccr(many)))

    assert violation is None or violation.result_code == 5009


def test_errors_of_the_decoder_become_violations() -> None:
    with pytest.raises(InvalidAvpLength) as caught:
        decode_message(a_ccr(b"\0\0\1\7\x40\0\0\xff"))

    violation = violation_of(caught.value)

    assert violation.result_code == 5014
    assert failed_path(violation) == ["Session-Id"]


def an_answer(result_code: int, *, flags: int = 0x40, has_all: bool = True) -> Message:
    kept = ccr_avps() if has_all else ccr_avps()[:3]
    header = a_header()._replace(flags=flags)
    return decode_message(encode_message(header, [*kept, ("Result-Code", result_code)]))


def test_answers_are_held_against_their_grammar_if_they_succeed() -> None:
    assert check_answer(an_answer(2001)) is None
    short = check_answer(an_answer(2001, has_all=False))
    assert short is not None
    assert short.result_code == 5005


def test_error_answers_may_be_short() -> None:
    assert check_answer(an_answer(5012, has_all=False)) is None
    assert check_answer(an_answer(3004, flags=0x60, has_all=False)) is None
    assert check_answer(Message(Header(0x20, 999, 4, 1, 1), an_answer(3001).avps)) is None


def test_a_request_is_no_answer() -> None:
    violation = check_answer(Message(a_header(), (Avp(264, 0, 64, b"a"),)))

    assert violation is not None
    assert violation.result_code == 3008
