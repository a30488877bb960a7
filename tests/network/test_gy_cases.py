"""The example cases of rating, through real bytes, the real database and a travelling clock.

One runner for all of them; a plan, buckets and a clock are what a case is given. Price questions
without a session are asked as events, what staff do is done by the services of balances. What has
no interface yet is excluded, with its reason.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections

from tests.harness.charging import (
    IMSI,
    NOW,
    ZONE,
    Gateway,
    Line,
    Subscribers,
    a_charging_node,
    granted_of,
    groups_of,
    result_of,
)
from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.unit.domain.charging.account import a_wallet
from tests.unit.domain.charging.case_given import bucket_ids, buckets_of, plan_of
from tests.unit.domain.charging.test_example_cases import CASES, _is_as
from wispgate.business.balances import services
from wispgate.business.balances.errors import NotEnoughFree
from wispgate.business.balances.ledger import Account, ChargedLine
from wispgate.business.operators import scope as scopes
from wispgate.domain.charging.events import QuotaExhausted, QuotaRestored, QuotaThresholdReached
from wispgate.domain.plan.tariff import UnitKind
from wispgate.domain.policy.facts import LineFacts, LineState
from wispgate.domain.policy.profile import compile_profile
from wispgate.kernel.money import Money
from wispgate.wire.diameter.message import AvpItem, Message

EXCLUDED = {
    "RAT-118": "RADIUS accounting; its counters are decided by the domain, which runs it",
    "RAT-121": "RADIUS authorisation; the domain runs it",
}
UNITS = {"octets": UnitKind.OCTETS, "seconds": UnitKind.SECONDS, "messages": UnitKind.MESSAGES}
CONTEXTS = {"octets": "32251@3gpp.org", "seconds": "32260@3gpp.org", "messages": "32274@3gpp.org"}
COUNTERS = {
    "octets": "CC-Total-Octets",
    "seconds": "CC-Time",
    "messages": "CC-Service-Specific-Units",
    "total": "CC-Total-Octets",
    "in": "CC-Input-Octets",
    "out": "CC-Output-Octets",
}
CHANGES = {"before": 0, "after": 1}
ACTIONS = {"DIRECT_DEBITING": 0, "CHECK_BALANCE": 2, "PRICE_ENQUIRY": 3}
FINAL_ACTIONS = ("TERMINATE", "REDIRECT", "RESTRICT_ACCESS")


class GyRun:
    """One case: the line, its gateway, and what has been seen step by step."""

    def __init__(
        self, case: dict[str, Any], subscribers: Subscribers, gateway: Gateway, clock: Any
    ) -> None:
        self.given: dict[str, Any] = case["given"]
        self.subscribers = subscribers
        self.gateway = gateway
        self.clock = clock
        self.ids = bucket_ids(self.given)
        buckets = buckets_of(self.given, self.ids)
        if "tariff" in self.given and not buckets:
            buckets = [a_wallet(self.given.get("balance", "1000000"))]
        self.initial = {bucket.bucket_id: bucket.initial for bucket in buckets}
        self.line: Line = subscribers.add_line(
            IMSI, plan_of(self.given), *buckets,
            is_suspended=self.given.get("subscriber") == "suspended",
        )  # fmt: skip
        self.steps: list[dict[str, Any]] = []
        self.uses = 0

    async def do(self, event: dict[str, Any]) -> None:
        if "at" in event and "T" not in event["at"]:
            self._travel(datetime.combine(NOW.date(), time.fromisoformat(event["at"]), tzinfo=UTC))
        if "req" in event:
            self.steps.append(await self._request(event))
        else:
            self.steps.append(await _DOES[event["do"]](self, event) or {})

    def _travel(self, instant: datetime) -> None:
        self.clock.advance(seconds=(instant - self.clock.now()).total_seconds())

    async def _request(self, event: dict[str, Any]) -> dict[str, Any]:
        kind = event["req"]
        unit = self._unit_of(event)
        answer = await self.gateway.ask(
            kind,
            event.get("session", f"event-{len(self.steps)}"),
            event.get("number", {"I": 0, "U": 1, "T": 2, "E": 0}[kind]),
            *self._avps(event, unit),
            context=CONTEXTS[unit],
            is_repeated=event.get("t_flag", False),
            plmn=event.get("plmn", ""),
        )
        return _told(answer, unit, COUNTERS[unit])

    def _unit_of(self, event: dict[str, Any]) -> str:
        used = event.get("used")
        used = used[0] if isinstance(used, list) and used else used
        named = {**event.get("want", {}), **(used if isinstance(used, dict) else {})}
        return next((name for name in UNITS if name in named), "octets")

    def _avps(self, event: dict[str, Any], unit: str) -> list[AvpItem]:
        if "mscc" in event:
            return [
                (
                    "Multiple-Services-Credit-Control",
                    [*_units(entry, event, unit), ("Rating-Group", entry["rg"])],
                )
                for entry in event["mscc"]
            ]
        avps = _units(event, event, unit)
        if "action" in event:
            return [*avps, ("Requested-Action", ACTIONS[event["action"]])]
        return [("Multiple-Services-Credit-Control", avps)]

    # --- steps that are no requests -------------------------------------------------------

    async def rate(self, event: dict[str, Any]) -> dict[str, Any]:
        """A price enquiry, or a call where time matters; who is called is in IMS-Information."""
        self.uses += 1
        if "from" in event or not event["seconds"]:
            return await self._call(event)
        answer = await self.gateway.ask(
            "E", f"price-{self.uses}", 0,
            ("Requested-Action", ACTIONS["PRICE_ENQUIRY"]),
            ("Requested-Service-Unit", [("CC-Time", event["seconds"])]),
            context=CONTEXTS["seconds"],
            called=f"tel:{event['called']}" if "called" in event else "",
        )  # fmt: skip
        told = _told(answer, "seconds", "CC-Time")
        if told["code"] == 5031:
            return {"error": "rating_failed", "charged": "0"}
        return told

    async def _call(self, event: dict[str, Any]) -> dict[str, Any]:
        """A call whose gateway reports whenever its grant ends; what it cost."""
        left = event.get("seconds", 0)
        if "from" in event:
            begins, ends = (datetime.fromisoformat(event[key]) for key in ("from", "to"))
            left = int((ends - begins).total_seconds())
            self._travel(datetime.combine(NOW.date(), begins.time(), tzinfo=UTC))
        session, context = f"call-{self.uses}", CONTEXTS["seconds"]
        before, number, used = self._money(), 0, 0
        while True:
            avps = [("Used-Service-Unit", [("CC-Time", used)])] if number else []
            avps += [("Requested-Service-Unit", [("CC-Time", left)] if left else [])]
            kind = "U" if number else "I"
            answer = await self.gateway.ask(kind, session, number, *avps, context=context)
            number += 1
            granted = granted_of(answer, "CC-Time") or 0
            used = min(left, granted, answer.find_int("Validity-Time") or granted)
            left -= used
            self.clock.advance(seconds=used)
            if not left or not granted:
                break
        report = ("Used-Service-Unit", [("CC-Time", used)])
        await self.gateway.ask("T", session, number, report, context=context)
        return {"cost": before - self._money()}

    async def max_duration(self, event: dict[str, Any]) -> dict[str, Any]:
        """What a call would be granted; it ends at once."""
        if "at" in event:
            at = datetime.fromisoformat(event["at"])
            self._travel(datetime.combine(NOW.date(), at.time(), tzinfo=UTC))
        self.uses += 1
        session, context = f"call-{self.uses}", CONTEXTS["seconds"]
        wish = ("Requested-Service-Unit", [("CC-Time", event["requested_s"])])
        answer = await self.gateway.ask("I", session, 0, wish, context=context)
        await self.gateway.ask("T", session, 1, context=context)
        return {"allowed_s": granted_of(answer, "CC-Time")}

    async def use(self, event: dict[str, Any]) -> dict[str, Any]:
        """Usage as a fact: an event that reports units used."""
        self.uses += 1
        unit = next(name for name in UNITS if name in event)
        before, seen = self._money(), len(self._outbox())
        await self.gateway.ask(
            "E", f"use-{self.uses}", 0,
            ("Requested-Action", ACTIONS["DIRECT_DEBITING"]),
            ("Used-Service-Unit", [(COUNTERS[unit], event[unit])]),
            context=CONTEXTS[unit],
        )  # fmt: skip
        return {"cost": before - self._money(), **self._notices(seen)}

    # --- what staff do, by the services of balances ----------------------------------------

    async def _serve(self, service: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Runs a service as a request of the web does: in a thread, in a scope of the operator."""

        def serve() -> Any:
            try:
                scope = scopes.Scope(
                    now=self.clock.now(), operator_id=self.subscribers.operator_id, reason="case"
                )
                with scopes.within(scope):
                    return service(self.account, *given, **named)
            finally:
                connections.close_all()

        return await asyncio.to_thread(serve)

    @property
    def account(self) -> Account:
        return Account(self.subscribers.operator_id, self.line.account_id, self.line.partition)

    @property
    def charged_line(self) -> ChargedLine:
        assert self.line.plan is not None
        return ChargedLine(self.line.line_id, self.line.plan, ZONE, self.is_exhausted())

    async def topup(self, event: dict[str, Any]) -> dict[str, Any]:
        seen = len(self._outbox())
        await self._buy(event["octets"], "0")
        return self._notices(seen)

    async def debit(self, event: dict[str, Any]) -> dict[str, Any]:
        """A purchase from the wallet."""
        await self._buy(1, event["amount"])
        return {}

    async def _buy(self, octets: int, price: str) -> None:
        self.uses += 1
        await self._serve(
            services.top_up_data, self.charged_line, octets, validity_days=30,
            price=Money(Decimal(price), "EUR"), key=f"buy-{self.uses}",
        )  # fmt: skip

    async def adjust(self, event: dict[str, Any]) -> dict[str, Any]:
        bucket_id = next(iter(self.initial))
        self.uses += 1
        try:
            await self._serve(
                services.adjust, bucket_id, event["octets"], key=f"adjust-{self.uses}",
                line=self.charged_line,
            )  # fmt: skip
        except NotEnoughFree as refusal:
            return {"refused": refusal.code}
        return {}

    async def new_period(self, event: dict[str, Any]) -> dict[str, Any]:
        seen = len(self._outbox())
        self.uses += 1
        price = Money(Decimal(0), "EUR")
        await self._serve(services.buy_plan, self.charged_line, price, key=f"period-{self.uses}")
        return self._notices(seen)

    def _outbox(self) -> list[Any]:
        return self.subscribers.query(
            "SELECT kind, payload FROM hot_00.outbox ORDER BY xid, event_id"
        )

    def _notices(self, seen: int) -> dict[str, Any]:
        """What was told since `seen` events, and the speed that holds, in the cases' words."""
        shown = []
        for kind, payload in self._outbox()[seen:]:
            if kind == QuotaThresholdReached.kind:
                shown.append(f"notify{payload['percent']}")
            elif kind in (QuotaExhausted.kind, QuotaRestored.kind):
                shown.append("policy:" + self._policy())
        return {"events": shown, "policy": self._policy()}

    def _policy(self) -> str:
        facts = LineFacts(
            state=LineState.ACTIVE, plan=self.charged_line.plan, time_zone=ZONE,
            is_exhausted=self.is_exhausted(),
        )  # fmt: skip
        speed = compile_profile(facts, now=NOW).speed_now
        assert speed is not None
        return f"{speed.down_bps // 10**6}M/{speed.up_bps // 10**6}M"

    async def session(self, event: dict[str, Any]) -> dict[str, Any]:
        self.uses += 1
        session = f"session-{self.uses}"
        await self.do({"req": "I", "session": session, "number": 0})
        await self.do(
            {"req": "T", "session": session, "number": 1, "used": {"octets": event["used"]}}
        )
        return {}

    async def repeat(self, event: dict[str, Any]) -> dict[str, Any]:
        for _ in range(event["n"]):
            await self.do(event["step"])
        return {}

    async def parallel(self, event: dict[str, Any]) -> dict[str, Any]:
        steps = event.get("steps", [event.get("step")] * event.get("n", 1))
        await asyncio.gather(*(self.do(step) for step in steps))
        return {}

    async def restart_ocs(self, event: dict[str, Any]) -> dict[str, Any]:
        """Nothing that a node knows is not in the database: `test_gy_crash` kills real ones."""
        return {}

    # --- what is seen afterwards ----------------------------------------------------------

    def _rows(self) -> list[Any]:
        return self.subscribers.query(
            "SELECT bucket_id, unit, initial, remaining, reserved, valid_until, top_up_count"
            " FROM every_bucket"
        )

    def _money(self) -> Decimal:
        return sum((r[3] for r in self._rows() if r[1] == "money"), Decimal(0))

    def final(self) -> dict[str, Any]:
        """All balances under the names that cases use."""
        rows = self._rows()
        remaining = {row[0]: row[3] for row in rows}
        final: dict[str, Any] = {
            name: remaining[key] for name, key in self.ids.items() if key in remaining
        }
        money = [r for r in rows if r[1] == "money"]
        units = [r for r in rows if r[1] != "money"]
        final["reserved"] = sum(row[4] for row in rows)
        final["money"] = final["wallet"] = sum(row[3] for row in money)
        final["money_free"] = sum(row[3] - row[4] for row in money)
        final["debited"] = final["charged"] = sum(row[2] - row[3] for row in money)
        final["voice_s"] = sum(row[3] for row in units if row[1] == "seconds")
        final["messages"] = sum(row[3] for row in units if row[1] == "messages")
        final["b_used"] = sum(row[2] - row[3] for row in units)
        final["final_total"] = sum(row[3] for row in units)
        final["usable"] = sum(row[3] for row in units if row[5] is None or row[5] > NOW)
        final["topups"] = max((row[6] for row in units), default=0)
        return final

    def ledger_kinds(self) -> list[str]:
        return [kind for (kind,) in self.subscribers.query("SELECT kind FROM every_ledger")]

    def is_exhausted(self) -> bool:
        return bool(self.subscribers.query("SELECT is_exhausted FROM every_line")[0][0])


