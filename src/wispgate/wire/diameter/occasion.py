"""One thing that happens to a peer, on its way through the state machine."""

from datetime import datetime
from typing import Final

from wispgate.wire.diameter.answers import Result, Unreadable
from wispgate.wire.diameter.capabilities import Capabilities
from wispgate.wire.diameter.events import DisconnectCause, DownReason, Event
from wispgate.wire.diameter.header import Header, peek_header
from wispgate.wire.diameter.hot.watchdog import HotDwr
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.validation import Violation

SUCCESS: Final = Result(ResultCode.SUCCESS)


def result_of(violation: Violation) -> Result:
    """What to answer to a message that breaks the rules."""
    return Result(
        violation.result_code, failed_avp=violation.failed_avp, error_message=violation.message
    )


class Occasion:
    """One thing that happens: when, by which message, and what the driver hears of it."""

    __slots__ = (
        "capabilities",
        "cause",
        "detail",
        "events",
        "fault",
        "message",
        "now",
        "raw",
        "reason",
        "rival_host",
        "watchdog",
    )

    def __init__(self, now: datetime, events: list[Event], raw: bytes = b"") -> None:
        self.now = now
        self.events = events
        self.raw = raw
        self.message: Message | None = None
        # A DWR as the hot codec read it; then there is no `message`.
        self.watchdog: HotDwr | None = None
        self.capabilities: Capabilities | None = None
        self.fault: Violation | None = None
        self.reason = DownReason.PROTOCOL_ERROR
        self.detail = ""
        self.rival_host = ""
        self.cause = DisconnectCause.REBOOTING

    @property
    def result(self) -> Result:
        """Success, unless the message could not be read."""
        return SUCCESS if self.fault is None else result_of(self.fault)

    @property
    def header(self) -> Header:
        return peek_header(self.raw)

    @property
    def request(self) -> Message | Unreadable:
        """The message if it could be decoded, else its octets: either can be answered."""
        return Unreadable(self.header, self.raw) if self.message is None else self.message
