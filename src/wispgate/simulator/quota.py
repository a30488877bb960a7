"""One quota of a PDN connection: what was granted, what of it is used, and when to report.

TS 32.299 sections 6.5.1 to 6.5.4 and RFC 8506 section 5.6. Pure: time is given.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final

from wispgate.simulator.traffic import span_until


class Reason(IntEnum):
    """Values of Reporting-Reason (872), TS 32.299 section 7.2.175."""

    THRESHOLD = 0
    QHT = 1
    FINAL = 2
    QUOTA_EXHAUSTED = 3
    VALIDITY_TIME = 4
    OTHER_QUOTA_TYPE = 5
    RATING_CONDITION_CHANGE = 6
    FORCED_REAUTHORISATION = 7
    POOL_EXHAUSTED = 8


class FinalAction(IntEnum):
    """Values of Final-Unit-Action (449)."""

    TERMINATE = 0
    REDIRECT = 1
    RESTRICT_ACCESS = 2


@dataclass(frozen=True, slots=True)
class FinalUnit:
    action: FinalAction
    redirect_address: str = ""
    filter_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What an MSCC gives. None: not limited by it."""

    total_octets: int | None = None
    input_octets: int | None = None
    output_octets: int | None = None
    seconds: int | None = None
    volume_threshold: int | None = None
    time_threshold: int | None = None
    validity_seconds: int | None = None
    holding_seconds: int | None = None
    final: FinalUnit | None = None

    @property
    def has_units(self) -> bool:
        units = (self.total_octets, self.input_octets, self.output_octets, self.seconds)
        return any(unit is not None for unit in units)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a report says: octets up and down, and seconds."""

    up: int
    down: int
    seconds: int

    @property
    def octets(self) -> int:
        return self.up + self.down


class Access(StrEnum):
    """What the gateway lets through."""

    UNASKED = "unasked"
    OPEN = "open"
    FREE = "free"
    BLOCKED = "blocked"
    WALLED = "walled garden"


_PASSING: Final = (Access.OPEN, Access.FREE)
_NOTHING: Final = Grant()


@dataclass(slots=True)
class Quota:
    """The gateway's count for one rating group, or for the default bearer (None).

    With a final unit thresholds do not count (section 6.5.4), but for a gateway that
    `asks_despite_final`.
    """

    rating_group: int | None
    asks_despite_final: bool = False
    access: Access = Access.UNASKED
    grant: Grant = field(default_factory=Grant)
    granted_at: datetime | None = None
    used_up: int = 0
    used_down: int = 0
    counted_since: datetime | None = None
    last_octet_at: datetime | None = None
    was_asked: bool = False

    # --- counting ----------------------------------------------------------------------------

    @property
    def used_octets(self) -> int:
        return self.used_up + self.used_down

    @property
    def is_passing(self) -> bool:
        return self.access in _PASSING and self.remaining_octets() != 0

    def remaining_octets(self) -> int | None:
        """Octets that may pass in whichever direction; None: not limited."""
        return min(self._rests(), default=None) if self.access is Access.OPEN else None

    def take(self, up: int, down: int, now: datetime) -> tuple[int, int]:
        """Lets through what is granted of it, up first; what it lets through is counted."""
        if self.access not in _PASSING:
            return 0, 0
        if self.access is Access.OPEN:
            up = min([up, *self._rests_for(self.grant.input_octets, self.used_up)])
            down = min([down, *self._rests_for(self.grant.output_octets, self.used_down, up)])
        if up or down:
            self.last_octet_at = now
        self.used_up += up
        self.used_down += down
        return up, down

    def _rests_for(self, limit: int | None, used: int, ahead: int = 0) -> list[int]:
        rests = [] if limit is None else [max(0, limit - used)]
        total = self.grant.total_octets
        return rests if total is None else [*rests, max(0, total - self.used_octets - ahead)]

    def _rests(self) -> list[int]:
        grant = self.grant
        limits = (
            (grant.total_octets, self.used_octets),
            (grant.input_octets, self.used_up),
            (grant.output_octets, self.used_down),
        )
        return [max(0, limit - used) for limit, used in limits if limit is not None]

    def usage(self, now: datetime) -> Usage:
        since = self.counted_since or now
        return Usage(self.used_up, self.used_down, int((now - since).total_seconds()))

    def reported(self, now: datetime) -> None:
        """A report took what was used; what passes now counts against the next grant."""
        self.used_up = self.used_down = 0
        self.counted_since = now
        self.was_asked = True

    # --- granting ----------------------------------------------------------------------------

    def receive(self, grant: Grant, now: datetime) -> None:
        """A grant replaces what was left of the former (section 6.5.1). No units: it stays shut."""
        self.grant, self.granted_at, self.was_asked = grant, now, False
        self.counted_since = self.counted_since or now
        self.last_octet_at = now
        is_empty = not grant.has_units or self._is_used_up_at_once(grant)
        if not is_empty:
            self.access = Access.OPEN
        elif grant.final is not None:
            self.fall_back(now)
        else:
            self.access = Access.BLOCKED

    @staticmethod
    def _is_used_up_at_once(grant: Grant) -> bool:
        return 0 in (grant.total_octets, grant.input_octets, grant.output_octets, grant.seconds)

    def block(self, validity_seconds: int | None, now: datetime) -> None:
        """Refused. With a validity time it is asked for again then (RFC 8506 section 5.6.2)."""
        self.access, self.was_asked = Access.BLOCKED, False
        self.grant, self.granted_at = Grant(validity_seconds=validity_seconds), now

    def free(self) -> None:
        """4011: passes uncounted."""
        self.access, self.was_asked, self.grant = Access.FREE, False, _NOTHING

    def fall_back(self, now: datetime) -> None:
        """The final units are used: what the action leaves (RFC 8506 section 5.6)."""
        final = self.grant.final
        is_walled = final is not None and final.action is not FinalAction.TERMINATE
        self.access = Access.WALLED if is_walled else Access.BLOCKED
        self.grant = Grant(validity_seconds=self.grant.validity_seconds, final=final)
        self.granted_at = now

    def return_units(self) -> None:
        """Held idle for too long: the rest was given back, the next octet asks anew."""
        self.access, self.grant, self.was_asked = Access.UNASKED, _NOTHING, False

    # --- when to report ----------------------------------------------------------------------

    def due_reason(self, now: datetime) -> Reason | None:
        """Why a report is due now, the strongest reason first."""
        if self.was_asked:
            return None
        if self.access is Access.OPEN:
            return self._reason_while_open(now)
        has_expired = self._is_past(self._validity_ends(), now)
        return Reason.VALIDITY_TIME if has_expired else None

    def _reason_while_open(self, now: datetime) -> Reason | None:
        if self.remaining_octets() == 0 or self._is_past(self._time_ends(), now):
            return Reason.FINAL if self.grant.final is not None else Reason.QUOTA_EXHAUSTED
        if self._is_past(self._validity_ends(), now):
            return Reason.VALIDITY_TIME
        if self._is_past(self._holding_ends(), now):
            return Reason.QHT
        is_low = self._octets_to_threshold() == 0 or self._is_past(self._time_warns(), now)
        return Reason.THRESHOLD if is_low else None

    def next_due_at(self, now: datetime, bps: int) -> datetime | None:
        """When a report falls due if traffic goes on at `bps`."""
        if self.was_asked:
            return None
        if self.due_reason(now) is not None:
            return now
        if self.access is not Access.OPEN:
            return self._validity_ends()
        instants = [self._validity_ends(), self._time_ends(), self._time_warns()]
        octets = [self.remaining_octets(), self._octets_to_threshold()]
        spans = [span_until(n, bps) for n in octets if n]
        instants += [now + span for span in spans if span is not None]
        if bps == 0:
            instants.append(self._holding_ends())
        return min((instant for instant in instants if instant is not None), default=None)

    @property
    def _minds_thresholds(self) -> bool:
        return self.grant.final is None or self.asks_despite_final

    def _octets_to_threshold(self) -> int | None:
        remaining, threshold = self.remaining_octets(), self.grant.volume_threshold
        if remaining is None or threshold is None or not self._minds_thresholds:
            return None
        # A threshold above the grant asks again once anything passed, not before.
        return max(0 if self.used_octets else 1, remaining - threshold)

    def _validity_ends(self) -> datetime | None:
        return self._after(self.granted_at, self.grant.validity_seconds, least=1)

    def _time_ends(self) -> datetime | None:
        return self._after(self.granted_at, self.grant.seconds)

    def _time_warns(self) -> datetime | None:
        seconds, threshold = self.grant.seconds, self.grant.time_threshold
        if seconds is None or threshold is None or not self._minds_thresholds:
            return None
        return self._after(self.granted_at, seconds - threshold, least=1)

    def _holding_ends(self) -> datetime | None:
        # Zero switches the holding time off (section 7.2.165).
        return self._after(self.last_octet_at, self.grant.holding_seconds or None)

    @staticmethod
    def _after(instant: datetime | None, seconds: int | None, *, least: int = 0) -> datetime | None:
        if instant is None or seconds is None:
            return None
        return instant + timedelta(seconds=max(least, seconds))

    @staticmethod
    def _is_past(instant: datetime | None, now: datetime) -> bool:
        return instant is not None and now >= instant