_DOES: dict[str, Callable[[GyRun, dict[str, Any]], Awaitable[dict[str, Any]]]] = {
    "rate": GyRun.rate,
    "max_duration": GyRun.max_duration,
    "use": GyRun.use,
    "call": GyRun.use,
    "topup": GyRun.topup,
    "debit": GyRun.debit,
    "adjust": GyRun.adjust,
    "new_period": GyRun.new_period,
    "session": GyRun.session,
    "repeat": GyRun.repeat,
    "parallel": GyRun.parallel,
    "restart_ocs": GyRun.restart_ocs,
}


def _units(entry: dict[str, Any], event: dict[str, Any], unit: str) -> list[AvpItem]:
    avps: list[AvpItem] = []
    want = entry.get("want", 0 if event["req"] == "I" else None)
    if want is not None:
        count = want if isinstance(want, int) else want.get(unit, 0)
        avps.append(("Requested-Service-Unit", [(COUNTERS[unit], count)] if count else []))
    used = entry.get("used", [])
    parts = used if isinstance(used, list) else [used]
    return avps + [
        ("Used-Service-Unit", _used({"octets": part} if isinstance(part, int) else part))
        for part in parts
    ]


def _used(part: dict[str, Any]) -> list[AvpItem]:
    # A negative number arrives as the Unsigned64 that it is on the wire.
    counters: list[AvpItem] = [
        (COUNTERS[name], count % 2**64) for name, count in part.items() if name in COUNTERS
    ]
    if "tariff_change" in part:
        counters.append(("Tariff-Change-Usage", CHANGES[part["tariff_change"]]))
    return counters


