"""Runs the events of one example case of rating against an account in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from tests.unit.domain.charging.account import KINDS, NOW, UTC_ZONE, Account, a_bucket
from tests.unit.domain.charging.case_given import bucket_ids, buckets_of, plan_of
from wispgate.domain.charging.balances import Moved, decide_adjustment, decide_purchase
from wispgate.domain.charging.counters import join_gigawords, usage_since
from wispgate.domain.charging.events import QuotaExhausted, QuotaThresholdReached
from wispgate.domain.charging.granting import DenialReason, Denied, Granted, payable_units
from wispgate.domain.charging.outcome import ChargeDecision, Outcome
from wispgate.domain.charging.requests import (
    ChargeRequest,
    EventAction,
    RequestKind,
    ServiceGroup,
    TariffChange,
    UsedUnits,
    total_octets,
)
from wispgate.domain.plan.compiled import GrantRules
from wispgate.domain.plan.exhaustion import Block
from wispgate.domain.plan.tariff import UnitKind, block_price, find_entry, price_interval
from wispgate.domain.policy.decisions import Refusal, Refused, decide_admission
from wispgate.domain.policy.facts import LineFacts, LineState, Suspension
from wispgate.domain.policy.profile import NetworkProfile, compile_profile
from wispgate.kernel.errors import InvalidValue

UNITS = {"octets": UnitKind.OCTETS, "seconds": UnitKind.SECONDS, "messages": UnitKind.MESSAGES}
RESULT = {DenialReason.OUT_OF_CREDIT: 4012, DenialReason.RATING_FAILED: 5031}


class Run:
    """One case: the account, and what has been seen step by step."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.given: dict[str, Any] = case["given"]
        self.ids = bucket_ids(self.given)
        self.account = Account.of(plan_of(self.given), *buckets_of(self.given, self.ids))
        self.steps: list[dict[str, Any]] = []
        self.seen: dict[str, Any] = {"topups": 0}
        self.booked: dict[tuple[str, str], int] = {}
        self.uses = 0

    def do(self, event: dict[str, Any]) -> None:
        if "req" in event:
            self.steps.append(self._request(event))
        elif "radius" in event:
            self.steps.append(self._radius(event))
        else:
            self.steps.append(_DOES[event["do"]](self, event) or {})

    # --- requests -------------------------------------------------------------------------

    def _request(self, event: dict[str, Any]) -> dict[str, Any]:
        if self.given.get("subscriber") == "suspended":
            return self._refuse_suspended()
        try:
            request = _request_of(event, self._unit_of(event))
        except InvalidValue:
            return {"code": 5004}
        key = (request.session_id, request.number)
        is_duplicate = key in self.account.answers
        decision = self.account.charge(request, _instant(event))
        step = _told(decision)
        if is_duplicate:
            step["duplicate_of"] = request.number
        return step

    def _refuse_suspended(self) -> dict[str, Any]:
        facts = LineFacts(
            state=LineState.SUSPENDED,
            plan=self.account.plan,
            time_zone=UTC_ZONE,
            suspensions=(Suspension("overdue"),),
        )
        decision = decide_admission(compile_profile(facts, now=NOW), apn="internet")
        return {"code": {Refused(Refusal.SUSPENDED): 4010}.get(decision, 2001)}

    def _unit_of(self, event: dict[str, Any]) -> UnitKind:
        named = {**event.get("want", {}), **_as_dict(event.get("used"))}
        return next((unit for name, unit in UNITS.items() if name in named), UnitKind.OCTETS)

    def _radius(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["radius"] == "Access":
            return {"session_timeout_s": self._affordable_seconds()}
        session = event["acct"]
        used = 0
        for name, giga in (("in", "in_giga"), ("out", "out_giga")):
            counter = join_gigawords(event.get(name, 0), event.get(giga, 0))
            used += usage_since(self.booked.get((session, name), 0), counter)
            self.booked[session, name] = max(counter, self.booked.get((session, name), 0))
        kind = {"Start": "I", "Interim": "U", "Stop": "T"}[event["radius"]]
        self.uses += 1
        group = ServiceGroup(None, 0, (UsedUnits(octets=used),))
        request = ChargeRequest(
            session_id=session, number=self.uses, kind=KINDS[kind], groups=(group,)
        )
        return _told(self.account.charge(request))

    def _affordable_seconds(self) -> int:
        price = self.given["price"]
        return payable_units(
            block_price(Decimal(price["price"]), price["block_s"]),
            self.account.money_free(),
            position=0,
            wanted=self.given["reserve_s"],
            rounding=GrantRules().rounding,
        )

    # --- business steps -------------------------------------------------------------------

    def rate(self, event: dict[str, Any]) -> dict[str, Any]:
        entry = find_entry(
            self.account.plan.tariff, UnitKind.SECONDS, destination=event.get("called", "")
        )
        if entry is None:
            return {"error": "rating_failed", "charged": "0"}
        if "from" in event:
            begins, ends = (datetime.fromisoformat(event[key]) for key in ("from", "to"))
            return {"cost": price_interval(entry, begins, ends, UTC_ZONE)}
        return {"cost": entry.rate.cost(event["seconds"])}

    def max_duration(self, event: dict[str, Any]) -> dict[str, Any]:
        entry = self.account.plan.tariff[0]
        at = datetime.fromisoformat(event["at"]) if "at" in event else NOW
        budget = Decimal(self.given.get("balance", "1000000"))
        rate = entry.rate_at(at, UTC_ZONE)
        return {"allowed_s": rate.affordable_units(0, budget, event["requested_s"])}

    def use(self, event: dict[str, Any]) -> dict[str, Any]:
        """Usage without a session, booked as a fact: octets, or the seconds of a call."""
        before = len(self.account.events)
        counts = {key: event[key] for key in UNITS if key in event}
        self.uses += 1
        request = ChargeRequest(
            session_id=f"use-{self.uses}",
            number=0,
            kind=RequestKind.EVENT,
            action=EventAction.DIRECT_DEBITING,
            unit=UNITS[next(iter(counts))],
            groups=(ServiceGroup(None, None, (UsedUnits(**counts),)),),
        )
        decision = self.account.charge(request, _instant(event))
        return {"cost": decision.cost.amount, **self._notices(before)}

    def _notices(self, before: int) -> dict[str, Any]:
        shown: list[str] = []
        for event in self.account.events[before:]:
            if isinstance(event, QuotaThresholdReached):
                shown.append(f"notify{event.percent}")
            elif isinstance(event, QuotaExhausted):
                shown.append("policy:" + self._policy())
        return {"events": shown, "policy": self._policy()}

    def _policy(self) -> str:
        """The speed that holds, as "down/up" in Mbit/s."""
        speed = self.profile().speed_now
        assert speed is not None
        return f"{speed.down_bps // 10**6}M/{speed.up_bps // 10**6}M"

    def profile(self) -> NetworkProfile:
        facts = LineFacts(
            state=LineState.ACTIVE,
            plan=self.account.plan,
            time_zone=UTC_ZONE,
            is_exhausted=self.account.is_exhausted,
        )
        return compile_profile(facts, now=NOW)

    def new_period(self, event: dict[str, Any]) -> dict[str, Any]:
        self.account.put(a_bucket(2, octets=self.given["fup"]["limit"]))
        return {"events": ["policy:" + self._policy()]}

    def topup(self, event: dict[str, Any]) -> dict[str, Any]:
        self.account.put(a_bucket(60 + len(self.account.buckets), octets=event["octets"]))
        return {"policy": self._policy()}

    def adjust(self, event: dict[str, Any]) -> dict[str, Any]:
        bucket = next(iter(self.account.buckets.values()))
        result = decide_adjustment(bucket, -event["octets"])
        if isinstance(result, Moved):
            self.account.buckets[bucket.bucket_id] = result.bucket
        self.seen["adjust_result"] = result
        return {}

    def debit(self, event: dict[str, Any]) -> dict[str, Any]:
        (wallet,) = self.account.buckets.values()
        moved = decide_purchase(wallet, Decimal(event["amount"]))
        assert isinstance(moved, Moved)
        self.account.buckets[wallet.bucket_id] = moved.bucket
        return {}

    def session(self, event: dict[str, Any]) -> dict[str, Any]:
        self.uses += 1
        session = f"session-{self.uses}"
        self.do({"req": "I", "session": session, "number": 0})
        self.do({"req": "T", "session": session, "number": 1, "used": {"octets": event["used"]}})
        return {}

    def repeat(self, event: dict[str, Any]) -> dict[str, Any]:
        for _ in range(event["n"]):
            self.do(event["step"])
        return {}

    def parallel(self, event: dict[str, Any]) -> dict[str, Any]:
        """The domain sees concurrent steps one after the other: the rows are locked."""
        for step in event.get("steps", [event.get("step")] * event.get("n", 1)):
            self.do(step)
        return {}

    def restart_ocs(self, event: dict[str, Any]) -> dict[str, Any]:
        """All that an account knows is in its values; nothing is lost."""
        return {}


_DOES: dict[str, Callable[[Run, dict[str, Any]], dict[str, Any]]] = {
    "rate": Run.rate,
    "max_duration": Run.max_duration,
    "use": Run.use,
    "call": Run.use,
    "new_period": Run.new_period,
    "topup": Run.topup,
    "adjust": Run.adjust,
    "debit": Run.debit,
    "session": Run.session,
    "repeat": Run.repeat,
    "parallel": Run.parallel,
    "restart_ocs": Run.restart_ocs,
}


def _as_dict(used: Any) -> dict[str, Any]:
    if isinstance(used, list):
        return used[0] if used else {}
    return used or {}


def _request_of(event: dict[str, Any], unit: UnitKind) -> ChargeRequest:
    return ChargeRequest(
        session_id=event.get("session", f"event-{id(event)}"),
        number=event.get("number", {"I": 0, "U": 1, "T": 2, "E": 0}[event["req"]]),
        kind=KINDS[event["req"]],
        action=EventAction(event["action"].lower()) if "action" in event else None,
        unit=unit,
        visited_plmn=event.get("plmn", ""),
        groups=_groups_of(event, unit),
    )


def _groups_of(event: dict[str, Any], unit: UnitKind) -> tuple[ServiceGroup, ...]:
    if "mscc" in event:
        return tuple(
            ServiceGroup(entry["rg"], _want(entry.get("want"), event, unit), _used(entry))
            for entry in event["mscc"]
        )
    return (ServiceGroup(None, _want(event.get("want"), event, unit), _used(event)),)


def _want(want: Any, event: dict[str, Any], unit: UnitKind) -> int | None:
    if want is None:
        return 0 if event["req"] == "I" else None
    if isinstance(want, int):
        return want
    wanted: int = want.get(unit.value, 0)
    return wanted


def _used(entry: dict[str, Any]) -> tuple[UsedUnits, ...]:
    given = entry.get("used")
    if given is None:
        return ()
    if isinstance(given, int):
        given = {"octets": given}
    return tuple(_used_unit(unit) for unit in (given if isinstance(given, list) else [given]))


def _used_unit(given: dict[str, Any]) -> UsedUnits:
    # A negative number arrives as the Unsigned64 that it is on the wire.
    counts = {key: given[key] % 2**64 for key in UNITS if key in given}
    if {"total", "in", "out"} & given.keys():
        octets = total_octets(given.get("total"), uplink=given.get("in"), downlink=given.get("out"))
        counts = {"octets": octets}
    return UsedUnits(**counts, tariff_change=TariffChange(given.get("tariff_change", "none")))


def _instant(event: dict[str, Any]) -> datetime:
    if "at" not in event:
        return NOW
    return datetime.combine(NOW.date(), time.fromisoformat(event["at"]), tzinfo=UTC)


def _told(decision: ChargeDecision) -> dict[str, Any]:
    """The decision in the words of the cases."""
    told: dict[str, Any] = {"code": 2001, "cost": decision.cost.amount}
    if decision.outcome is Outcome.UNKNOWN_SESSION:
        told["code"] = 5002
    elif decision.outcome is Outcome.DENIED:
        assert decision.reason is not None
        told["code"] = RESULT[decision.reason]
    told["mscc"] = [
        {"rg": d.rating_group, "code": RESULT[d.reason] if isinstance(d, Denied) else 2001}
        for d in decision.groups
    ]
    granted = [d for d in decision.groups if isinstance(d, Granted)]
    if granted:
        told["granted"] = granted[0].units
        told["validity_s"] = granted[0].validity_seconds
        told["tariff_change_at"] = granted[0].tariff_change_at
    actions = [d.final_action for d in decision.groups if isinstance(d, Denied | Granted)]
    if actions and actions[0] is not None:
        told["fui"] = _fui(actions[0])
    return told


def _fui(block: Block) -> dict[str, Any]:
    shown = {"action": block.final_action.name}
    if block.redirect_url:
        shown |= {"address_type": "URL", "address": block.redirect_url}
    return shown
