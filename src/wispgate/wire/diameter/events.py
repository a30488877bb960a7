"""What a peer tells its driver. The driver matches them all."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from wispgate.wire.diameter.capabilities import Application, Capabilities
from wispgate.wire.diameter.header import Header


class DisconnectCause(IntEnum):
    """Values of Disconnect-Cause (RFC 6733 section 5.4.3)."""

    REBOOTING = 0
    BUSY = 1
    DO_NOT_WANT_TO_TALK_TO_YOU = 2


class DownReason(StrEnum):
    CONNECTION_FAILED = "connection failed"
    CONNECTION_LOST = "connection lost"
    HANDSHAKE_FAILED = "handshake failed"
    HANDSHAKE_TIMEOUT = "handshake timeout"
    REFUSED = "refused"
    ELECTION = "election"
    WATCHDOG = "watchdog"
    DISCONNECTED = "disconnected"
    PROTOCOL_ERROR = "protocol error"


class RequestReceived(NamedTuple):
    """A request for an application, as octets and header. A tuple, as each message makes one."""

    raw: bytes
    header: Header


class AnswerReceived(NamedTuple):
    """An answer for an application. A tuple, as each message makes one."""

    raw: bytes
    header: Header


@dataclass(frozen=True, slots=True)
class CapabilitiesRequested:
    """A node introduced itself: `accept` or `refuse` it, now or later."""

    remote: Capabilities


@dataclass(frozen=True, slots=True)
class CapabilitiesExchanged:
    """The peer is open. `applications` are those both sides speak."""

    remote: Capabilities
    applications: tuple[Application, ...]


@dataclass(frozen=True, slots=True)
class CapabilitiesRefused:
    """The other side does not want us, or we have nothing in common (`by_us`)."""

    result_code: int
    error_message: str = ""
    by_us: bool = False


@dataclass(frozen=True, slots=True)
class PeerDown:
    """No traffic any more: fail over what is pending. `detail` is for the log."""

    reason: DownReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WatchdogSuspect:
    """Send new requests elsewhere and fail over what is pending; the connection stays for now."""


@dataclass(frozen=True, slots=True)
class WatchdogRecovered:
    """The peer may have traffic again."""


@dataclass(frozen=True, slots=True)
class DisconnectRequested:
    """The other side says goodbye (Disconnect-Cause, RFC 6733 section 5.4.3): no new requests.

    `cause` is None if its DPR could not be read.
    """

    cause: int | None


@dataclass(frozen=True, slots=True)
class OriginStateChanged:
    """The other side lost its state if the number has grown (procedures of section 8.16)."""

    previous: int | None
    current: int


@dataclass(frozen=True, slots=True)
class ConnectionWanted:
    """Open a transport connection; then `connection_made`, or `connection_lost` if it failed."""


@dataclass(frozen=True, slots=True)
class ConnectionShouldClose:
    """Write what `data_to_send` gives, then close the transport connection."""


@dataclass(frozen=True, slots=True)
class RivalAccepted:
    """The connection that the other side opened is the one to keep: `accept` its peer."""


@dataclass(frozen=True, slots=True)
class RivalRefused:
    """The connection that the other side opened is not to be kept: `refuse` it with 4003."""


Event = (
    RequestReceived
    | AnswerReceived
    | CapabilitiesRequested
    | CapabilitiesExchanged
    | CapabilitiesRefused
    | PeerDown
    | WatchdogSuspect
    | WatchdogRecovered
    | DisconnectRequested
    | OriginStateChanged
    | ConnectionWanted
    | ConnectionShouldClose
    | RivalAccepted
    | RivalRefused
)
