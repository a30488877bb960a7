"""The usual way says what the generic way says, of every CCR of Gx. Seeds are in the names."""

import random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.network.requests import NOW, ORIGIN, PEER
from tests.unit.wire.diameter.builders import rows_of
from tests.unit.wire.diameter.hot.mutation import reshaped
from tests.unit.wire.diameter.hot.requests import a_full_gx_ccr
from tests.unit.wire.diameter.test_hostile_input import mutated
from wispgate.domain.plan.speed import Speed
from wispgate.network.pcrf.answers import (
    INITIAL_PARAMETERS_MISSING,
    RESULTS,
    SUCCESS,
    UNKNOWN_SESSION,
    gx_answer,
    release_cause,
    replay,
)
from wispgate.network.pcrf.policy import qos_information
from wispgate.network.pcrf.requests import policy_request_of
from wispgate.network.pcrf.usual import read_hot
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.commands import APPLICATION_GX, COMMAND_CREDIT_CONTROL
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.hot.gx import decode_ccr
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

CORE = UUID(int=1)
HEADER = Header(FLAG_REQUEST | FLAG_PROXIABLE, COMMAND_CREDIT_CONTROL, APPLICATION_GX, 5, 6)
PROXY: AvpItem = ("Proxy-Info", [("Proxy-Host", "dra.epc.test"), ("Proxy-State", b"abc")])
RESULT_CODES = [
    SUCCESS,
    UNKNOWN_SESSION,
    INITIAL_PARAMETERS_MISSING,
    *RESULTS.values(),
    Result(3004),
    Result(5012),
]


def a_ccr(*more: AvpItem, kind: int = 1) -> bytes:
    avps: list[AvpItem] = [
        ("Session-Id", "pgw.epc.test;1;22"),
        ("Origin-Host", "pgw.epc.test"),
        ("Origin-Realm", "epc.test"),
        ("Destination-Realm", "epc.test"),
        ("Auth-Application-Id", APPLICATION_GX),
        ("CC-Request-Type", kind),
        ("CC-Request-Number", 7),
    ]
    return encode_message(HEADER, [*avps, *more])


def subscription(kind: int, value: str) -> AvpItem:
    return ("Subscription-Id", [("Subscription-Id-Type", kind), ("Subscription-Id-Data", value)])


def features(list_id: int, bits: int) -> AvpItem:
    return (
        "Supported-Features",
        [("Vendor-Id", 10415), ("Feature-List-ID", list_id), ("Feature-List", bits)],
    )


MADE = [
    a_full_gx_ccr(),
    a_ccr(),
    a_ccr(PROXY, kind=2),
    a_ccr(kind=4),
    a_ccr(subscription(0, "+491701"), subscription(1, "001010000000001"), kind=3),
    a_ccr(subscription(3, "0001010000000001@nai.epc.test")),
    a_ccr(subscription(2, "sip:alice@example"), subscription(4, "private")),
    a_ccr(features(1, 0x0B), features(2, 0xFFFFFFFF), features(3, 1), features(1, 0)),
    a_ccr(
        ("Called-Station-Id", "InterNet"),
        ("Framed-IP-Address", bytes([10, 0, 0, 1])),
        ("3GPP-SGSN-MCC-MNC", "00101"),
        ("RAT-Type", 1004),
        ("Network-Request-Support", 1),
    ),
    a_ccr(("Called-Station-Id", ""), ("Framed-IP-Address", bytes(3))),
    a_ccr(("Framed-IPv6-Prefix", bytes.fromhex("004020010db8cafe0001"))),
    a_ccr(("Framed-IPv6-Prefix", b"\0")),
    a_ccr(("Framed-IPv6-Prefix", b"\0\x81" + bytes(16))),
]


def captured() -> list[bytes]:
    """All captured and synthetic CCRs of Gx."""
    rows = [row for name in ("open5gs.jsonl", "synthetic.jsonl") for row in rows_of(name)]
    found = [bytes.fromhex(row["hex"]) for row in rows]
    return [raw for raw in found if raw[4] & FLAG_REQUEST and raw[5:12] == a_ccr()[5:12]]


REQUESTS = captured() + MADE


def requests_of(raw: bytes) -> tuple[Request, Request] | None:
    """As the hot codec and as the generic codec read it, if the hot one takes it."""
    ccr = decode_ccr(raw)
    if ccr is None:
        return None
    generic = Request(decode_message(raw), PEER, ORIGIN, NOW)
    return Request.from_hot(ccr, PEER, ORIGIN, NOW), generic


def agree(raw: bytes) -> bool:
    """Whether the hot codec took the request; if it did, both ways have been compared."""
    ccr = decode_ccr(raw)
    if ccr is None:
        return False
    asked = read_hot(ccr, PEER.core_id)
    generic = Request(decode_message(raw), PEER, ORIGIN, NOW)
    if asked is None:
        with pytest.raises(DiameterError):
            policy_request_of(generic)
    else:
        assert asked == policy_request_of(generic)
    return True


def test_there_are_captured_requests() -> None:
    assert len(captured()) >= 3


@pytest.mark.parametrize("raw", REQUESTS, ids=range(len(REQUESTS)))
def test_every_request_is_read_alike(raw: bytes) -> None:
    assert agree(raw)


@pytest.mark.parametrize("seed", [20261126, 20261127])
def test_reshaped_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(reshaped(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 400


@pytest.mark.parametrize("seed", [20261128])
def test_mutated_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(mutated(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 50


SERVED = [raw for raw in REQUESTS if (ccr := decode_ccr(raw)) and read_hot(ccr, CORE)]
AVPS: list[AvpItem] = [
    qos_information(Speed(1, 10**10), is_extended=True),
    release_cause(next(iter(RESULTS))),
]


@given(
    st.sampled_from(SERVED),
    st.sampled_from(RESULT_CODES),
    st.lists(st.sampled_from(AVPS), max_size=3),
)
def test_answers_are_alike_octet_for_octet(raw: bytes, result: Result, avps: list[AvpItem]) -> None:
    pair = requests_of(raw)
    assert pair is not None
    hot, generic = pair
    asked = policy_request_of(generic)

    octets = gx_answer(hot, asked, result, avps)

    assert octets == gx_answer(generic, asked, result, avps)
    assert replay(octets, hot) == replay(octets, generic) == octets
