"""What a CCR of Gy or Gx says, through the hot decoders; values are compared in test_agreement."""

import pytest

from tests.unit.wire.diameter.hot.requests import PROXY_INFO, a_full_ccr, a_full_gx_ccr, a_request
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.hot import credit_control, gx
from wispgate.wire.diameter.hot.credit_control import HotCcr, decode_ccr
from wispgate.wire.diameter.hot.frame import Frame
from wispgate.wire.diameter.hot.request import HotRequest
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_named
from wispgate.wire.diameter.types import Address

ROUTE = encode_named("Route-Record", "dra.example")


def ccr(*more: AvpItem) -> HotCcr:
    decoded = decode_ccr(a_full_ccr(*more))
    assert decoded is not None
    return decoded


def test_subscriptions_are_found_by_their_type() -> None:
    request = ccr()

    found = [request.find_subscription(kind) for kind in range(3)]

    assert found == ["491701", "001010000000001", None]


def test_the_imei_is_that_of_the_command_before_that_of_the_access() -> None:
    request = ccr()
    assert request.access is not None

    assert request.imei == "3535490069873310"
    request.equipment = None
    assert request.imei == "1"
    request.access = None
    assert request.imei is None


@pytest.mark.parametrize(("kind", "value"), [(0, b"\x53\x53"), (3, b"35354900698733")])
def test_equipment_of_other_kinds_has_no_imei(kind: int, value: bytes) -> None:
    request = decode_ccr(
        a_request(4, 272, [
            ("Session-Id", "s"), ("Origin-Host", "h"), ("Origin-Realm", "r"),
            ("Destination-Realm", "r"), ("Auth-Application-Id", 4), ("Service-Context-Id", "c"),
            ("CC-Request-Type", 1), ("CC-Request-Number", 0),
            ("User-Equipment-Info", [("User-Equipment-Info-Type", kind), ("User-Equipment-Info-Value", value)]),
        ])
    )  # fmt: skip

    assert request is not None
    assert request.imei is None
    assert request.event_timestamp is None


def test_the_t_flag_tells_a_retransmission() -> None:
    plain = decode_ccr(_without_t_flag(a_full_ccr()))
    assert plain is not None

    assert (ccr().is_retransmitted, plain.is_retransmitted) == (True, False)


def _without_t_flag(raw: bytes) -> bytes:
    return raw[:4] + bytes([raw[4] & ~0x10]) + raw[5:]


def test_an_unknown_optional_avp_is_left_over_and_located() -> None:
    strange = encode_avp(4000, 9, 0x80, b"what")
    numbered = encode_named("CC-Sub-Session-Id", 5)
    called = encode_named("GGSN-Address", Address.from_e164("49"))
    twice = encode_avp(300, 0, 0x40, encode_named("Result-Code", 1) * 2)
    failed = encode_avp(279, 0, 0x40, encode_avp(4000, 9, 0xC0, b""))
    raw = a_full_ccr(numbered, called, twice, failed, strange)

    request = decode_ccr(raw)

    assert request is not None
    assert raw[request.extra[-1] * 4 :] == strange


@pytest.mark.parametrize(
    "fault",
    [
        encode_avp(4000, 9, 0xC0, b"what"),
        encode_avp(4000, 0, 0x80, b"what"),
        encode_avp(4000, 0, 0x01, b"what"),
        encode_avp(263, 0, 0x40, b"again"),
        encode_avp(263, 0, 0x40, b"\xff"),
        encode_avp(282, 0, 0x40, b"\xff"),
        encode_avp(443, 0, 0x40, b""),
        encode_avp(456, 0, 0x40, b"\0\0\0\1"),
        encode_avp(456, 0, 0x40, encode_avp(432, 0, 0x40, b"")),
        encode_avp(456, 0, 0x40, encode_named("Rating-Group", 1) * 2),
        encode_avp(456, 0, 0x40, encode_avp(872, 10415, 0xC0, b"\xff\xff\xff\xff")),
        encode_avp(456, 0, 0x40, encode_avp(446, 0, 0x40, encode_avp(421, 0, 0x40, b"\0" * 4))),
        encode_avp(873, 10415, 0xC0, b""),
        encode_avp(1227, 10415, 0xC0, b"\0\1\x0a"),
        encode_avp(1227, 10415, 0xC0, b"\0"),
        encode_avp(284, 0, 0x40, b"\0\0\0\1"),
        encode_avp(456, 0, 0x40, encode_avp(432, 0, 0x40, b"1234")[:8]) + ROUTE,
        encode_avp(446, 0, 0x40, encode_avp(420, 0, 0x40, b"1234")[:8]) + ROUTE,
        encode_avp(456, 0, 0x40, b"\0\0\1\xb5\x40\0\0\x28"),
        encode_avp(419, 0, 0x40, b"\0\0\0\1"),
        encode_avp(847, 10415, 0xC0, b"\0\2\x20\1"),
        encode_avp(55, 0, 0x40, b"\0\0\0"),
        encode_named("CC-Correlation-Id", b"1") + encode_named("CC-Correlation-Id", b"2"),
    ],
)  # fmt: skip
def test_a_fault_is_left_to_the_generic_codec(fault: bytes) -> None:
    decoded = decode_ccr(a_full_ccr(fault))

    assert decoded is None


