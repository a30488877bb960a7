"""/traces: what passes of a peer, a card or a session, recorded for a while."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from pydantic import Field

from wispgate.business.operators import scope as scopes
from wispgate.business.tracing import queries, services
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["network"])

_READ = BearerToken("trace.read", needs_operator=False)
_START = BearerToken("trace.start", needs_operator=False)

CAPTURE_TYPE = "application/vnd.tcpdump.pcap"


class NewSignallingTrace(Closed):
    """`core` limits a trace of the platform's to one core."""

    kind: Literal["peer", "imsi", "session"]
    subject: Annotated[Text, Field(min_length=1, max_length=255)]
    core: Annotated[Text, Field(max_length=40)] = ""
    minutes: Annotated[int, Field(ge=1, le=services.LONGEST_MINUTES)] = 10
    max_messages: Annotated[int, Field(ge=1, le=services.MOST_MESSAGES)] = 1000


class SignallingTraceOut(Schema):
    """`state`: running, stopped, full or over."""

    id: UUID
    kind: str
    subject: str
    state: str
    started_by: str
    started_at: datetime
    ends_at: datetime
    stopped_at: datetime | None
    messages: int
    max_messages: int
    octets: int

    @staticmethod
    def show(trace: Any) -> "SignallingTraceOut":
        values = {
            name: getattr(trace, name)
            for name in SignallingTraceOut.model_fields
            if name != "state"
        }
        return SignallingTraceOut(state=queries.state_of(trace, now=scopes.current().now), **values)


class TracedAvpOut(Schema):
    """One AVP; a group has members. A secret's value says only how long it is."""

    name: str
    code: int
    vendor_id: int
    value: str
    is_hidden: bool
    members: list["TracedAvpOut"]

    @staticmethod
    def show(avp: Any) -> "TracedAvpOut":
        return TracedAvpOut(
            name=avp.name,
            code=avp.code,
            vendor_id=avp.vendor_id,
            value=avp.value,
            is_hidden=avp.is_hidden,
            members=[TracedAvpOut.show(member) for member in avp.members],
        )


class TracedMessageOut(Schema):
    """`is_sent`: by us. `latency_ms` of an answer: how long its request waited for it."""

    id: UUID
    at: datetime
    is_sent: bool
    peer: str
    command: str
    abbreviation: str
    interface: str
    session_id: str
    result: str
    is_good: bool
    latency_ms: float | None
    problem: str
    avps: list[TracedAvpOut]

    @staticmethod
    def show(shown: queries.Shown) -> "TracedMessageOut":
        said, row = shown.said, shown.row
        return TracedMessageOut(
            id=row.id,
            at=row.at,
            is_sent=row.is_sent,
            peer=row.peer,
            command=said.command,
            abbreviation=said.abbreviation,
            interface=said.interface,
            session_id=said.session_id,
            result=said.result,
            is_good=said.is_good,
            latency_ms=shown.latency_ms,
            problem=said.problem,
            avps=[TracedAvpOut.show(avp) for avp in said.avps],
        )


@router.get("", auth=_READ, response=list[SignallingTraceOut])
def list_traces(request: HttpRequest) -> list[SignallingTraceOut]:
    """Those that run and those of the last seven days, the newest first."""
    return [SignallingTraceOut.show(trace) for trace in queries.list_traces()]


@router.post("", auth=_START, response={201: SignallingTraceOut})
def start_trace(request: HttpRequest, body: NewSignallingTrace) -> SignallingTraceOut:
    """Begins to record within about a second. An operator's staff trace cards of its own."""
    trace_id = services.start(
        services.Subject(body.kind, body.subject, body.core),
        minutes=body.minutes,
        max_messages=body.max_messages,
    )
    return SignallingTraceOut.show(queries.get_trace(trace_id))


@router.get("/{trace_id}", auth=_READ, response=SignallingTraceOut)
def get_trace(request: HttpRequest, trace_id: UUID) -> SignallingTraceOut:
    return SignallingTraceOut.show(queries.get_trace(trace_id))


@router.post("/{trace_id}/stop", auth=_START, response=SignallingTraceOut)
def stop_trace(request: HttpRequest, trace_id: UUID) -> SignallingTraceOut:
    """Ends a trace before its time; what it has stays."""
    services.stop(trace_id)
    return SignallingTraceOut.show(queries.get_trace(trace_id))


@router.get("/{trace_id}/messages", auth=_READ, response=list[TracedMessageOut])
def list_trace_messages(
    request: HttpRequest,
    trace_id: UUID,
    after: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[TracedMessageOut]:
    """In the order in which they passed, decoded; `after` is the last one of the page before."""
    shown = queries.list_messages(trace_id, after=after, limit=limit)
    return [TracedMessageOut.show(one) for one in shown]


@router.get(
    "/{trace_id}/capture",
    auth=_READ,
    openapi_extra={
        "responses": {
            200: {
                "description": "A capture file (pcap).",
                "content": {CAPTURE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            }
        }
    },
)
def get_trace_capture(request: HttpRequest, trace_id: UUID) -> HttpResponse:
    """The messages as a capture file, which Wireshark reads."""
    answer = HttpResponse(queries.encode_capture(trace_id), content_type=CAPTURE_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="trace-{trace_id}.pcap"'
    return answer