def _told(answer: Message, unit: str, counter: str) -> dict[str, Any]:
    """The answer in the words of the cases."""
    told: dict[str, Any] = {"code": result_of(answer), "answer": answer, "unit": unit}
    groups = groups_of(answer)
    told["mscc"] = [
        {"rg": g.find_int("Rating-Group"), "code": g.get_int("Result-Code")} for g in groups
    ]
    for level in groups or [answer]:
        if level.find_avp("Granted-Service-Unit") is not None and "granted" not in told:
            told["granted"] = granted_of(level, counter)
            told["validity_s"] = level.find_int("Validity-Time")
            granted = level.get_avp("Granted-Service-Unit").members
            told["tariff_change_at"] = granted.find("Tariff-Time-Change")
        final = level.find_avp("Final-Unit-Indication")
        if final is not None:
            told["fui"] = _fui(final.members)
    cost = answer.find_avp("Cost-Information")
    if cost is not None:
        value = cost.members.get_avp("Unit-Value").members
        exponent = value.find_int("Exponent") or 0
        told["cost"] = Decimal(value.get_int("Value-Digits")).scaleb(exponent)
    return told


def _fui(final: Any) -> dict[str, Any]:
    shown = {"action": FINAL_ACTIONS[final.get_int("Final-Unit-Action")]}
    server = final.find_avp("Redirect-Server")
    if server is not None:
        assert server.members.get_int("Redirect-Address-Type") == 2
        shown |= {
            "address_type": "URL",
            "address": server.members.get_text("Redirect-Server-Address"),
        }
    return shown


