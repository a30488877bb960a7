"""What passes over one connection, per application: rates, results, latency. For the console.

Noted once per answer, so notes are additions; what is shown is computed every few seconds.
"""

import json
from collections import Counter
from statistics import median
from typing import Final

# Latencies kept for the median between two readings: more would say the same.
_MOST_SAMPLES: Final = 512


class Tally:
    """One application's requests in one direction. `is_ours`: we asked, the peer answered."""

    __slots__ = (
        "_counted",
        "_samples",
        "application_id",
        "is_ours",
        "median_ms",
        "per_second",
        "requests",
        "results",
        "slowest_ms",
    )

    def __init__(self, application_id: int, *, is_ours: bool) -> None:
        self.application_id = application_id
        self.is_ours = is_ours
        self.requests = 0
        self.results: Counter[str] = Counter()
        # Of the last span between two readings; the times, of the last in which anything passed.
        self.per_second = 0.0
        self.median_ms = 0.0
        self.slowest_ms = 0.0
        self._counted = 0
        self._samples: list[float] = []

    def note(self, result: str, seconds: float) -> None:
        """One answer: its result as metrics name it, and how long it took."""
        self.requests += 1
        self.results[result] += 1
        if len(self._samples) < _MOST_SAMPLES:
            self._samples.append(seconds)

    def read(self, span_seconds: float) -> bool:
        """Sets the figures of the span that ends now; whether anything is new."""
        before = (self.requests, self.per_second)
        self.per_second = (self.requests - self._counted) / span_seconds
        if self._samples:
            self.median_ms = 1000 * median(self._samples)
            self.slowest_ms = 1000 * max(self._samples)
        is_new = self.requests != self._counted or before[1] != self.per_second
        self._counted = self.requests
        self._samples.clear()
        return is_new

    def results_as_json(self) -> str:
        return json.dumps(dict(self.results))


class Statistics:
    """The tallies of one connection."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[int, bool], Tally] = {}

    def note(self, application_id: int, result: str, seconds: float, *, is_ours: bool) -> None:
        key = (application_id, is_ours)
        tally = self._tallies.get(key)
        if tally is None:
            tally = self._tallies[key] = Tally(application_id, is_ours=is_ours)
        tally.note(result, seconds)

    def read(self, span_seconds: float) -> list[Tally]:
        """The tallies in which something is new since the last reading."""
        return [tally for tally in self._tallies.values() if tally.read(span_seconds)]
