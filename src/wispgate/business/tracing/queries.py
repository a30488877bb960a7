"""Traces that the scope sees, and their messages in words or as a capture file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Final
from uuid import UUID

from django.db.models import F, QuerySet

from wispgate.business.staff import guards
from wispgate.business.tracing.models import Trace, TraceMessage
from wispgate.kernel.errors import NotFound
from wispgate.wire import pcap
from wispgate.wire.diameter import dictionary
from wispgate.wire.diameter.describing import Described, describe
from wispgate.wire.diameter.secrecy import mask_secrets

_ROWS: Final = 200
# Where numbers of subscribers stand, which some roles do not see.
_NUMBERS: Final = (
    "MSISDN", "A-MSISDN", "Subscription-Id-Data", "Calling-Station-Id", "User-Identifier",
    "External-Identifier", "Calling-Party-Address", "Called-Party-Address",
    "Requested-Party-Address", "Called-Asserted-Identity", "Public-Identity", "Address-Data",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A recorded message and what it says."""

    row: TraceMessage
    said: Described

    @property
    def latency_ms(self) -> float | None:
        """Of an answer: how long its request waited."""
        return None if self.row.latency_us is None else self.row.latency_us / 1000


def is_running(trace: Trace, *, now: datetime) -> bool:
    return state_of(trace, now=now) == "running"


def state_of(trace: Trace, *, now: datetime) -> str:
    """running, stopped, full or over."""
    if trace.stopped_at is not None:
        return "stopped"
    if trace.messages >= trace.max_messages or trace.octets >= trace.max_octets:
        return "full"
    return "running" if now < trace.ends_at else "over"


def list_traces(*, limit: int = 100) -> Sequence[Trace]:
    """The newest first."""
    return list(Trace.objects.all()[:limit])


def count_running(*, now: datetime) -> int:
    """Of all that the scope sees."""
    return _running(now).count()


def get_trace(trace_id: UUID) -> Trace:
    try:
        return Trace.objects.get(id=trace_id)
    except Trace.DoesNotExist:
        raise NotFound("trace", trace_id) from None


def list_messages(
    trace_id: UUID, *, after: UUID | None = None, limit: int = _ROWS
) -> Sequence[Shown]:
    """In the order in which they passed; `after` is the last one of the page before."""
    get_trace(trace_id)
    rows = TraceMessage.objects.filter(trace_id=trace_id)
    if after is not None:
        rows = rows.filter(id__gt=after)
    hidden = _hidden()
    return [Shown(row, describe(bytes(row.raw), hidden=hidden)) for row in rows[:limit]]


def get_message(trace_id: UUID, message_id: UUID) -> Shown:
    row = TraceMessage.objects.filter(trace_id=trace_id, id=message_id).first()
    if row is None:
        raise NotFound("message of that trace", message_id)
    return Shown(row, describe(bytes(row.raw), hidden=_hidden()))


def encode_capture(trace_id: UUID) -> bytes:
    """All messages of a trace as a pcap file. Our end has Diameter's own port in it."""
    get_trace(trace_id)
    hidden = _hidden()
    rows = TraceMessage.objects.filter(trace_id=trace_id)
    return pcap.encode_capture(_sent(row, hidden) for row in rows.iterator())


def _sent(row: TraceMessage, hidden: frozenset[int]) -> pcap.Sent:
    here, there = ip_address(row.local_address), ip_address(row.remote_address)
    if here.version != there.version:
        # A socket that does not know where it is bound: any address of the right kind will do.
        here = ip_address("::" if there.version == 6 else "0.0.0.0")  # noqa: S104
    ours = pcap.Endpoint(here, pcap.DIAMETER_PORT)
    theirs = pcap.Endpoint(there, row.remote_port)
    raw = bytes(row.raw)
    octets = mask_secrets(raw, also=hidden) if hidden else raw
    return pcap.Sent(row.at, *((ours, theirs) if row.is_sent else (theirs, ours)), octets)


def _hidden() -> frozenset[int]:
    """What is hidden from the one who looks, beside the secrets that nobody sees."""
    if not guards.is_hidden("msisdn"):
        return frozenset()
    return frozenset(dictionary.key_of(name) for name in _NUMBERS)


def _running(now: datetime) -> QuerySet[Any]:
    return Trace.objects.filter(
        stopped_at__isnull=True,
        ends_at__gt=now,
        messages__lt=F("max_messages"),
        octets__lt=F("max_octets"),
    )