def _refusal(step: dict[str, Any]) -> Any:
    return step.get("refused")


def _codes(run: GyRun) -> list[int]:
    return [step["code"] for step in run.steps]


def _one_mscc_per_group(run: GyRun, wanted: bool) -> bool:
    groups = [[entry["rg"] for entry in step["mscc"]] for step in run.steps]
    return wanted and all(found == run.given["rgs"] for found in groups)


# What a case may expect that is neither a step nor a balance.
_CHECKS: dict[str, Callable[[GyRun, Any], bool]] = {
    "codes": lambda run, wanted: _codes(run) == wanted,
    "code_in": lambda run, wanted: _codes(run)[-1] in wanted,
    "code_4012_seen": lambda run, wanted: (4012 in _codes(run)) is wanted,
    "events": lambda run, wanted: [step["events"] for step in run.steps] == wanted,
    "policies": lambda run, wanted: [step["policy"] for step in run.steps] == wanted,
    "adjust_result": lambda run, wanted: "not_enough_free" in map(_refusal, run.steps),
    "lost_updates": lambda run, wanted: wanted == 0,  # the money says it
    "policy_change": lambda run, wanted: run.is_exhausted() and len(wanted) == 2,
    "allowed_s": lambda run, wanted: (
        [step["allowed_s"] for step in run.steps]
        == (wanted if isinstance(wanted, list) else [wanted])
    ),
    "granted_has": lambda run, wanted: (
        wanted == f"Tariff-Time-Change {run.steps[0]['tariff_change_at']:%H:%M:%S}"
    ),
    "each_answer_has_one_mscc_per_rg": _one_mscc_per_group,
    "cdr": lambda run, wanted: run.ledger_kinds() == ["suspense"],
    "sum_invariant": lambda run, wanted: True,  # the balances say it
    "note": lambda run, wanted: True,
}


