"""Messages in words."""

from datetime import UTC, datetime

import pytest

from tests.unit.wire.diameter.builders import a_header, ccr_avps, rows_of
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.describing import Described, DescribedAvp, describe
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import AvpItem, encode_message

S6A = 16777251


def described(*avps: AvpItem, header: Header | None = None) -> Described:
    return describe(encode_message(header or a_header(), avps))


def value(*avps: AvpItem) -> str:
    return described(*avps).avps[0].value


def test_a_request_is_named() -> None:
    said = describe(encode_message(a_header(), ccr_avps()))

    assert (said.command, said.abbreviation, said.interface) == ("Credit-Control", "CCR", "Gy")
    assert (said.is_request, said.is_good, said.result) == (True, True, "")
    assert said.session_id == "smf.example;1;1"
    assert (said.hop_by_hop, said.end_to_end) == (1, 1001)
    assert DescribedAvp("CC-Request-Type", 416, 0, True, "INITIAL_REQUEST (1)") in said.avps
    assert said.problem == ""


def test_an_answer_tells_its_result() -> None:
    answer = Header(0x40, 272, 4, 1, 2)

    good = described(("Result-Code", 2001), header=answer)
    refused = described(("Result-Code", 4012), header=answer)

    assert (good.abbreviation, good.result, good.is_good) == (
        "CCA",
        "DIAMETER_SUCCESS (2001)",
        True,
    )
    assert refused.result == "DIAMETER_CREDIT_LIMIT_REACHED (4012)"
    assert not refused.is_good
    assert refused.avps[0].value == "DIAMETER_CREDIT_LIMIT_REACHED (4012)"


def test_a_result_of_3gpp_is_named_by_its_vendor() -> None:
    inner: list[AvpItem] = [("Vendor-Id", 10415), ("Experimental-Result-Code", 5001)]

    said = described(("Experimental-Result", inner), header=Header(0x40, 318, S6A, 1, 2))

    assert said.result == "DIAMETER_ERROR_USER_UNKNOWN (5001)"
    assert not said.is_good
    assert said.avps[0].members[0].value == "3GPP (10415)"
    assert said.avps[0].members[1].value == "DIAMETER_ERROR_USER_UNKNOWN (5001)"


def test_a_result_nobody_knows_is_its_number() -> None:
    inner: list[AvpItem] = [("Vendor-Id", 1), ("Experimental-Result-Code", 777)]

    assert described(("Experimental-Result", inner)).result == "777"


def test_secrets_are_hidden_and_so_is_what_else_is_named() -> None:
    raw = encode_message(a_header(), [("RAND", bytes(16)), ("MSISDN", b"\x51\x55")])

    said = describe(raw, hidden={dictionary.key_of("MSISDN")})

    assert [(avp.value, avp.is_hidden) for avp in said.avps] == [
        ("hidden, 16 octets", True),
        ("hidden, 2 octets", True),
    ]


@pytest.mark.parametrize(
    ("avp", "words"),
    [
        (("Visited-PLMN-Id", Plmn("001", "01").encode()), "001-01"),
        (("MSISDN", bytes.fromhex("51551000f1")), "155501001"),
        (("Framed-IP-Address", bytes([10, 45, 0, 2])), "10.45.0.2"),
        (("Framed-IPv6-Prefix", bytes.fromhex("004020010db800000001")), "2001:db8:0:1::/64"),
        (("Auth-Application-Id", S6A), "3GPP S6a/S6d (16777251)"),
        (("Event-Timestamp", datetime(2026, 3, 1, tzinfo=UTC)), "2026-03-01T00:00:00+00:00"),
        (("Host-IP-Address", "192.0.2.1"), "192.0.2.1"),
        (("Proxy-State", b"plain"), "plain"),
        (("Proxy-State", b"\x00\x01"), "0001"),
        (("Proxy-State", b""), ""),
        (("Proxy-State", bytes(300)), "00" * 256 + "… and 44 octets"),
        (("CC-Request-Number", 3), "3"),
    ],
)
def test_values_are_shown_as_people_say_them(avp: AvpItem, words: str) -> None:
    assert value(avp) == words


def test_an_unknown_avp_shows_its_numbers_and_octets() -> None:
    [avp] = described(encode_avp(4_000_000, 99999, 0x80, b"\xff")).avps

    assert (avp.name, avp.value, avp.is_mandatory) == ("99999:4000000", "ff", False)


def test_a_value_of_the_wrong_length_is_said() -> None:
    assert value(encode_avp(268, 0, 0x40, b"\1\2\3\4\5")).startswith("4328719365")
    assert value(encode_avp(8, 0, 0x40, b"\1")).startswith("01 (unreadable: ")
    assert value(encode_avp(415, 0, 0x40, b"\1")).startswith("01 (unreadable: ")


def test_a_group_that_cannot_be_read_is_said() -> None:
    avp = described(encode_avp(279, 0, 0x40, b"\1\2\3\4")).avps[0]

    assert avp.members == ()
    assert "4 octets, unreadable" in avp.value


def test_a_message_that_cannot_be_read_is_said() -> None:
    raw = encode_message(a_header(), [b"\0\0\1\7\x40\0\1\0"])

    said = describe(raw)

    assert said.avps == ()
    assert "octets" in said.problem
    assert said.abbreviation == "CCR"


def test_a_command_without_a_grammar_has_its_initials() -> None:
    known = described(header=Header(0x80, 257, S6A, 1, 2))
    unknown = described(header=Header(0, 8_000_000, 77_777, 1, 2))

    assert known.abbreviation == "CE request"
    assert (unknown.command, unknown.abbreviation) == ("command 8000000", "command 8000000 answer")
    assert unknown.application == "application 77777"
    assert unknown.interface == ""


def test_flags_are_told() -> None:
    assert described(header=Header(0xF0, 272, 4, 1, 2)).is_retransmitted
    assert described(header=Header(0x20, 272, 4, 1, 2)).is_error


def test_a_hostile_depth_is_not_followed() -> None:
    inner = b""
    for _ in range(5000):
        inner = encode_avp(279, 0, 0x40, inner)

    avp = described(inner).avps[0]
    while avp.members:
        avp = avp.members[0]

    assert "too deep" in avp.value


@pytest.mark.parametrize("row", rows_of("open5gs.jsonl"))
def test_messages_of_a_running_epc_are_named_throughout(row: dict[str, str]) -> None:
    said = describe(bytes.fromhex(row["hex"]))

    assert said.interface
    assert " " not in said.abbreviation
    assert said.is_request or said.result
    for avp in said.avps:
        assert not avp.name[0].isdigit() or avp.name.startswith("3GPP"), avp
        assert "unreadable" not in avp.value, avp
