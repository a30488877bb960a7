"""What the authentication function tells the business side, through the outbox.

A success is no event: the card shows it by going online, and there are too many.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from wispgate.kernel.events import Event
from wispgate.kernel.identifiers import Imsi


class FailureReason(StrEnum):
    """Why a request for vectors was refused. An IMSI that nobody owns makes no event: whose?"""

    LINE_SUSPENDED = "line_suspended"
    NO_EPS_SUBSCRIPTION = "no_eps_subscription"
    ROAMING_NOT_ALLOWED = "roaming_not_allowed"
    RAT_NOT_ALLOWED = "rat_not_allowed"
    MAC_FAILURE = "mac_failure"
    KEYS_MISSING = "keys_missing"
    KEYS_UNREADABLE = "keys_unreadable"
    SEQUENCE_EXHAUSTED = "sequence_exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationFailed(Event):
    """A network asked for vectors and got none, or a card's proof was wrong."""

    kind: ClassVar[str] = "authentication.failed"

    imsi: Imsi
    reason: FailureReason
    visited_plmn: str
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResynchronisationHappened(Event):
    """A card and we disagreed about SQN; ours now follows the card's. SQNs are no secrets."""

    kind: ClassVar[str] = "authentication.resynchronised"

    imsi: Imsi
    sqn_before: int
    sqn_after: int
    peer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMismatchSuspected(Event):
    """A card resynchronised again and again within an hour: K or OPc look wrong. Told once."""

    kind: ClassVar[str] = "authentication.key_mismatch_suspected"

    imsi: Imsi
    resynchronisations: int
    peer: str
