"""The usual way says what the generic way says, of every AIR and ULR. Seeds are in the names."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.network.requests import NOW, ORIGIN, PEER, S6A_VSAI
from tests.unit.wire.diameter.builders import rows_of
from tests.unit.wire.diameter.hot.mutation import reshaped
from tests.unit.wire.diameter.hot.requests import a_full_air, a_full_ulr
from tests.unit.wire.diameter.test_hostile_input import mutated
from wispgate.domain.authentication.vectors import EutranVector, UtranVector
from wispgate.network.hss.answers import RESULTS, SUCCESS, authentication_answer, s6a_answer
from wispgate.network.hss.authentication_centre import Vectors
from wispgate.network.hss.requests import location_request_of, vector_request_of
from wispgate.network.hss.usual import read_air, read_ulr
from wispgate.network.transport.applications import Request
from wispgate.wire.diameter.answers import Result
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_UPDATE_LOCATION,
)
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.hot.s6a import decode_air, decode_ulr
from wispgate.wire.diameter.hot.vectors import ula_flags
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_message

EUTRAN = "Requested-EUTRAN-Authentication-Info"
UTRAN = "Requested-UTRAN-GERAN-Authentication-Info"
RESYNC: AvpItem = ("Re-Synchronization-Info", bytes(range(30)))
PROXY: AvpItem = ("Proxy-Info", [("Proxy-Host", "dra.epc.test"), ("Proxy-State", b"abc")])
COMMANDS = {COMMAND_AUTHENTICATION_INFORMATION, COMMAND_UPDATE_LOCATION}


def a_request(
    command: int, *more: AvpItem, imsi: str = "001010000000001", host: str = "mme.epc.test",
    plmn: str = "00f110",
) -> bytes:  # fmt: skip
    header = Header(FLAG_REQUEST | FLAG_PROXIABLE, command, APPLICATION_S6A, 77, 88)
    avps: list[AvpItem] = [
        ("Session-Id", "mme.epc.test;1;1"),
        S6A_VSAI,
        ("Auth-Session-State", 1),
        ("Origin-Host", host),
        ("Origin-Realm", "epc.test"),
        ("Destination-Realm", "epc.test"),
        ("User-Name", imsi),
        ("Visited-PLMN-Id", bytes.fromhex(plmn)),
    ]
    return encode_message(header, [*avps, *more])


def an_air(*more: AvpItem, **values: str) -> bytes:
    return a_request(COMMAND_AUTHENTICATION_INFORMATION, *more, **values)


def a_ulr(*more: AvpItem, flags: int = 34, **values: str) -> bytes:
    rest: list[AvpItem] = [("RAT-Type", 1004), ("ULR-Flags", flags), *more]
    return a_request(COMMAND_UPDATE_LOCATION, *rest, **values)


def count(number: int) -> AvpItem:
    return ("Number-Of-Requested-Vectors", number)


def terminal(imei: str) -> AvpItem:
    return ("Terminal-Information", [("IMEI", imei), ("Software-Version", "01")])


MADE = [
    a_full_air(),
    a_full_ulr(),
    an_air(),
    an_air((EUTRAN, [])),
    an_air((EUTRAN, [count(0)]), PROXY),
    an_air((EUTRAN, [count(4_294_967_295), ("Immediate-Response-Preferred", 1)])),
    an_air((UTRAN, [count(2)])),
    an_air((EUTRAN, [count(1), RESYNC]), (UTRAN, [count(2)])),
    an_air((EUTRAN, [RESYNC]), (UTRAN, [RESYNC])),
    an_air((EUTRAN, [("Re-Synchronization-Info", bytes(29))])),
    an_air((EUTRAN, [("Re-Synchronization-Info", bytes(30))])),
    an_air(imsi="nobody"),
    an_air(host=""),
    an_air(host="mme\t.epc.test"),
    an_air(plmn="fff110"),
    an_air(plmn="00f1"),
    a_ulr(),
    a_ulr(terminal("35693803564380"), PROXY, flags=6),
    a_ulr(terminal("356938035643809"), flags=0),
    a_ulr(terminal("not an IMEI")),
    a_ulr(("Terminal-Information", [])),
    a_ulr(imsi="1234567890123456"),
    a_ulr(host="m" * 256),
]


def captured() -> list[bytes]:
    """All captured and synthetic AIRs and ULRs."""
    rows = [row for name in ("open5gs.jsonl", "synthetic.jsonl") for row in rows_of(name)]
    found = [bytes.fromhex(row["hex"]) for row in rows]
    return [
        raw
        for raw in found
        if raw[4] & FLAG_REQUEST
        and int.from_bytes(raw[5:8], "big") in COMMANDS
        and int.from_bytes(raw[8:12], "big") == APPLICATION_S6A
    ]


REQUESTS = captured() + MADE


def generic_of(raw: bytes) -> Request:
    return Request(decode_message(raw), PEER, ORIGIN, NOW)


def compare(asked: object, read: Callable[[], object]) -> None:
    if asked is None:
        with pytest.raises(DiameterError):
            read()
    else:
        assert asked == read()


def agree(raw: bytes) -> bool:
    """Whether the hot codec took the request; if it did, both ways have been compared."""
    air, ulr = decode_air(raw), decode_ulr(raw)
    if air is not None:
        compare(read_air(air, PEER), lambda: vector_request_of(generic_of(raw)))
    # An SGSN's (S6a/S6d-Indicator not set) is always read by the generic codec.
    if ulr is not None and ulr.ulr_flags & 2:
        compare(read_ulr(ulr), lambda: location_request_of(generic_of(raw).message))
    return air is not None or ulr is not None


def test_update_of_an_sgsn_is_left_to_the_generic_codec() -> None:
    updates = [ulr for raw in REQUESTS if (ulr := decode_ulr(raw)) and not ulr.ulr_flags & 2]

    assert updates
    assert [read_ulr(ulr) for ulr in updates] == [None] * len(updates)


def test_there_are_captured_requests() -> None:
    assert len(captured()) >= 3


@pytest.mark.parametrize("raw", REQUESTS, ids=range(len(REQUESTS)))
def test_every_request_is_read_alike(raw: bytes) -> None:
    assert agree(raw)


@pytest.mark.parametrize("seed", [20261126, 20261127])
def test_reshaped_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(reshaped(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 350


@pytest.mark.parametrize("seed", [20261128])
def test_mutated_requests_are_read_alike(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - repeatable, and nobody's secret

    taken = sum(agree(mutated(chance.choice(REQUESTS), chance)) for _ in range(2_000))

    assert taken > 50


def octets(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


VECTORS = st.builds(
    Vectors,
    st.lists(
        st.builds(EutranVector, octets(16), st.binary(min_size=4, max_size=16), octets(16), octets(32)),
        max_size=5,
    ).map(tuple),
    st.lists(
        st.builds(UtranVector, octets(16), octets(8), octets(16), octets(16), octets(16)), max_size=2
    ).map(tuple),
)  # fmt: skip
TAKEN = [raw for raw in REQUESTS if decode_air(raw) or decode_ulr(raw)]


def pair_of(raw: bytes) -> tuple[Request, Request]:
    hot = decode_air(raw) or decode_ulr(raw)
    assert hot is not None
    return Request.from_hot(hot, PEER, ORIGIN, NOW), generic_of(raw)


@given(st.sampled_from(TAKEN), VECTORS)
def test_answers_with_vectors_are_alike_octet_for_octet(raw: bytes, vectors: Vectors) -> None:
    hot, generic = pair_of(raw)

    assert authentication_answer(hot, vectors) == authentication_answer(generic, vectors)


@given(st.sampled_from(TAKEN), st.sampled_from([SUCCESS, Result(3004), *RESULTS.values()]))
def test_all_other_answers_are_alike_octet_for_octet(raw: bytes, result: Result) -> None:
    hot, generic = pair_of(raw)
    avps: list[AvpItem] = [ula_flags(1), ("Subscription-Data", [("Subscriber-Status", 0)])]

    assert s6a_answer(hot, result, avps) == s6a_answer(generic, result, avps)
