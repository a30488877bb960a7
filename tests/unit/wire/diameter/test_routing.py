"""Loops, and requests that are for somebody else."""

import pytest

from wispgate.wire.diameter.header import FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, encode_message
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.routing import decide_misdirection, has_route_record

HEADER = Header(FLAG_REQUEST, 318, 16777251, 1, 2)
OURS = b"hss.epc.test"


def a_message(*avps: AvpItem) -> bytes:
    return encode_message(HEADER, [("Session-Id", "a;1;2"), *avps])


@pytest.mark.parametrize(
    ("avps", "is_loop"),
    [
        ([], False),
        ([("Route-Record", "dra.epc.test")], False),
        ([("Route-Record", "hss.epc.test")], True),
        ([("Route-Record", "HSS.epc.Test")], True),
        ([("Route-Record", "mme.epc.test"), ("Route-Record", "hss.epc.test")], True),
        ([("Route-Record", "hss.epc.test.example")], False),
        ([("Origin-Host", "hss.epc.test")], False),
        # The number of Route-Record as a value, and at an odd place inside one.
        ([("Origin-State-Id", 282)], False),
        ([("User-Name", "x\x00\x00\x01\x1a" + "hss.epc.test")], False),
    ],
)
def test_only_our_own_name_on_the_way_is_a_loop(avps: list[AvpItem], *, is_loop: bool) -> None:
    assert has_route_record(a_message(*avps), OURS) is is_loop


@pytest.mark.parametrize("cut", [1, 4, 8, 12])
def test_a_route_record_that_was_cut_off_is_none(cut: int) -> None:
    message = a_message(("Route-Record", "hss.epc.test"))

    assert not has_route_record(message[:-cut], OURS)


@pytest.mark.parametrize(
    ("host", "realm", "expected"),
    [
        (None, None, None),
        (None, "epc.test", None),
        (None, "EPC.test", None),
        ("hss.epc.test", "epc.test", None),
        ("HSS.epc.test", None, None),
        ("hss.epc.test", "elsewhere.test", None),
        (None, "elsewhere.test", ResultCode.REALM_NOT_SERVED),
        ("hss.elsewhere.test", "elsewhere.test", ResultCode.REALM_NOT_SERVED),
        ("other.epc.test", "epc.test", ResultCode.UNABLE_TO_DELIVER),
        ("other.epc.test", None, ResultCode.UNABLE_TO_DELIVER),
    ],
)
def test_what_is_not_for_us_is_answered_by_the_realm_first(
    host: str | None, realm: str | None, expected: ResultCode | None
) -> None:
    code = decide_misdirection(host, realm, our_host="hss.epc.test", our_realm="epc.test")

    assert code is expected
