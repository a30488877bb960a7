"""What the Diameter node counts (names are fixed in `docs/reference/metrics.md`)."""

from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from struct import Struct
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.network.transport.requests import OutgoingRequest
from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.commands import VENDOR_3GPP
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import HEADER_LENGTH, Header
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

SENT: Final = Counter(
    "wispgate_diameter_sent_requests",
    "Requests of ours that were answered, by peer, application, command and result code.",
    ("peer", "application", "command", "result"),
)
PEERS: Final = Gauge("wispgate_diameter_peers", "Open peers.")
PEER_STATE: Final = Gauge(
    "wispgate_diameter_peer_state",
    "1 for the state in which a peer of this process is: open, suspect, calling or closed.",
    ("core", "peer", "state"),
)
UNREAD: Final = Counter(
    "wispgate_diameter_cut_off_connections",
    "Connections given up because the other side did not read.",
)
REFUSED_CONNECTIONS: Final = Counter(
    "wispgate_diameter_refused_connections", "Connections refused, by reason.", ("reason",)
)
REFUSALS: Final = Counter(
    "wispgate_network_refusals",
    "Phones refused (authentication, registration, session, charging), by procedure and reason.",
    ("procedure", "reason"),
)

_AVP = Struct(">II").unpack_from
_RESULT_CODE: Final = 268
_EXPERIMENTAL_RESULT: Final = 297
_EXPERIMENTAL_RESULT_CODE: Final = 298
_VENDOR_ID: Final = 266


def count_refusal(procedure: Procedure, reason: str) -> None:
    """Reasons are the domain's, so there are few."""
    REFUSALS.labels(procedure.value, reason).inc()


_BOUNDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0)

Labels = tuple[str, str]


class Durations:
    """How many answers took how long; the last place is for those above all bounds."""

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (len(_BOUNDS) + 1)
        self.total = 0.0

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound with the number of all that did not pass it."""
        names = [*(str(bound) for bound in _BOUNDS), "+Inf"]
        return list(zip(names, accumulate(self.counts), strict=True))


class Answers(Collector):
    """Requests answered. Plain numbers, told when somebody asks: counting is done for each."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, Labels, str], int] = {}
        self._durations: dict[Labels, Durations] = {}

    def count(self, peer: str, header: Header, result: str, seconds: float) -> None:
        labels = _labels(header.application_id, header.command_code)
        key = (peer, labels, result)
        self._results[key] = self._results.get(key, 0) + 1
        durations = self._durations.get(labels)
        if durations is None:
            durations = self._durations[labels] = Durations()
        durations.counts[bisect_left(_BOUNDS, seconds)] += 1
        durations.total += seconds

    def collect(self) -> Iterator[Metric]:
        requests = CounterMetricFamily(
            "wispgate_diameter_requests",
            "Requests answered, by peer, application, command and result code.",
            labels=("peer", "application", "command", "result"),
        )
        for (peer, labels, result), number in self._results.items():
            requests.add_metric([peer, *labels, result], number)
        yield requests
        times = HistogramMetricFamily(
            "wispgate_diameter_request_seconds",
            "Time from reading a request to writing its answer.",
            labels=("application", "command"),
        )
        for labels, durations in self._durations.items():
            times.add_metric(list(labels), durations.buckets(), durations.total)
        yield times


ANSWERS: Final = Answers()
REGISTRY.register(ANSWERS)


def count_answer(header: Header, answer: bytes, *, peer: str, seconds: float) -> str:
    """One request of an allowed peer was answered; with what result."""
    result = peek_result(answer)
    ANSWERS.count(peer, header, result, seconds)
    return result


def count_sent(peer: str, request: OutgoingRequest, result: str) -> None:
    """One request of ours was answered."""
    application, command = _labels(request.application_id, request.command_code)
    SENT.labels(peer, application, command, result).inc()


STATES: Final = ("open", "suspect", "calling", "closed")


def show_state(core: str, peer: str, state: str) -> None:
    """The peer's state in this process, in place of the one before."""
    for each in STATES:
        PEER_STATE.labels(core, peer, each).set(each == state)


def result_of(answer: Message) -> str:
    """The result of an answer to us, as `peek_result` writes it; what nobody defined is "other"."""
    try:
        return _result_of(answer)
    except DiameterError:
        return "other"


def _result_of(answer: Message) -> str:
    code = answer.find_int(_RESULT_CODE)
    if code is not None:
        return str(code) if code in _BASE_CODES else "other"
    group = answer.find_avp(_EXPERIMENTAL_RESULT)
    if group is None:
        return ""
    code = group.members.find_int(_EXPERIMENTAL_RESULT_CODE)
    is_known = group.members.find_int(_VENDOR_ID) == VENDOR_3GPP and code in _3GPP_CODES
    return f"3gpp {code}" if is_known else "other"


_BASE_CODES: Final = frozenset(int(code) for code in ResultCode)
_3GPP_CODES: Final = frozenset(int(code) for code in ExperimentalResultCode)


@lru_cache(maxsize=1024)
def _labels(application_id: int, command_code: int) -> tuple[str, str]:
    """Numbers that nobody defined are "other": a peer must not fill the memory with its own."""
    if not dictionary.has_application(application_id):
        return "other", "other"
    grammar = dictionary.find_command(application_id, command_code, is_request=True)
    return str(application_id), str(command_code) if grammar is not None else "other"


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
