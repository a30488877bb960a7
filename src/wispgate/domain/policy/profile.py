"""`NetworkProfile`: what the network enforces for a line, and its compilation from the facts.

It stands as JSON in the hot row of the line and is read in the statement that authenticates or
charges. The exhausted flag stands beside it in the row: charging turns it without recompiling.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from wispgate.domain.plan import jsonform
from wispgate.domain.plan.compiled import Apn, CompiledPlan, PdnType
from wispgate.domain.plan.exhaustion import (
    AutoTopUp,
    Block,
    Exhaustion,
    FinalAction,
    NotifyOnly,
    Throttle,
)
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.access import OperatorBar
from wispgate.domain.policy.facts import LineFacts, LineState


class Barring(StrEnum):
    """How far the line is kept out, weakest first.

    NONE. NO_SESSION attaches and gets no session (soft suspension). NO_ATTACH is refused at
    attach and may come back (hard suspension, or not active yet). WITHDRAWN is never to return
    (terminated).
    """

    NONE = "none"
    NO_SESSION = "no_session"
    NO_ATTACH = "no_attach"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ApnProfile:
    """One APN configuration; `context_id` is unique in the profile (TS 29.272 section 7.3.27)."""

    context_id: int
    name: str
    speed: Speed
    qci: int = 9
    arp: Arp = Arp()  # noqa: RUF009 - a frozen value
    pdn_type: PdnType = PdnType.IPV4
    charging_characteristics: str | None = None
    static_address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkProfile:
    """What HSS, PCRF and OCS tell the network. The first APN is the default.

    `speed` is the UE-AMBR while there is quota, `throttled_speed` (None: no throttle) when it is
    used up; `speed_now` is the one that holds. `roaming_networks`: where it may roam, as MCCs and
    networks; None is anywhere. `device_lock`: the only devices that may be used, 14 digits each;
    empty means any. `changes_at`: the profile is to be compiled again then. `version` grows with
    each change.
    """

    version: int
    barring: Barring = Barring.NONE
    apns: tuple[ApnProfile, ...] = ()
    speed: Speed | None = None
    throttled_speed: Speed | None = None
    is_exhausted: bool = False
    is_blocked_when_exhausted: bool = False
    operator_bars: tuple[OperatorBar, ...] = ()
    is_roaming_allowed: bool = True
    roaming_networks: tuple[str, ...] | None = None
    home_plmns: tuple[str, ...] = ()
    barred_rats: tuple[int, ...] = ()
    device_lock: tuple[str, ...] = ()
    charging_characteristics: str | None = None
    walled_garden_url: str = ""
    restrictions: tuple[str, ...] = ()
    changes_at: datetime | None = None

    def encode(self) -> str:
        """Compact JSON text; `decode` gives an equal value."""
        return jsonform.encode(self)

    @classmethod
    def decode(cls, text: str | bytes) -> Self:
        """The profile in `text`; InvalidValue names the path to what is wrong."""
        return jsonform.decode(cls, text)

    @property
    def is_barred(self) -> bool:
        return self.barring is not Barring.NONE or self.is_without_packets

    @property
    def is_without_packets(self) -> bool:
        return OperatorBar.ALL_PACKET_SERVICES in self.operator_bars

    @property
    def node_bars(self) -> tuple[OperatorBar, ...]:
        """What a serving node is to enforce; a soft suspension is a bar of all packet services."""
        if self.barring is Barring.NO_SESSION and not self.is_without_packets:
            return (OperatorBar.ALL_PACKET_SERVICES, *self.operator_bars)
        return self.operator_bars

    @property
    def is_throttled(self) -> bool:
        return self.is_exhausted and self.throttled_speed is not None

    @property
    def speed_now(self) -> Speed | None:
        """The UE-AMBR that holds; None without a plan."""
        if self.speed is None or not self.is_throttled or self.throttled_speed is None:
            return self.speed
        return self.speed.limited_to(self.throttled_speed)

    def apn_speed(self, apn: ApnProfile) -> Speed:
        """The APN-AMBR that holds: the line's own limits count in every APN."""
        return apn.speed if self.speed_now is None else apn.speed.limited_to(self.speed_now)

    def find_apn(self, name: str) -> ApnProfile | None:
        """The configuration for an APN ("" is the default), by name or the wildcard."""
        if not name:
            return self.apns[0] if self.apns else None
        by_name = {apn.name: apn for apn in self.apns}
        return by_name.get(_network_identifier(name)) or by_name.get("*")

    def with_exhausted(self, *, is_exhausted: bool) -> Self:
        """The profile under the row's own flag."""
        if is_exhausted == self.is_exhausted:
            return self
        return replace(self, is_exhausted=is_exhausted)

    def is_same_for_network(self, other: "NetworkProfile") -> bool:
        """Whether nothing that the network sees differs: then nothing is to be pushed."""
        return _shown(self) == _shown(other)


