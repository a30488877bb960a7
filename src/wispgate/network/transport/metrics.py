"""What the Diameter node counts (names are fixed in `docs/reference/metrics.md`)."""

from functools import lru_cache
from struct import Struct
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.header import HEADER_LENGTH, Header

REQUESTS: Final = Counter(
    "wispgate_diameter_requests",
    "Requests answered, by application, command and result code.",
    ("application", "command", "result"),
)
SECONDS: Final = Histogram(
    "wispgate_diameter_request_seconds",
    "Time from reading a request to writing its answer.",
    ("application", "command"),
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0),
)
PEERS: Final = Gauge("wispgate_diameter_peers", "Open peers.")
REFUSED_CONNECTIONS: Final = Counter(
    "wispgate_diameter_refused_connections", "Connections refused, by reason.", ("reason",)
)

_AVP = Struct(">II").unpack_from
_RESULT_CODE: Final = 268
_EXPERIMENTAL_RESULT: Final = 297


def count_answer(header: Header, answer: bytes, *, seconds: float) -> None:
    """One request was answered."""
    application, command = _labels(header.application_id, header.command_code)
    _requests(application, command, peek_result(answer)).inc()
    _seconds(application, command).observe(seconds)


@lru_cache(maxsize=1024)
def _labels(application_id: int, command_code: int) -> tuple[str, str]:
    """Numbers that nobody defined are "other": a peer must not fill the memory with its own."""
    if not dictionary.has_application(application_id):
        return "other", "other"
    grammar = dictionary.find_command(application_id, command_code, is_request=True)
    return str(application_id), str(command_code) if grammar is not None else "other"


# Looking children up by their labels costs more than counting.
_requests = lru_cache(maxsize=1024)(REQUESTS.labels)
_seconds = lru_cache(maxsize=256)(SECONDS.labels)


def peek_result(answer: bytes) -> str:
    """The result of an answer of ours: "2001", "3gpp 5001", or "" if it has none near its start."""
    position = HEADER_LENGTH
    for _ in range(3):
        if position + 12 > len(answer):
            break
        code, flags_and_length = _AVP(answer, position)
        if code == _RESULT_CODE:
            return str(int.from_bytes(answer[position + 8 : position + 12], "big"))
        if code == _EXPERIMENTAL_RESULT:
            # Vendor-Id and Experimental-Result-Code, in the order in which we write them.
            return "3gpp " + str(int.from_bytes(answer[position + 28 : position + 32], "big"))
        position += ((flags_and_length & 0xFFFFFF) + 3) & ~3
    return ""
