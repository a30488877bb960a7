"""Traces: the list, the page of one, its messages and its capture file."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from wispgate.business.tracing import queries
from wispgate.kernel.errors import NotFound
from wispgate.web.console import acting, ordering, traceorders
from wispgate.web.console.pages import page, show, show_live, show_part
from wispgate.web.console.reads import is_uuid
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Link, Sentence, counted

# More a page does not show; the capture file and the command line have all.
_SHOWN = 200


@page("trace.read", of_operator=False)
def traces(visit: Visit) -> HttpResponse:
    rows = [(trace, queries.state_of(trace, now=visit.now)) for trace in queries.list_traces()]
    running = sum(state == "running" for _trace, state in rows)
    return show(visit, "traces.html", title="Traces", answer=_answer(len(rows), running), rows=rows)


@page("trace.start", of_operator=False)
def trace_start(visit: Visit) -> HttpResponse:
    kind = traceorders.start_order(is_platform=visit.is_platform)
    return ordering.order(visit, kind, lambda: _scene(None))


@page("trace.read", of_operator=False)
def trace(visit: Visit, key: str) -> HttpResponse:
    """Refreshed in place while it runs."""
    found = _get(key)
    state = queries.state_of(found, now=visit.now)
    messages = queries.list_messages(found.id, limit=_SHOWN)
    context = {
        "title": f"Trace of {found.subject}",
        "answer": _answer_of_one(found, state),
        "trace": found,
        "state": state,
        "is_running": state == "running",
        "messages_shown": messages,
        "most": _SHOWN,
    }
    return show_live(visit, "trace.html", "part/trace.html", context)


@page("trace.read", of_operator=False)
def trace_message(visit: Visit, key: str, message: str) -> HttpResponse:
    """The tree of one message, which the page unfolds."""
    return show_part(visit, "part/trace_message.html", avps=_message(key, message).said.avps)


@page("trace.read", of_operator=False)
def trace_capture(visit: Visit, key: str) -> HttpResponse:
    found = _get(key)
    response = HttpResponse(
        queries.encode_capture(found.id), content_type="application/vnd.tcpdump.pcap"
    )
    response["Content-Disposition"] = f'attachment; filename="trace-{found.id}.pcap"'
    return response


@page("trace.start", of_operator=False)
def trace_stop(visit: Visit, key: str) -> HttpResponse:
    return ordering.order(visit, traceorders.STOP, lambda: _scene(_get(key)))


def _get(key: str) -> Any:
    if not is_uuid(key):
        raise NotFound("trace", key)
    return queries.get_trace(UUID(key))


def _message(key: str, message: str) -> queries.Shown:
    if not is_uuid(message):
        raise NotFound("message", message)
    return queries.get_message(_get(key).id, UUID(message))


def _scene(trace: Any) -> acting.Scene:
    trail = [Link("Traces", reverse("console:traces"))]
    home, name, row_id, state = reverse("console:traces"), "", "", ""
    if trace is not None:
        home = reverse("console:trace", args=[trace.id])
        name, row_id, state = trace.subject, str(trace.id), "stopped"
    place = acting.Place(
        "trace of" if name else "", name, state, home, trail, "tracing_trace", row_id
    )
    return acting.Scene(trace, place, [])


def _answer(count: int, running: int) -> Sentence:
    if not count:
        return ["Nothing is traced, and nothing was in the last seven days."]
    if not running:
        return [f"No trace runs. {counted(count, 'trace')} of the last seven days can be read."]
    return [f"{counted(running, 'trace')} running."]


def _answer_of_one(trace: Any, state: str) -> Sentence:
    said = counted(trace.messages, "message")
    endings: dict[str, Sequence[Any]] = {
        "running": [f"{said} so far. It ends by itself ", trace.ends_at, "."],
        "stopped": [f"{said}. It was stopped ", trace.stopped_at, "."],
        "full": [f"{said}: as many as it was to keep."],
        "over": [f"{said}. It ended by itself ", trace.ends_at, "."],
    }
    return list(endings[state])
