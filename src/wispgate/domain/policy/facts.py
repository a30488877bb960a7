"""The line's facts: all that decides what the network enforces for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from wispgate.domain.plan.compiled import CompiledPlan, Zone
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.kernel.errors import InvalidValue


class LineState(StrEnum):
    """The sub-service's life cycle; suspension itself is the set of reasons."""

    DRAFT = "draft"
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    TERMINATED = "terminated"


@dataclass(frozen=True, slots=True)
class Suspension:
    """One reason. Hard: refused at attach. Soft: attaches, and gets no session."""

    reason: str
    is_hard: bool = False


@dataclass(frozen=True, slots=True)
class Restriction:
    """A named restriction profile: what it takes away, and why it was put on.

    slow limits the speed, walled_garden leaves one page to go to, others bar services or networks;
    one profile may do several. The strongest of all that are on wins.
    """

    profile: str
    reason: str
    speed: Speed | None = None
    walled_garden_url: str = ""
    bars: tuple[OperatorBar, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """A manual speed, until an instant and for a reason; then the plan rules again."""

    speed: Speed
    until: datetime
    reason: str

    def __post_init__(self) -> None:
        if not self.reason:
            raise InvalidValue("an override says why", field="reason")


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """An address that the line always gets in an APN."""

    apn: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineFacts:
    """Everything about one line that its network profile follows from.

    `plan` None: nothing is bought yet, there is no APN to open. `home_plmns` are MCC and MNC as
    digits; none means that the core tells no home (a private network). `zones`: the operator's
    roaming zones, from which a plan names those that it allows. `device_lock`: the only devices
    that may be used, as 14 digits each; none means any.
    """

    state: LineState
    plan: CompiledPlan | None
    time_zone: ZoneInfo
    suspensions: tuple[Suspension, ...] = ()
    restrictions: tuple[Restriction, ...] = ()
    is_exhausted: bool = False
    home_plmns: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    override: Override | None = None
    static_addresses: tuple[StaticAddress, ...] = ()
    barred_rats: tuple[int, ...] = ()
    device_lock: tuple[str, ...] = ()
