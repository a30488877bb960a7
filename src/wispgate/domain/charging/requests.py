"""What a gateway asks and reports, in the words of charging; `network` translates into these."""

from dataclasses import dataclass
from enum import StrEnum

from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.errors import InvalidValue

# Counters are Unsigned64 and a client's bug makes -1 of them 2**64 - 1. A petaoctet between two
# reports is no usage: such a report is refused, or it would book nonsense or overflow a column.
MAX_REPORTED_UNITS = 2**50


class RequestKind(StrEnum):
    """CC-Request-Type (RFC 8506 section 8.3)."""

    INITIAL = "initial"
    UPDATE = "update"
    TERMINATION = "termination"
    EVENT = "event"


class EventAction(StrEnum):
    """Requested-Action of an event (RFC 8506 section 8.41) that we serve."""

    DIRECT_DEBITING = "direct_debiting"
    CHECK_BALANCE = "check_balance"
    PRICE_ENQUIRY = "price_enquiry"


class ReportingReason(StrEnum):
    """Why a client reports (TS 32.299 section 7.2.175)."""

    THRESHOLD = "threshold"
    QHT = "qht"
    FINAL = "final"
    QUOTA_EXHAUSTED = "quota_exhausted"
    VALIDITY_TIME = "validity_time"
    OTHER_QUOTA_TYPE = "other_quota_type"
    RATING_CONDITION_CHANGE = "rating_condition_change"
    FORCED_REAUTHORISATION = "forced_reauthorisation"
    POOL_EXHAUSTED = "pool_exhausted"


class TariffChange(StrEnum):
    """On which side of the announced change units were used (RFC 8506 section 8.27)."""

    BEFORE = "before"
    AFTER = "after"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class UsedUnits:
    """One Used-Service-Unit. Octets are those of both directions together."""

    octets: int = 0
    seconds: int = 0
    messages: int = 0
    tariff_change: TariffChange = TariffChange.NONE

    def __post_init__(self) -> None:
        for count in (self.octets, self.seconds, self.messages):
            if not 0 <= count <= MAX_REPORTED_UNITS:
                raise InvalidValue(f"nobody uses {count} units", field="used_units")

    def of(self, unit: UnitKind) -> int:
        """The count of the kind that is charged; the others are not rated."""
        counts = {
            UnitKind.OCTETS: self.octets,
            UnitKind.SECONDS: self.seconds,
            UnitKind.MESSAGES: self.messages,
        }
        if unit not in counts:
            raise InvalidValue("usage is not counted in money", field="unit")
        return counts[unit]


def total_octets(total: int | None, *, uplink: int | None, downlink: int | None) -> int:
    """The total where it is given, else the sum of both directions: never all three."""
    return total if total is not None else (uplink or 0) + (downlink or 0)


@dataclass(frozen=True, slots=True)
class ServiceGroup:
    """What a request says of one rating group (one MSCC, or the command level as None).

    `wanted_units` None: nothing is asked for, only reported; 0: the server decides the amount.
    """

    rating_group: int | None = None
    wanted_units: int | None = None
    used: tuple[UsedUnits, ...] = ()
    reporting_reason: ReportingReason | None = None

    def __post_init__(self) -> None:
        if self.wanted_units is not None and self.wanted_units < 0:
            raise InvalidValue("wanted units are not negative", field="wanted_units")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeRequest:
    """One Credit-Control-Request, or an accounting record told as one.

    `unit` follows from the service: octets for packet data, seconds for voice, messages.
    `visited_plmn` is MCC and MNC as digits, empty when the client names none.
    """

    session_id: str
    number: int
    kind: RequestKind
    groups: tuple[ServiceGroup, ...] = ()
    unit: UnitKind = UnitKind.OCTETS
    action: EventAction | None = None
    visited_plmn: str = ""
    destination: str = ""

    def __post_init__(self) -> None:
        if not self.session_id or self.number < 0:
            raise InvalidValue("a request names its session and number", field="session_id")
        if self.unit is UnitKind.MONEY:
            raise InvalidValue("service units are octets, seconds or messages", field="unit")
        if (self.kind is RequestKind.EVENT) != (self.action is not None):
            raise InvalidValue("an action belongs to an event", field="action")
        groups = [group.rating_group for group in self.groups]
        if len(set(groups)) < len(groups):
            raise InvalidValue(f"a rating group stands twice: {groups}", field="rating_group")