def compile_profile(facts: LineFacts, *, now: datetime, version: int = 1) -> NetworkProfile:
    """The profile of a line at `now`; the caller counts its `version`."""
    barring = decide_barring(facts)
    plan = facts.plan
    restrictions = facts.restrictions
    base = NetworkProfile(
        version=version,
        barring=barring,
        is_exhausted=facts.is_exhausted,
        home_plmns=facts.home_plmns,
        barred_rats=facts.barred_rats,
        device_lock=facts.device_lock,
        operator_bars=_list_bars(facts),
        walled_garden_url=next(filter(None, (r.walled_garden_url for r in restrictions)), ""),
        restrictions=tuple(r.profile for r in restrictions),
    )
    return base if plan is None else _with_plan(base, facts, plan, now=now)


def decide_barring(facts: LineFacts) -> Barring:
    """The strongest of all that keeps the line out."""
    match facts.state:
        case LineState.TERMINATED:
            return Barring.WITHDRAWN
        case LineState.DRAFT | LineState.PENDING:
            return Barring.NO_ATTACH
        case LineState.ACTIVE | LineState.SUSPENDED:
            if any(suspension.is_hard for suspension in facts.suspensions):
                return Barring.NO_ATTACH
            is_out = facts.suspensions or facts.state is LineState.SUSPENDED
            return Barring.NO_SESSION if is_out else Barring.NONE


def _with_plan(
    base: NetworkProfile, facts: LineFacts, plan: CompiledPlan, *, now: datetime
) -> NetworkProfile:
    exhaustion = plan.exhaustion
    is_overridden = facts.override is not None and now < facts.override.until
    # An override stands above the plan, its throttle too; restrictions stand above both.
    throttled = exhaustion.speed if isinstance(exhaustion, Throttle) else None
    return replace(
        base,
        apns=_list_apns(facts, plan),
        speed=_limit(_own_speed(facts, plan, now), facts),
        throttled_speed=None if is_overridden or throttled is None else _limit(throttled, facts),
        is_blocked_when_exhausted=_blocks(exhaustion) and not plan.zero_rated_groups,
        is_roaming_allowed=plan.is_roaming_allowed,
        roaming_networks=_list_networks(facts, plan),
        barred_rats=tuple(sorted({*facts.barred_rats, *plan.barred_rats})),
        charging_characteristics=plan.charging_characteristics,
        changes_at=_find_next_change(facts, plan, now),
    )


def _list_bars(facts: LineFacts) -> tuple[OperatorBar, ...]:
    there = {bar for restriction in facts.restrictions for bar in restriction.bars}
    return tuple(bar for bar in OperatorBar if bar in there)


def _list_networks(facts: LineFacts, plan: CompiledPlan) -> tuple[str, ...] | None:
    """Those of the zones that the plan names. A zone that is no more has none."""
    if not plan.roaming_zones:
        return None
    named = (zone for zone in facts.zones if zone.name in plan.roaming_zones)
    return tuple(sorted({prefix for zone in named for prefix in zone.plmn_prefixes}))


def _own_speed(facts: LineFacts, plan: CompiledPlan, now: datetime) -> Speed:
    if facts.override is not None and now < facts.override.until:
        return facts.override.speed
    return plan.speed_at(now, facts.time_zone)


def _limit(speed: Speed, facts: LineFacts) -> Speed:
    for restriction in facts.restrictions:
        if restriction.speed is not None:
            speed = speed.limited_to(restriction.speed)
    return speed


def _list_apns(facts: LineFacts, plan: CompiledPlan) -> tuple[ApnProfile, ...]:
    addresses = {static.apn: static.address for static in facts.static_addresses}
    return tuple(
        _apn_profile(context_id, apn, addresses.get(apn.name))
        for context_id, apn in enumerate(plan.apns, start=1)
    )


def _apn_profile(context_id: int, apn: Apn, address: str | None) -> ApnProfile:
    return ApnProfile(
        context_id=context_id,
        name=apn.name,
        speed=apn.speed,
        qci=apn.qci,
        arp=apn.arp,
        pdn_type=apn.pdn_type,
        charging_characteristics=apn.charging_characteristics,
        static_address=address if apn.can_have_static_address else None,
    )


def _blocks(exhaustion: Exhaustion) -> bool:
    """Whether nothing is left to do after exhaustion; a redirect leaves the way to top up."""
    match exhaustion:
        case Block(final_action=action):
            return action is FinalAction.TERMINATE
        case AutoTopUp():
            return True
        case Throttle() | NotifyOnly():
            return False


def _find_next_change(facts: LineFacts, plan: CompiledPlan, now: datetime) -> datetime | None:
    if facts.override is not None and now < facts.override.until:
        return facts.override.until
    return plan.find_next_speed_change(now, facts.time_zone)


def _network_identifier(name: str) -> str:
    """The APN without operator identifier (TS 23.003 section 9.1), in lower case."""
    return name.lower().split(".mnc", maxsplit=1)[0]


def _shown(profile: NetworkProfile) -> NetworkProfile:
    speeds = (profile.speed_now, None)
    return replace(
        profile,
        version=0,
        speed=speeds[0],
        throttled_speed=speeds[1],
        is_exhausted=profile.is_exhausted and profile.is_blocked_when_exhausted,
        changes_at=None,
        restrictions=(),
    )
