"""What a line may do: authenticate, register, open a session.

The answers are of our own words; HSS, PCRF and OCS each have one table from `Refusal` to their
result codes. A fault of ours is never a refusal: "unknown" silences a phone until power cycle.
"""

from dataclasses import dataclass
from enum import StrEnum

from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.access import (
    NO_FEATURES,
    NodeFeatures,
    OperatorBar,
    find_unenforced_bar,
    is_among,
    is_home,
    is_home_country,
)
from wispgate.domain.policy.profile import ApnProfile, Barring, NetworkProfile


class Refusal(StrEnum):
    """Why the network is told no.

    UNKNOWN_SUBSCRIBER no such IMSI here. WITHDRAWN was here and is never to return.
    NO_PLAN known, but nothing to connect to. SUSPENDED may come back, not yet active too.
    RAT_NOT_ALLOWED, ROAMING_NOT_ALLOWED, APN_NOT_ALLOWED what, where and whereto.
    OPERATOR_BARRED by operator-determined barring, which the node there cannot enforce itself.
    DEVICE_NOT_ALLOWED the line is locked to other devices.
    OUT_OF_CREDIT the quota is used up and the plan blocks.
    """

    UNKNOWN_SUBSCRIBER = "unknown_subscriber"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    NO_PLAN = "no_plan"
    RAT_NOT_ALLOWED = "rat_not_allowed"
    ROAMING_NOT_ALLOWED = "roaming_not_allowed"
    APN_NOT_ALLOWED = "apn_not_allowed"
    OPERATOR_BARRED = "operator_barred"
    DEVICE_NOT_ALLOWED = "device_not_allowed"
    OUT_OF_CREDIT = "out_of_credit"


@dataclass(frozen=True, slots=True)
class Refused:
    """`bar` is the one that OPERATOR_BARRED stands for."""

    reason: Refusal
    bar: OperatorBar | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """The line may authenticate or register with this profile."""

    profile: NetworkProfile


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session may open, with this APN at this speed."""

    profile: NetworkProfile
    apn: ApnProfile
    speed: Speed


def decide_authentication(
    profile: NetworkProfile | None,
    *,
    visited_plmn: str,
    unknown_as: Refusal = Refusal.UNKNOWN_SUBSCRIBER,
) -> Allowed | Refused:
    """Whether vectors are given (TS 29.272 section 5.2.3.1): never to a suspended line.

    `profile` None: nobody has the IMSI. `unknown_as` is the core's setting: a private network
    may answer ROAMING_NOT_ALLOWED, which quiets stray phones.
    """
    refusal = _find_bar(profile, unknown_as)
    if profile is None or refusal is not None:
        return Refused(refusal or unknown_as)
    if not may_roam(profile, visited_plmn):
        return Refused(Refusal.ROAMING_NOT_ALLOWED)
    return Allowed(profile)


def decide_update_location(
    profile: NetworkProfile | None,
    *,
    visited_plmn: str,
    rat_type: int | None = None,
    device: str | None = None,
    features: NodeFeatures = NO_FEATURES,
    unknown_as: Refusal = Refusal.UNKNOWN_SUBSCRIBER,
) -> Allowed | Refused:
    """Whether the line may register here: subscription, APNs, radio technology, roaming, device.

    That order of checks is TS 29.272 section 5.2.1.1.3; the device, which is ours, comes last.
    `rat_type` is AVP 1032; `device` the 14 digits of an IMEI; None where the node did not tell.
    `features` are the node's.
    """
    refusal = _find_bar(profile, unknown_as)
    if profile is None or refusal is not None:
        return Refused(refusal or unknown_as)
    if rat_type is not None and rat_type in profile.barred_rats:
        return Refused(Refusal.RAT_NOT_ALLOWED)
    if not may_roam(profile, visited_plmn):
        return Refused(Refusal.ROAMING_NOT_ALLOWED)
    is_roaming = not is_home(visited_plmn, profile.home_plmns)
    bar = find_unenforced_bar(profile.operator_bars, features, is_roaming=is_roaming)
    if bar is not None:
        return Refused(Refusal.OPERATOR_BARRED, bar)
    if device is not None and profile.device_lock and device not in profile.device_lock:
        return Refused(Refusal.DEVICE_NOT_ALLOWED)
    return Allowed(profile)


def decide_admission(
    profile: NetworkProfile | None, *, apn: str, visited_plmn: str = ""
) -> Admitted | Refused:
    """Whether a session may open: the one decision that PCRF and OCS both take.

    One must never grant while the other refuses; so the exhausted flag counts here too, and the
    caller gives the profile under the row's own flag (`with_exhausted`).
    """
    if profile is None:
        return Refused(Refusal.UNKNOWN_SUBSCRIBER)
    refusal = _find_session_bar(profile)
    if refusal is not None:
        return Refused(refusal)
    refused = _find_place_bar(profile, visited_plmn)
    if refused is not None:
        return refused
    found = profile.find_apn(apn)
    if found is None:
        return Refused(Refusal.APN_NOT_ALLOWED)
    if profile.is_exhausted and profile.is_blocked_when_exhausted:
        return Refused(Refusal.OUT_OF_CREDIT)
    return Admitted(profile, found, profile.apn_speed(found))


def may_roam(profile: NetworkProfile, visited_plmn: str) -> bool:
    """Whether the network ("26201"; "" is not named) is home, or roaming there is allowed."""
    if is_home(visited_plmn, profile.home_plmns):
        return True
    bars = profile.operator_bars
    if not profile.is_roaming_allowed or OperatorBar.ROAMING_OUTSIDE_HPLMN in bars:
        return False
    is_abroad = not is_home_country(visited_plmn, profile.home_plmns)
    if is_abroad and OperatorBar.ROAMING_OUTSIDE_HPLMN_COUNTRY in bars:
        return False
    networks = profile.roaming_networks
    return networks is None or is_among(visited_plmn, networks)


def _find_place_bar(profile: NetworkProfile, visited_plmn: str) -> Refused | None:
    """A gateway that asks us is of the home network: what bars it to roamers holds here, too."""
    if not may_roam(profile, visited_plmn):
        return Refused(Refusal.ROAMING_NOT_ALLOWED)
    if profile.is_without_packets:
        return Refused(Refusal.OPERATOR_BARRED, OperatorBar.ALL_PACKET_SERVICES)
    bar = OperatorBar.ROAMER_ACCESS_HPLMN_AP
    is_roaming = not is_home(visited_plmn, profile.home_plmns)
    return (
        Refused(Refusal.OPERATOR_BARRED, bar)
        if is_roaming and bar in profile.operator_bars
        else None
    )


def _find_bar(profile: NetworkProfile | None, unknown_as: Refusal) -> Refusal | None:
    """What keeps the line from attaching at all."""
    if profile is None:
        return unknown_as
    match profile.barring:
        case Barring.WITHDRAWN:
            return Refusal.WITHDRAWN
        case Barring.NO_ATTACH:
            return Refusal.SUSPENDED
        case Barring.NONE | Barring.NO_SESSION:
            return None if profile.apns else Refusal.NO_PLAN


def _find_session_bar(profile: NetworkProfile) -> Refusal | None:
    match profile.barring:
        case Barring.WITHDRAWN:
            return Refusal.WITHDRAWN
        case Barring.NO_ATTACH | Barring.NO_SESSION:
            return Refusal.SUSPENDED
        case Barring.NONE:
            return None if profile.apns else Refusal.NO_PLAN
