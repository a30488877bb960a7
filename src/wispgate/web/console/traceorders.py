"""What can be ordered about traces: to begin one, and to end one before its time."""

from collections.abc import Sequence
from typing import Any

from wispgate.business.tracing import services
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console.fields import Field, Option, Reader, positive
from wispgate.web.console.ordering import Order, Prepared
from wispgate.web.console.wording import counted

_NO_MONEY = ("Nothing is charged or credited.",)
_NO_MESSAGES = ("Nobody is told. The audit keeps who looked at whom.",)
_MINUTES = 10
_CARD = Option("imsi", "a card, by its IMSI", "with every session that it has and opens")
_SESSION = Option("session", "one session, by its Session-Id", "")
_PEER = Option("peer", "a peer, by its Origin-Host", "with the subscribers of all operators on it")


def start_order(*, is_platform: bool) -> Order:
    """The form; only the platform's staff may choose a peer."""
    options = (_CARD, _SESSION, _PEER) if is_platform else (_CARD, _SESSION)
    return Order(
        name="start",
        permission="trace.start",
        verb="Start a trace",
        icon="radio_button_checked",
        is_possible=lambda _trace: True,
        fields=lambda _trace: _fields(options),
        prepare=_prepare_start,
    )


def _fields(options: Sequence[Option]) -> Sequence[Field]:
    longest = f"It ends by itself; {services.LONGEST_MINUTES} at most."
    return [
        Field(name="kind", label="What is followed", kind="choice", options=options),
        Field(name="subject", label="Its IMSI, Session-Id or name"),
        Field(name="minutes", label="Minutes", kind="digits", value=str(_MINUTES), hint=longest),
    ]


def _prepare_start(_trace: Any, reader: Reader) -> Prepared | None:
    kind, value = reader.text("kind"), reader.text("subject")
    minutes = reader.read("minutes", lambda text: positive(text or str(_MINUTES)), _MINUTES)
    if not reader.errors:
        reader.read("subject", lambda _text: _check(kind, value, minutes), None)
    if reader.errors:
        return None
    return Prepared(
        button=f"Trace for {counted(minutes, 'minute')}",
        done=f"Traces {value} for {counted(minutes, 'minute')}.",
        network=[
            "Every Diameter process records what it sees of it, within about a second.",
            "Secrets, such as authentication vectors and passwords, are overwritten before that.",
        ],
        money=_NO_MONEY,
        messages=_NO_MESSAGES,
        perform=lambda _key: services.start(services.Subject(kind, value), minutes=minutes),
    )


def _check(kind: str, value: str, minutes: int) -> None:
    """What is wrong with the form, beside its field."""
    try:
        services.check(services.Subject(kind, value), minutes=minutes)
    except InvalidValue as error:
        raise InvalidValue(error.message) from None


def _prepare_stop(trace: Any, _reader: Reader) -> Prepared:
    return Prepared(
        button="Stop 1 trace",
        done="Stopped 1 trace.",
        network=[f"Nothing more of {trace.subject} is recorded. What was, stays for seven days."],
        money=_NO_MONEY,
        messages=_NO_MESSAGES,
        perform=lambda _key: services.stop(trace.id),
    )


STOP = Order(
    name="stop",
    permission="trace.start",
    verb="Stop",
    icon="stop_circle",
    is_possible=lambda trace: trace.stopped_at is None,
    prepare=_prepare_stop,
)
