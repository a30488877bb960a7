"""What is counted of charging."""

from prometheus_client import Counter

_PATHS = Counter(
    "wispgate_charged_requests_total",
    "Credit-control requests by the path that served them",
    ["path"],
)
SIMPLE = _PATHS.labels("simple")
COMPLETE = _PATHS.labels("complete")
RACED = Counter(
    "wispgate_charging_races_total", "Batches done again since another process was first"
)
