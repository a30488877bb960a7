"""DWR and DWA through the hot codec; values of requests are compared in test_agreement."""

import pytest

from tests.unit.wire.diameter.hot.requests import PROXY_INFO, a_full_dwr
from wispgate.wire.diameter.answers import Origin, answer_to
from wispgate.wire.diameter.hot.watchdog import WatchdogAnswers, decode_dwr
from wispgate.wire.diameter.message import AvpItem, decode_message, encode_avps

ORIGIN = Origin("hss.example", "example")


@pytest.mark.parametrize("state", [None, 5])
@pytest.mark.parametrize("more", [[], [PROXY_INFO, ("Session-Id", "s")]])
def test_a_dwa_equals_the_generic_one(state: int | None, more: list[AvpItem]) -> None:
    raw = a_full_dwr(*more)
    dwr = decode_dwr(raw)
    assert dwr is not None

    dwa = WatchdogAnswers(ORIGIN, state).encode(dwr, 2001)

    told: list[AvpItem] = [] if state is None else [("Origin-State-Id", state)]
    assert dwa == answer_to(decode_message(raw), 2001, ORIGIN, told)


def test_a_watchdog_with_the_p_bit_is_left_alone() -> None:
    raw = a_full_dwr()

    decoded = decode_dwr(raw[:4] + b"\xc0" + raw[5:])

    assert decoded is None


@pytest.mark.parametrize("missing", ["Origin-Host", "Origin-Realm"])
def test_a_watchdog_of_nobody_is_left_alone(missing: str) -> None:
    whole = decode_message(a_full_dwr())
    body = encode_avps([avp for avp in whole.avps if avp.name != missing])

    assert decode_dwr(whole.header.encode(20 + len(body)) + body) is None
