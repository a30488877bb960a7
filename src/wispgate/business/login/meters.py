"""What is counted of logins, by kinds only: no account and no address is a label."""

from prometheus_client import CollectorRegistry, Counter

# The web process adds it to what it answers at /metrics.
REGISTRY = CollectorRegistry()
LOGINS = Counter(
    "wispgate_logins",
    "Logins by the way in (password, sso, passkey) and outcome (entered, refused).",
    ("way", "outcome"),
    registry=REGISTRY,
)
FACTORS = Counter(
    "wispgate_login_factors",
    "Second factors shown, by kind (app, key, recovery) and outcome (taken, refused).",
    ("kind", "outcome"),
    registry=REGISTRY,
)
SLOWED = Counter(
    "wispgate_login_slowed",
    "Attempts refused because their subject has to wait, by subject.",
    ("subject",),
    registry=REGISTRY,
)
SHUT_OUT = Counter(
    "wispgate_login_shut_out",
    "Times that a subject reached the longest pause, by subject.",
    ("subject",),
    registry=REGISTRY,
)
SESSIONS_ENDED = Counter(
    "wispgate_sessions_ended",
    "Sessions that were ended before their time, by cause.",
    ("cause",),
    registry=REGISTRY,
)
