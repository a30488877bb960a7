"""Desired against known: which effects a line needs, and the first push of each."""

from collections.abc import Iterator
from datetime import datetime

from wispgate.domain.policy.capabilities import Effect
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.domain.policy.pushes import decide_effects
from wispgate.network.enforcement.ladder import (
    REFILLED,
    Cores,
    Goal,
    find_core,
    find_next_step,
    find_places,
    make_pushes,
)
from wispgate.store.pushes import NewPush, Picture, PushRow


def decide_goals(picture: Picture, cause: str) -> list[Goal]:
    """What has to be brought about: for the line's card, and for cards that are its no more."""
    goals = [*_own_goals(picture, cause), *_foreign_goals(picture)]
    return [goal for goal in goals if _is_due(picture, goal)]


def decide_first_pushes(
    picture: Picture, goal: Goal, cores: Cores, *, now: datetime
) -> list[NewPush]:
    """The lowest rung that reaches the card where it is."""
    places = find_places(picture, goal)
    core = find_core(cores, places)
    step = find_next_step(goal, core, places)
    return [] if step is None else make_pushes(picture, goal, places, step, core, now=now)


def is_out(profile: NetworkProfile) -> bool:
    """Whether the line gets nothing from the network."""
    is_spent = profile.is_exhausted and profile.is_blocked_when_exhausted
    return profile.is_barred or not profile.apns or is_spent


def _own_goals(picture: Picture, cause: str) -> Iterator[Goal]:
    if not picture.imsi:
        return
    for effect in _effects(picture) or _refilling(picture, cause):
        yield Goal(effect=effect, cause=cause, imsi=picture.imsi, profile=picture.wanted)


def _effects(picture: Picture) -> tuple[Effect, ...]:
    known, wanted = picture.enforced, picture.wanted
    if known is None or _has_missed_a_version(picture, known):
        # Whoever has an older version is told, whatever it says.
        return (Effect.STOP if is_out(wanted) else Effect.SPEED_UP,)
    if _came_by_itself(picture, known):
        # It was let in before anybody looked: only what changed since then is to be told.
        known = wanted.with_exhausted(is_exhausted=known.is_exhausted)
    effects = decide_effects(known, wanted)
    is_refill = known.with_exhausted(is_exhausted=wanted.is_exhausted).is_same_for_network(wanted)
    if effects == (Effect.RESTORE,) and is_refill and any(s.is_open for s in picture.gy):
        # The session is still there; it only wants units.
        return (Effect.REFILL,)
    return effects


def _came_by_itself(picture: Picture, known: NetworkProfile) -> bool:
    """Every place has the wanted version, which came after the one acted upon last."""
    versions = _versions_there(picture)
    return bool(versions) and known.version < min(versions) == picture.version


def _has_missed_a_version(picture: Picture, known: NetworkProfile) -> bool:
    """A place has a version that came after the one acted upon last and before the wanted one.

    A line may be activated, attached and suspended before anybody looks: then what was acted upon
    and what is wanted are alike, and what the phone has is neither.
    """
    return any(known.version < version < picture.version for version in _versions_there(picture))


def _versions_there(picture: Picture) -> set[int]:
    registered = {r.known_version for r in picture.registrations if r.is_current}
    return registered | {s.version for s in picture.gx if s.is_open}


def _refilling(picture: Picture, cause: str) -> tuple[Effect, ...]:
    """Units came back before anybody acted upon their end: the session is told all the same.

    Where the gateway has ended it, and the phone does not know, the phone has to attach anew.
    """
    if cause not in REFILLED or is_out(picture.wanted):
        return ()
    if any(session.is_open for session in picture.gy):
        return (Effect.REFILL,)
    is_registered = any(registration.is_current for registration in picture.registrations)
    return (Effect.SPEED_UP,) if is_registered else ()


def _foreign_goals(picture: Picture) -> Iterator[Goal]:
    cards = {r.imsi for r in picture.registrations if r.is_current}
    cards |= {s.imsi for s in picture.gx if s.is_open}
    for imsi in sorted(cards - {picture.imsi}):
        yield Goal(effect=Effect.STOP, cause="card.left", imsi=imsi, profile=None)


def _is_due(picture: Picture, goal: Goal) -> bool:
    """Not where the card already has what is wanted, or is on its way to it."""
    if goal.profile is None:
        return not any(_is_at_it(push, goal, picture) for push in picture.pushes)
    places = find_places(picture, goal)
    # A charging session knows of units only.
    is_about_units = goal.effect in (Effect.STOP, Effect.REFILL)
    is_behind = bool(places.registrations or places.gx or (is_about_units and places.gy))
    if picture.enforced is None:
        return is_behind
    return is_behind or goal.effect is Effect.STOP or not _is_present(picture)


def _is_at_it(push: PushRow, goal: Goal, picture: Picture) -> bool:
    """A push on its way to the same end; one for a session that is over only waits for its end."""
    if push.imsi != goal.imsi or push.effect != goal.effect:
        return False
    charging = {session.session_id for session in picture.gy if session.is_open}
    policy = {session.session_id for session in picture.gx if session.is_open}
    return push.session_id is None or push.session_id in policy | charging


def _is_present(picture: Picture) -> bool:
    return any(r.is_current for r in picture.registrations) or any(s.is_open for s in picture.gx)
