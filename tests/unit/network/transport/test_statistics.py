"""Rates, results and latencies of one connection."""

import json

from wispgate.network.transport.statistics import Statistics


def test_each_application_and_direction_has_its_own_tally() -> None:
    statistics = Statistics()
    for seconds in (0.001, 0.002, 0.009):
        statistics.note(4, "2001", seconds, is_ours=False)
    statistics.note(4, "4012", 0.003, is_ours=False)
    statistics.note(16777251, "2001", 0.5, is_ours=True)

    gy, s6a = statistics.read(2.0)

    assert (gy.application_id, gy.is_ours, gy.requests) == (4, False, 4)
    assert json.loads(gy.results_as_json()) == {"2001": 3, "4012": 1}
    assert (gy.per_second, gy.median_ms, gy.slowest_ms) == (2.0, 2.5, 9.0)
    assert (s6a.application_id, s6a.is_ours, s6a.per_second) == (16777251, True, 0.5)


def test_a_rate_falls_to_zero_once_and_is_then_no_news() -> None:
    statistics = Statistics()
    statistics.note(4, "2001", 0.001, is_ours=False)
    first = [(t.requests, t.per_second) for t in statistics.read(1.0)]

    second = [(t.requests, t.per_second, t.median_ms) for t in statistics.read(1.0)]
    third = statistics.read(1.0)

    assert first == [(1, 1.0)]
    # How long it took when it was asked last goes on standing there.
    assert second == [(1, 0.0, 1.0)]
    assert third == []


def test_latencies_kept_between_two_readings_are_bounded() -> None:
    statistics = Statistics()
    for number in range(100_000):
        statistics.note(4, "2001", 0.001 if number < 512 else 9.0, is_ours=False)

    (tally,) = statistics.read(1.0)

    assert tally.requests == 100_000
    assert tally.slowest_ms == 1.0
