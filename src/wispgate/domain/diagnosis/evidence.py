"""What is known of an EPC connection and of one phone behind it, before anybody judges it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class KnockCause(StrEnum):
    """Why a connection was turned away; the reason beside it says so in words for people.

    UNKNOWN_IDENTITY, WRONG_ADDRESS, WRONG_REALM, WRONG_TRANSPORT, WRONG_CERTIFICATE and
    NO_COMMON_APPLICATION are known from the Capabilities-Exchange-Request. NOT_TLS,
    NO_CERTIFICATE, UNTRUSTED_CERTIFICATE, OURS_NOT_TRUSTED and HANDSHAKE_FAILED end a handshake,
    before anybody said a name. CONNECTED_ALREADY another connection has the peer. REFUSED_BY_PEER
    it does not take us. TOO_MANY strangers' connections were closed unheard.
    """

    UNKNOWN_IDENTITY = "unknown_identity"
    WRONG_ADDRESS = "wrong_address"
    WRONG_REALM = "wrong_realm"
    WRONG_TRANSPORT = "wrong_transport"
    WRONG_CERTIFICATE = "wrong_certificate"
    NO_COMMON_APPLICATION = "no_common_application"
    CONNECTED_ALREADY = "connected_already"
    REFUSED_BY_PEER = "refused_by_peer"
    TOO_MANY = "too_many"
    NOT_TLS = "not_tls"
    NO_CERTIFICATE = "no_certificate"
    UNTRUSTED_CERTIFICATE = "untrusted_certificate"
    OURS_NOT_TRUSTED = "ours_not_trusted"
    HANDSHAKE_FAILED = "handshake_failed"


class Procedure(StrEnum):
    """What a phone was refused.

    AUTHENTICATION (AIR), REGISTRATION (ULR), SESSION (Gx) or CHARGING (Gy).
    """

    AUTHENTICATION = "authentication"
    REGISTRATION = "registration"
    SESSION = "session"
    CHARGING = "charging"


# Results of an authentication beside the refusals of `domain.policy`.
RESYNCHRONISED = "resynchronised"
FORGED_RESYNCHRONISATION = "forged_resynchronisation"
RESYNCHRONISATIONS = (RESYNCHRONISED, FORGED_RESYNCHRONISATION)


@dataclass(frozen=True, slots=True)
class Listener:
    """A place where this node listens; `fault` says why nobody can connect there, "" if they can.

    `certificate_fault` is what is wrong with our own certificate.
    """

    transport: str
    address: str
    fault: str = ""
    certificate_fault: str = ""


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody was turned away; `cause` is a `KnockCause`, or "" of an older row."""

    identity: str
    address: str
    cause: str
    reason: str
    attempts: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class KnownPeer:
    """A peer as it was allowed."""

    identity: str
    core: str
    realm: str
    addresses: tuple[str, ...]
    applications: tuple[str, ...]
    transport: str
    connect_to: str
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A connection with the peer: `state` as the console has it (open, suspect, silent ...)."""

    state: str
    detail: str
    address: str
    connected_at: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the peer asked since its connection opened: `results` by code as text."""

    application: str
    requests: int
    results: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """An entry of the authentication log: who was refused what, where, how often."""

    imsi: str
    procedure: str
    result: str
    peer: str
    visited_plmn: str
    apn: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One phone: its IMSI and what is known of its line.

    `operators` serve the IMSI by their ranges. `state` is "" where no line has the IMSI, and `sim`
    then the state of its card, "" where there is none.
    """

    imsi: str
    operators: tuple[str, ...] = ()
    sim: str = ""
    state: str = ""
    apns: tuple[str, ...] = ()
    resynchronisations: int = 0
    authenticated_at: datetime | None = None
    registered_at: datetime | None = None
    mme: str = ""
    is_purged: bool = False
    has_session: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is judged. `identity` was asked for; `peer` is None where none is called so.

    Without an identity only the phone is judged. `knocks` are those of that identity, and those from
    the peer's addresses under no other peer's name.
    """

    now: datetime
    identity: str
    peer: KnownPeer | None
    plmns: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    knocks: tuple[Knock, ...] = ()
    links: tuple[Link, ...] = ()
    traffic: tuple[Traffic, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    subscriber: Subscriber | None = None
