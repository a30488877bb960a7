"""Pictures of lines for tests of the decisions: one card, one MME, one gateway."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tests.harness.network import NOW
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.network.enforcement.ladder import Node
from wispgate.store.pushes import GxSeen, GySeen, Picture, PushRow, RegistrationSeen

CORE = UUID(int=1)
LINE = UUID(int=2)
IMSI = "001010000000001"
MME, PGW = "mme.epc.test", "pgw.epc.test"
FAST, SLOW = Speed(50_000_000, 50_000_000), Speed(128_000, 256_000)


def cores(profile: str) -> dict[tuple[UUID, str], Node]:
    return {(CORE, name): Node("epc.test", profile) for name in (MME, PGW)}


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def a_profile(version: int = 1, **changes: Any) -> NetworkProfile:
    base = NetworkProfile(version=version, apns=(ApnProfile(1, "internet", FAST),), speed=FAST)
    return replace(base, **changes)


def a_registration(**changes: Any) -> RegistrationSeen:
    base = RegistrationSeen(
        core_id=CORE,
        imsi=IMSI,
        host=MME,
        realm="epc.test",
        known_version=1,
        seen_at=at(-60),
        is_current=True,
    )
    return replace(base, **changes)


def a_gx_session(**changes: Any) -> GxSeen:
    base = GxSeen(
        session_id="s;1",
        core_id=CORE,
        peer=PGW,
        host=PGW,
        realm="epc.test",
        imsi=IMSI,
        apn="internet",
        visited_plmn="00101",
        speed=FAST,
        version=1,
        is_open=True,
        opened_at=at(-60),
        seen_at=at(1),
        closed_at=None,
    )
    return replace(base, **changes)


def a_gy_session(**changes: Any) -> GySeen:
    base = GySeen(
        session_id="c;1",
        core_id=CORE,
        peer=PGW,
        is_open=True,
        opened_at=at(-60),
        seen_at=at(-60),
        closed_at=None,
    )
    return replace(base, **changes)


def a_push(**changes: Any) -> PushRow:
    base = PushRow(
        push_id=UUID(int=9),
        line_id=LINE,
        core_id=CORE,
        effect="stop",
        means="s6a_clr_withdraw",
        rung=0,
        wanted_version=2,
        cause="policy.network_profile_changed",
        imsi=IMSI,
        session_id=None,
        target_host=MME,
        target_realm="epc.test",
        next_hop=MME,
        state="acknowledged",
        attempts=1,
        result="2001",
        first_attempt=1,
        sent_host="hss.epc.test",
        sent_realm="epc.test",
        asked_at=at(0),
        sent_at=at(0),
        acknowledged_at=at(1),
        deadline=at(60),
    )
    return replace(base, **changes)


def a_picture(
    wanted: NetworkProfile, enforced: NetworkProfile | None = None, **changes: Any
) -> Picture:
    base = Picture(
        line_id=LINE,
        operator_id=UUID(int=3),
        account_id=UUID(int=4),
        core_id=CORE,
        imsi=IMSI,
        msisdn=None,
        wanted=wanted,
        version=wanted.version,
        enforced=enforced,
        vectors_asked_at=None,
        registrations=(),
        gx=(),
        gy=(),
        pushes=(),
    )
    return replace(base, **changes)
