"""What a session becomes by a request, and what is answered: pure, written down by `gx`.

The policy of a plan is encoded once and shared by all its lines.
"""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.decisions import Admitted, Refused, decide_admission
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile
from wispgate.network.pcrf.answers import SUCCESS, release_cause
from wispgate.network.pcrf.dialogue import Dialogue, log_outcome
from wispgate.network.pcrf.policy import (
    default_bearer_qos,
    default_rule,
    event_triggers,
    qos_information,
    supported_features,
    wants_rules,
)
from wispgate.network.pcrf.requests import PolicyRequest, knows_extended_bandwidth
from wispgate.store.lines import KnownLine
from wispgate.store.policy_sessions import KnownSession, SessionEnd, SessionEntry
from wispgate.wire.diameter.message import AvpItem, encode_avps

# Plans in use at once, under each of their speeds and for each kind of gateway.
_POLICIES_KEPT: Final = 4096
_UE_ONLY, _UE_NW = 0, 2


def end_of(dialogue: Dialogue, answer: bytes) -> SessionEnd:
    asked = dialogue.asked
    return SessionEnd(asked.session_id, dialogue.request.peer.core_id, asked.number, answer)


def initial_policy(dialogue: Dialogue, admitted: Admitted) -> bytes:
    asked, core, profile = dialogue.asked, dialogue.core, admitted.profile
    return _encoded_policy(
        asked.features,
        admitted.apn,
        admitted.speed,
        profile.walled_garden_url,
        profile.changes_at if core.sends_gx_updates else None,
        mode=_UE_NW if asked.has_network_requests else _UE_ONLY,
        has_triggers=core.sends_gx_updates,
        has_rules=wants_rules(core),
    )


@lru_cache(maxsize=_POLICIES_KEPT)
def _encoded_policy(  # noqa: PLR0913 (all that an answer is made of: its key)
    features: tuple[tuple[int, int], ...],
    apn: ApnProfile,
    speed: Speed,
    walled_garden_url: str,
    changes_at: datetime | None,
    *,
    mode: int,
    has_triggers: bool,
    has_rules: bool,
) -> bytes:
    """What the lines of a plan have in common, encoded once: a third of an answer's work."""
    profile = NetworkProfile(version=0, walled_garden_url=walled_garden_url, changes_at=changes_at)
    avps: list[AvpItem] = [*supported_features(features), ("Bearer-Control-Mode", mode)]
    if has_triggers:
        avps += event_triggers(profile)
    if has_rules:
        avps.append(default_rule(profile, apn))
    return encode_avps([*avps, *_qualities(speed, apn, features)])


def _quality(asked: PolicyRequest, admitted: Admitted) -> list[AvpItem]:
    return _qualities(admitted.speed, admitted.apn, asked.features)


def _qualities(
    speed: Speed, apn: ApnProfile, features: tuple[tuple[int, int], ...]
) -> list[AvpItem]:
    is_extended = knows_extended_bandwidth(features)
    return [qos_information(speed, is_extended=is_extended), default_bearer_qos(apn)]


def entry_of(
    dialogue: Dialogue, line: KnownLine, admitted: Admitted, answer: bytes
) -> SessionEntry:
    asked, peer = dialogue.asked, dialogue.request.peer
    return SessionEntry(
        session_id=asked.session_id,
        line=line,
        core_id=peer.core_id,
        peer=peer.identity,
        origin_host=asked.origin_host,
        origin_realm=asked.origin_realm,
        imsi=asked.imsi or line.imsi,
        apn=asked.apn or "",
        framed_address=asked.framed_address,
        visited_plmn=asked.visited_plmn or "",
        rat_type=asked.rat_type,
        qci=admitted.apn.qci,
        speed=admitted.speed,
        number=asked.number,
        answer=answer,
        user_location=asked.user_location,
    )


def next_entry(dialogue: Dialogue, line: KnownLine, session: KnownSession) -> SessionEntry:
    """The session with what a CCR-U says of it, and what is answered: its policy, or its end."""
    asked = replace(
        dialogue.asked,
        apn=session.apn,
        framed_address=dialogue.asked.framed_address or session.framed_address,
        visited_plmn=dialogue.asked.visited_plmn or session.visited_plmn,
        rat_type=session.rat_type if dialogue.asked.rat_type is None else dialogue.asked.rat_type,
    )
    decision = decide_admission(
        line.profile, apn=session.apn, visited_plmn=asked.visited_plmn or ""
    )
    described = replace(dialogue, asked=asked)
    match decision:
        case Refused(reason=reason):
            log_outcome(dialogue, reason.value)
            answer = dialogue.answer(SUCCESS, release_cause(reason))
            return _refused_entry(described, line, session, answer)
        case Admitted():
            policy = _quality(asked, decision)
            if dialogue.core.sends_gx_updates:
                policy += event_triggers(decision.profile)
            return entry_of(described, line, decision, dialogue.answer(SUCCESS, *policy))


def _refused_entry(
    dialogue: Dialogue, line: KnownLine, session: KnownSession, answer: bytes
) -> SessionEntry:
    """Nothing new was given: the session keeps what it has until the gateway ends it."""
    apn = ApnProfile(0, session.apn, session.speed, qci=session.qci)
    return entry_of(dialogue, line, Admitted(line.profile, apn, session.speed), answer)
