"""Every metric is in the reference, and everything in the reference is a metric."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Its constructor, or that of a family, then its name.
MADE = re.compile(r'(Counter|Gauge|Histogram)(?:MetricFamily)?\(\s*"(wispgate_[a-z_]+)"')
LISTED = re.compile(r"^\| `(wispgate_[a-z_]+)` \|", re.MULTILINE)


def made() -> set[str]:
    """As they are exported: counters end in _total."""
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.py")]
    found = [match for source in sources for match in MADE.findall(source)]
    return {
        f"{name.removesuffix('_total')}_total" if kind == "Counter" else name
        for kind, name in found
    }


def test_the_reference_lists_the_metrics_that_there_are() -> None:
    listed = LISTED.findall((ROOT / "docs/reference/metrics.md").read_text())

    assert len(listed) == len(set(listed)) > 15
    assert set(listed) == made()
