"""Octets are counted exactly, however time is cut."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.simulator.traffic import Flow, Stream, microseconds, share, span_until


@given(
    bps=st.integers(1, 10**10),
    cuts=st.lists(st.integers(0, 10**9), min_size=1, max_size=20),
)
def test_no_octet_is_lost_wherever_time_is_cut(bps: int, cuts: list[int]) -> None:
    stream = Stream(bps)

    passed = sum(stream.pass_for(cut) for cut in cuts)

    assert passed == bps * sum(cuts) // 8_000_000


@given(octets=st.integers(1, 10**12), bps=st.integers(10**6, 10**10))
def test_the_span_until_is_the_first_at_which_all_have_passed(octets: int, bps: int) -> None:
    span = span_until(octets, bps)

    assert span is not None
    whole = microseconds(span)
    if whole < microseconds(timedelta(days=30)):
        assert Stream(bps).pass_for(whole) >= octets
        assert whole == 1 or Stream(bps).pass_for(whole - 1) < octets


@pytest.mark.parametrize("bps", [0, -1])
def test_nothing_passes_at_no_speed(bps: int) -> None:
    assert span_until(1, bps) is None


def test_what_takes_years_is_looked_at_after_a_month() -> None:
    assert span_until(10**18, 1) == timedelta(days=30)


@given(wanted=st.lists(st.integers(0, 10**9), max_size=10), limit=st.integers(0, 10**9))
def test_parts_never_exceed_the_limit(wanted: list[int], limit: int) -> None:
    parts = share(wanted, limit)

    assert sum(parts) <= max(limit, 0) or parts == wanted
    assert all(part <= want for part, want in zip(parts, wanted, strict=True))


def test_without_a_limit_everybody_gets_all() -> None:
    assert share([1, 2], None) == [1, 2]
    assert share([30, 10], 20) == [15, 5]


def test_a_flow_never_passes_more_than_it_wants() -> None:
    flow = Flow(None, 1000, 1000, octets=1500)
    flow.pace(8000, 8000)

    down, up = flow.pass_for(1_000_000)
    flow.count(down + up)

    assert (down, up) == (500, 1000)
    assert flow.is_done
    assert flow.remaining_octets == 0
