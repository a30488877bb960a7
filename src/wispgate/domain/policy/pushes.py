"""The enforcement ladder: by which means, in which order, an effect is sought on a core.

Each rung is tried until evidence shows the effect; past its deadline the next one is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from wispgate.domain.policy.capabilities import CoreProfile, Effect, Means
from wispgate.domain.policy.profile import ApnProfile, NetworkProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class LinePresence:
    """Where the line is seen at the moment, by our own sessions and registrations.

    `is_misplaced`: a node or network serves it that may no longer.
    """

    is_registered: bool = False
    is_misplaced: bool = False
    has_gx_session: bool = False
    has_gy_session: bool = False
    has_sy_session: bool = False
    has_radius_session: bool = False


class Urgency(StrEnum):
    """NOW may cost the phone a moment without session; SOFT waits for the next occasion."""

    NOW = "now"
    SOFT = "soft"


class Evidence(StrEnum):
    """What shows that the effect is there; an acknowledgement does not."""

    SESSION_ENDED = "session_ended"
    NEW_REPORT = "new_report"
    NEW_SESSION = "new_session"
    NEW_REGISTRATION = "new_registration"
    NEW_ACCOUNTING = "new_accounting"


@dataclass(frozen=True, slots=True)
class Push:
    """One rung: the means, and what must be seen before it counts as in effect."""

    means: Means
    evidence: Evidence


def plan_pushes(
    effect: Effect,
    core: CoreProfile,
    presence: LinePresence,
    *,
    urgency: Urgency = Urgency.NOW,
) -> tuple[Push, ...]:
    """The rungs that make sense for a line seen like this, in the core's order.

    A line that is nowhere has only what waits for it: the refusal or the new profile at its next
    attach or authentication.
    """
    means = core.ladders.get(effect, ())
    if urgency is Urgency.SOFT and effect is not Effect.STOP:
        means = _soften(means)
    return tuple(
        Push(rung, _find_evidence(effect, rung)) for rung in means if _APPLIES[rung](presence)
    )


def _soften(means: tuple[Means, ...]) -> tuple[Means, ...]:
    """Instead of a detach the node is told the new values, to hold from the next activity on."""
    softer = (Means.S6A_IDR if m is Means.S6A_CLR_REATTACH else m for m in means)
    return tuple(dict.fromkeys(m for m in softer if m is not Means.RADIUS_DISCONNECT))


def decide_effects(known: NetworkProfile, wanted: NetworkProfile) -> tuple[Effect, ...]:
    """What has to be brought about so that the network, which knows one, does the other.

    A change that is neither faster nor slower (an APN, a priority, a garden left) climbs the
    ladder of SPEED_UP: it has every means to hand over a new profile. One of the access is told
    to serving nodes, for a gateway knows nothing of it.
    """
    if known.is_same_for_network(wanted):
        return ()
    if _is_out(wanted):
        # A line whose quota is spent keeps its attach; one that is barred as well does not.
        is_harder = wanted.is_barred and not known.is_barred
        return (Effect.STOP,) if is_harder or not _is_out(known) else ()
    if _is_out(known):
        return (Effect.RESTORE,)
    return (_name_change(known, wanted),)


def _name_change(known: NetworkProfile, wanted: NetworkProfile) -> Effect:
    """What is different for a line that is on before and after."""
    if wanted.walled_garden_url and wanted.walled_garden_url != known.walled_garden_url:
        return Effect.WALLED_GARDEN
    if _access(known) != _access(wanted):
        return Effect.CHANGE_ACCESS
    if list_taken_away(known, wanted):
        return Effect.TAKE_AWAY
    return Effect.SLOW_DOWN if _is_slower(known, wanted) else Effect.SPEED_UP


def _is_out(profile: NetworkProfile) -> bool:
    is_spent = profile.is_exhausted and profile.is_blocked_when_exhausted
    return profile.is_barred or not profile.apns or is_spent


def list_taken_away(known: NetworkProfile, wanted: NetworkProfile) -> tuple[ApnProfile, ...]:
    """APNs that are all the difference. The default one is not among them: it can be replaced, but
    not deleted (TS 29.272 section 5.2.2.2.1); nor is what moves to another context.
    """
    gone = tuple(apn for apn in known.apns if apn not in wanted.apns)
    is_all = replace(known, apns=wanted.apns).is_same_for_network(wanted)
    is_kept = known.apns[:1] == wanted.apns[:1] and len(known.apns) == len(wanted.apns) + len(gone)
    return gone if is_all and is_kept else ()


def _access(profile: NetworkProfile) -> tuple[object, ...]:
    return (
        profile.operator_bars,
        profile.is_roaming_allowed,
        profile.roaming_networks,
        profile.home_plmns,
        profile.barred_rats,
    )


def _is_slower(known: NetworkProfile, wanted: NetworkProfile) -> bool:
    before, after = known.speed_now, wanted.speed_now
    if before is None or after is None:
        return False
    return after.up_bps < before.up_bps or after.down_bps < before.down_bps


def _find_evidence(effect: Effect, means: Means) -> Evidence:
    if means in _RADIUS_MEANS:
        return Evidence.SESSION_ENDED if effect is Effect.STOP else Evidence.NEW_ACCOUNTING
    if effect is Effect.STOP:
        return Evidence.SESSION_ENDED
    if means in _REPORTING_MEANS:
        return Evidence.NEW_REPORT
    return Evidence.NEW_REGISTRATION if means in _ATTACHING_MEANS else Evidence.NEW_SESSION


_RADIUS_MEANS = {Means.RADIUS_COA, Means.RADIUS_DISCONNECT, Means.RADIUS_NEXT_AUTHENTICATION}
_REPORTING_MEANS = {Means.GX_RULES, Means.GX_QOS, Means.SY_NOTIFY, Means.GY_REAUTHORISE} | {
    Means.GY_NEXT_REPORT
}
_ATTACHING_MEANS = {Means.S6A_CLR_REATTACH, Means.S6A_IDR, Means.S6A_DSR, Means.NEXT_ATTACH}

_APPLIES: dict[Means, Callable[[LinePresence], bool]] = {
    Means.GX_RULES: lambda p: p.has_gx_session,
    Means.GX_QOS: lambda p: p.has_gx_session,
    Means.GX_RELEASE: lambda p: p.has_gx_session,
    Means.SY_NOTIFY: lambda p: p.has_sy_session,
    Means.GY_REAUTHORISE: lambda p: p.has_gy_session,
    Means.GY_NEXT_REPORT: lambda p: p.has_gy_session,
    # A node that keeps the phone where it may not be would only keep it under new data.
    Means.S6A_IDR: lambda p: p.is_registered and not p.is_misplaced,
    Means.S6A_DSR: lambda p: p.is_registered,
    Means.S6A_CLR_WITHDRAW: lambda p: p.is_registered,
    Means.S6A_CLR_REATTACH: lambda p: p.is_registered,
    Means.NEXT_ATTACH: lambda p: not p.has_radius_session,
    Means.RADIUS_COA: lambda p: p.has_radius_session,
    Means.RADIUS_DISCONNECT: lambda p: p.has_radius_session,
    Means.RADIUS_NEXT_AUTHENTICATION: lambda p: p.has_radius_session,
}