def test_groups_nested_too_deep_are_left_to_the_generic_codec() -> None:
    nested = b""
    for _ in range(20):
        nested = encode_avp(297, 0, 0x40, nested)

    assert decode_ccr(a_full_ccr(nested)) is None


def test_each_decoder_takes_its_own_application_only() -> None:
    gy, of_gx = a_full_ccr(), a_full_gx_ccr()

    assert credit_control.decode_ccr(of_gx) is None
    assert gx.decode_ccr(gy) is None


def test_an_answer_is_no_request() -> None:
    raw = a_full_ccr()
    answer = raw[:4] + b"\x40" + raw[5:]

    assert decode_message(answer).header.is_request is False
    assert decode_ccr(answer) is None


def test_a_request_without_what_its_grammar_requires_is_left_alone() -> None:
    whole = decode_message(a_full_ccr())

    for name in ("Session-Id", "Origin-Host", "Service-Context-Id", "CC-Request-Number"):
        kept: list[AvpItem] = [avp for avp in whole.avps if avp.name != name]
        assert decode_ccr(a_request(4, 272, kept)) is None


def test_proxy_infos_are_kept_as_they_came() -> None:
    request = ccr(PROXY_INFO)

    whole = decode_message(a_full_ccr(PROXY_INFO))
    assert request.proxy_infos == [avp.encode() for avp in whole.list_avps("Proxy-Info")]


def test_monitored_usage_comes_twice_at_most() -> None:
    used: AvpItem = ("Used-Service-Unit", [("CC-Time", 1)])

    taken = [
        gx.decode_ccr(a_full_gx_ccr(("Usage-Monitoring-Information", [used] * count)))
        for count in (2, 3)
    ]

    assert taken[0] is not None
    assert taken[1] is None


@pytest.mark.parametrize("code", [1068, 1069, 1070, 9999])
def test_an_avp_of_usage_monitoring_that_comes_twice_is_no_business_of_ours(code: int) -> None:
    mark = encode_avp(code, 10415, 0x80, b"\0\0\0\1")

    request = gx.decode_ccr(a_full_gx_ccr(("Usage-Monitoring-Information", [mark, mark])))

    assert (request is None) == (code != 9999)


def test_a_request_as_such_reads_who_asks_whom() -> None:
    raw = a_full_ccr()
    frame = Frame(raw, 4, 272)
    request = HotRequest(frame)

    request.read(frame, frozenset())

    assert (request.origin_host, request.user_name) == ("pgw.example", "user")
    assert len(request.extra) >= 20


@pytest.mark.parametrize("member", [("Called-Station-Id", "internet"), ("3GPP-NSAPI", b"5")])
def test_ps_information_may_hold_one_avp(member: AvpItem) -> None:
    whole = decode_message(a_full_ccr())
    kept: list[AvpItem] = [avp for avp in whole.avps if avp.name != "Service-Information"]
    information: AvpItem = ("Service-Information", [("PS-Information", [member])])

    request = decode_ccr(a_request(4, 272, [*kept, information]))

    assert request is not None
    assert request.access is not None


def test_a_hundred_thousand_octets_of_one_avp_are_read_in_one_pass() -> None:
    request = ccr(*[("Route-Record", "r")] * 5000, *[PROXY_INFO] * 2000)

    assert len(request.proxy_infos) == 2002
    assert len(request.extra) > 5000
