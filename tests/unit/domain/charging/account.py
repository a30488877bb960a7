"""An account in memory for charging tests: it keeps what the store keeps, and no more."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from wispgate.domain.charging.decisions import decide_charge
from wispgate.domain.charging.exhaustion import decide_exhaustion
from wispgate.domain.charging.ledger import LedgerEntry
from wispgate.domain.charging.outcome import ChargeDecision
from wispgate.domain.charging.planning import ChargePlan, plan_charge
from wispgate.domain.charging.requests import (
    ChargeRequest,
    EventAction,
    RequestKind,
    ServiceGroup,
    UsedUnits,
)
from wispgate.domain.charging.state import AccountState, Bucket, SessionState
from wispgate.domain.plan.compiled import Apn, CompiledPlan, GrantRules
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.events import Event

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
OPERATOR, ACCOUNT, LINE = (UUID(int=n) for n in (1, 2, 3))
KINDS = {
    "I": RequestKind.INITIAL,
    "U": RequestKind.UPDATE,
    "T": RequestKind.TERMINATION,
    "E": RequestKind.EVENT,
}


def a_plan(**changes: Any) -> CompiledPlan:
    """A plan that grants ten megabytes at a time and blocks at the end."""
    speed = Speed(10_000_000, 50_000_000)
    given = {
        "plan_id": UUID(int=9),
        "version": 1,
        "name": "Test",
        "currency": "EUR",
        "apns": (Apn("internet", speed),),
        "speed": speed,
        "grant": GrantRules(slice_octets=10_000_000),
    }
    return CompiledPlan(**(given | changes))


def a_bucket(number: int = 1, *, octets: int = 10_000_000, **changes: Any) -> Bucket:
    """A volume bucket, or of another kind when `kind`, `remaining` and `initial` say so."""
    given = {
        "bucket_id": UUID(int=100 + number),
        "kind": UnitKind.OCTETS,
        "remaining": octets,
        "initial": octets,
        "created_at": NOW - timedelta(days=30, seconds=-number),
        "valid_from": NOW - timedelta(days=30),
    }
    return Bucket(**(given | changes))


def a_wallet(amount: str, number: int = 50, **changes: Any) -> Bucket:
    money = Decimal(amount)
    return a_bucket(
        number,
        **(
            {
                "kind": UnitKind.MONEY,
                "remaining": money,
                "initial": money,
                "reserved": Decimal(0),
                "currency": "EUR",
                "priority": 200,
            }
            | changes
        ),
    )


def a_request(
    kind: str = "I", number: int = 0, *groups: ServiceGroup, **changes: Any
) -> ChargeRequest:
    """A request of session s1 with the groups; one empty wish when none is given."""
    given = {
        "session_id": "s1",
        "number": number,
        "kind": KINDS[kind],
        "groups": groups or (ServiceGroup(wanted_units=0),),
        "action": EventAction.DIRECT_DEBITING if kind == "E" else None,
    }
    return ChargeRequest(**(given | changes))


def a_group(
    rating_group: int | None = None, *, want: int | None = None, used: int | None = None
) -> ServiceGroup:
    usage = () if used is None else (UsedUnits(octets=used),)
    return ServiceGroup(rating_group, want, usage)


@dataclass
class Account:
    """Buckets, sessions and stored answers of one account, as the database would hold them."""

    plan: CompiledPlan
    buckets: dict[UUID, Bucket]
    sessions: dict[str, SessionState] = field(default_factory=dict)
    answers: dict[tuple[str, int], ChargeDecision] = field(default_factory=dict)
    entries: list[LedgerEntry] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    is_exhausted: bool = False
    time_zone: ZoneInfo = UTC_ZONE

    @classmethod
    def of(cls, plan: CompiledPlan, *buckets: Bucket) -> "Account":
        return cls(plan, {bucket.bucket_id: bucket for bucket in buckets})

    def state_for(self, session_id: str) -> AccountState:
        return AccountState(
            operator_id=OPERATOR,
            account_id=ACCOUNT,
            line_id=LINE,
            buckets=tuple(self.buckets.values()),
            session=self.sessions.get(session_id),
            is_exhausted=self.is_exhausted,
        )

    def plan_for(self, request: ChargeRequest, now: datetime = NOW) -> ChargePlan:
        return plan_charge(self.plan, request, now, time_zone=self.time_zone)

    def charge(self, request: ChargeRequest, now: datetime = NOW) -> ChargeDecision:
        """Answers a duplicate from the store, decides and keeps everything else."""
        key = (request.session_id, request.number)
        if key in self.answers:
            return self.answers[key]
        decision = decide_charge(self.state_for(request.session_id), self.plan_for(request, now))
        self.answers[key] = decision
        self.buckets |= {bucket.bucket_id: bucket for bucket in decision.buckets}
        if decision.session is not None:
            self.sessions[request.session_id] = decision.session
        self.entries += decision.entries
        self.events += decision.events
        self.is_exhausted = decision.is_exhausted
        return decision

    def put(self, bucket: Bucket, now: datetime = NOW) -> None:
        """A top-up or a new cycle's bucket; the flag follows the buckets."""
        self.buckets[bucket.bucket_id] = bucket
        self.is_exhausted = decide_exhaustion(
            self.plan,
            self.buckets.values(),
            line_id=LINE,
            now=now,
            time_zone=self.time_zone,
        )

    def adjust(self, bucket_id: UUID, **changes: Any) -> None:
        self.buckets[bucket_id] = replace(self.buckets[bucket_id], **changes)

    def money_free(self) -> Decimal:
        wallets = (b for b in self.buckets.values() if b.kind is UnitKind.MONEY)
        return sum((Decimal(b.remaining) - b.reserved for b in wallets), Decimal(0))

    def reserved(self) -> int | Decimal:
        return sum((b.reserved for b in self.buckets.values()), 0)

    def remaining(self, number: int = 1) -> int | Decimal:
        return self.buckets[UUID(int=100 + number)].remaining