def _check_named(run: GyRun, name: str, wanted: Any) -> bool:
    if name in _CHECKS:
        return _CHECKS[name](run, wanted)
    final = run.final()
    named = {
        k: final[k] for k in final if k in ("money", "charged", "final_total", "voice_s", *run.ids)
    }
    return _is_as(wanted, {**run.steps[-1], **named}[name])


def test_the_list_of_exclusions_names_existing_cases() -> None:
    assert EXCLUDED.keys() <= CASES.keys()
    assert len(EXCLUDED) <= len(CASES) * 0.05


@pytest.mark.parametrize("case_id", [key for key in CASES if key not in EXCLUDED])
async def test_example_case_comes_out_as_written_over_gy(
    business: TestDatabase, case_id: str
) -> None:
    database = business
    case, clock = CASES[case_id], TravellingClock(NOW)
    async with a_charging_node(database.dsn("network"), clock=clock) as node:
        subscribers = Subscribers(database)
        gateway = await Gateway.connect(node)
        run = GyRun(case, subscribers, gateway, clock)

        for event in case["events"]:
            await run.do(event)

        await gateway.close()
    expect = dict(case["expect"])
    for step, seen in zip(expect.pop("steps", []), run.steps, strict=False):
        # That it is a duplicate shows in its answer and in the balances.
        wanted = {k: v for k, v in (step or {}).items() if k != "duplicate_of"}
        assert _is_as(wanted, seen), (wanted, seen)
    final, seen_final = expect.pop("final", {}), run.final()
    for name, wanted in final.items():
        assert _is_as(wanted, seen_final[name]), (name, wanted, seen_final[name])
    for name, wanted in expect.items():
        assert _check_named(run, name, wanted), (name, wanted, run.steps)
