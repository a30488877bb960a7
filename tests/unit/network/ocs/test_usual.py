"""The usual way says what the generic way says, of every request. Seeds are in the names."""

import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.network.ocs.test_stored import ANSWERS, GROUPS, ORIGIN
from tests.unit.wire.diameter.builders import rows_of
from tests.unit.wire.diameter.hot.mutation import reshaped
from tests.unit.wire.diameter.hot.requests import a_full_ccr
from tests.unit.wire.diameter.test_hostile_input import mutated
from wispgate.kernel.errors import WispgateError
from wispgate.network.ocs.answers import build_answer, build_hot_answer
from wispgate.network.ocs.stored import StoredAnswer, StoredGroup
from wispgate.network.ocs.translation import CreditControl, read_request
from wispgate.network.ocs.usual import read_hot
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL, COMMAND_CREDIT_CONTROL
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.hot.credit_control import HotCcr, decode_ccr
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message

HEADER = Header(
    FLAG_REQUEST | FLAG_PROXIABLE, COMMAND_CREDIT_CONTROL, APPLICATION_CREDIT_CONTROL, 5, 6
)
PROXIES: list[AvpItem] = [
    ("Proxy-Info", [("Proxy-Host", "dra.epc.test"), ("Proxy-State", b"abc")]),
    ("Proxy-Info", [("Proxy-Host", "dra2.epc.test"), ("Proxy-State", b"")]),
]


def a_ccr(
    *more: AvpItem, kind: int = 2, context: str = "32251@3gpp.org", flags: int = HEADER.flags
) -> bytes:
    avps: list[AvpItem] = [
        ("Session-Id", "pgw.epc.test;1;22"),
        ("Origin-Host", "pgw.epc.test"),
        ("Origin-Realm", "epc.test"),
        ("Destination-Realm", "epc.test"),
        ("Auth-Application-Id", APPLICATION_CREDIT_CONTROL),
        ("Service-Context-Id", context),
        ("CC-Request-Type", kind),
        ("CC-Request-Number", 7),
        ("Event-Timestamp", datetime(2026, 3, 1, tzinfo=UTC)),
        ("User-Name", "001010000000001@epc.test"),
        ("Subscription-Id", [("Subscription-Id-Type", 0), ("Subscription-Id-Data", "491701")]),
        ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", "0010101")]),
    ]
    return encode_message(HEADER._replace(flags=flags), [*avps, *more])


def an_mscc(rating_group: int, *more: AvpItem) -> AvpItem:
    return ("Multiple-Services-Credit-Control", [("Rating-Group", rating_group), *more])


def used(octets: int, *more: AvpItem) -> AvpItem:
    return ("Used-Service-Unit", [("CC-Total-Octets", octets), *more])


ACCESS: AvpItem = ("Service-Information", [("PS-Information", [
    ("PDP-Address", "2001:db8::1"), ("PDP-Address", "10.0.0.1"),
    ("Called-Station-Id", "InterNet"), ("3GPP-SGSN-MCC-MNC", "00101"),
])])  # fmt: skip
MADE = [
    a_full_ccr(),
    a_ccr(),
    a_ccr(an_mscc(10, ("Requested-Service-Unit", [])), ACCESS, *PROXIES, kind=1),
    a_ccr(
        an_mscc(10, ("Requested-Service-Unit", [("CC-Total-Octets", 5)]), used(7)),
        an_mscc(10, ("Service-Identifier", 1), ("Service-Identifier", 2)),
        an_mscc(11, used(1, ("Tariff-Change-Usage", 0)), used(2, ("Tariff-Change-Usage", 1))),
        an_mscc(12, used(3, ("Reporting-Reason", 3)), ("Reporting-Reason", 99)),
        ACCESS,
    ),
    a_ccr(an_mscc(10, used(2**64 - 1))),
    a_ccr(an_mscc(10, used(5)), ("Termination-Cause", 1), kind=3),
    a_ccr(used(5)),
    a_ccr(("Requested-Service-Unit", []), kind=1),
    a_ccr(kind=4),
    a_ccr(("Requested-Action", 0), an_mscc(10, used(5)), kind=4),
    a_ccr(("Requested-Action", 1), kind=4),
    a_ccr(an_mscc(10), kind=9),
    a_ccr(an_mscc(10), context="8.32255@3gpp.org", flags=0xD0),
    a_ccr(an_mscc(10), context="32260@3gpp.org"),
    a_ccr(an_mscc(10), context="7.32274@3gpp.org"),
    a_ccr(an_mscc(10), context="unheard-of@example.org"),
]


def captured() -> list[bytes]:
    """All captured and synthetic CCRs of Gy."""
    found = []
    for name in ("open5gs.jsonl", "synthetic.jsonl"):
        for row in rows_of(name):
            raw = bytes.fromhex(row["hex"])
            if decode_message(raw).header[:3] in {
                (flags, COMMAND_CREDIT_CONTROL, APPLICATION_CREDIT_CONTROL)
                for flags in range(FLAG_REQUEST, 256)
            }:
                found.append(raw)
    return found


REQUESTS = captured() + MADE


def outcome(read: object) -> object:
    """What was read, or all that its refusal says."""
    try:
        return read() if callable(read) else None
    except DiameterError as error:
        return (type(error), error.result_code, error.failed_avp, error.message)
    except WispgateError as error:
        return (type(error), error.message)


def agree(raw: bytes) -> bool:
    """Whether the hot codec took the request; if it did, both ways have been compared."""
    ccr = decode_ccr(raw)
    if ccr is None:
        return False
    assert outcome(lambda: read_hot(ccr)) == outcome(lambda: read_request(decode_message(raw)))
    return True


def test_there_are_captured_requests() -> None:
    assert len(captured()) >= 5


@pytest.mark.parametrize("raw", REQUESTS, ids=range(len(REQUESTS)))
def test_every_request_is_read_alike(raw: bytes) -> None:
    assert agree(raw)


@pytest.mark.parametrize("seed", [20261123, 20261124])
def test_reshaped_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(reshaped(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 400


@pytest.mark.parametrize("seed", [20261125])
def test_mutated_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(mutated(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 100


def both(raw: bytes) -> tuple[HotCcr, Message, CreditControl]:
    ccr = decode_ccr(raw)
    assert ccr is not None
    return ccr, decode_message(raw), read_hot(ccr)


SERVED = [raw for raw in REQUESTS if isinstance(outcome(lambda r=raw: both(r)[2]), CreditControl)]


@given(st.sampled_from(SERVED), ANSWERS)
def test_answers_are_alike_octet_for_octet(raw: bytes, answer: StoredAnswer) -> None:
    ccr, message, asked = both(raw)

    octets = build_hot_answer(ccr, ORIGIN, asked, answer)

    assert octets == build_answer(message, ORIGIN, asked, answer)


@given(st.sampled_from(SERVED), st.sampled_from([3002, 3004, 5030]), st.lists(GROUPS, max_size=2))
def test_answers_with_errors_are_alike(raw: bytes, code: int, groups: list[StoredGroup]) -> None:
    ccr, message, asked = both(raw)
    answer = StoredAnswer(code, tuple(groups))

    octets = build_hot_answer(ccr, ORIGIN, asked, answer)

    assert octets == build_answer(message, ORIGIN, asked, answer)
