"""Restrictions of a sub-service: named profiles, each with its reason, lifted singly; addresses.

They stack beside the suspensions, and the line stays on.
"""

from collections.abc import Sequence
from uuid import UUID

from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import events, lines
from wispgate.business.subscriptions.errors import ReasonNotThere
from wispgate.business.subscriptions.laid import Laid, parse_addresses, restrictions_of
from wispgate.business.subscriptions.lifecycle import SubscriptionState
from wispgate.business.subscriptions.models import Suspension
from wispgate.business.subscriptions.work import Work, working_on
from wispgate.domain.plan.speed import Speed
from wispgate.domain.policy.restrictions import RestrictionName
from wispgate.kernel.errors import IllegalTransition, InvalidValue


def restrict(
    subscription_id: UUID,
    *,
    profile: str,
    reason: str,
    note: str = "",
    speed: Speed | None = None,
    walled_garden_url: str = "",
) -> None:
    """Lays a restriction upon a line. The same profile for the same reason twice is refused."""
    _require_choice("profile", profile, list(RestrictionName))
    _require_choice("reason", reason, Suspension.Reason.values)
    laid = Laid(
        profile=RestrictionName(profile), reason=reason, note=note[:200],
        since=scopes.current().now, speed_up_bps=speed.up_bps if speed else None,
        speed_down_bps=speed.down_bps if speed else None,
        walled_garden_url=walled_garden_url,
    )  # fmt: skip
    laid.fact()
    with working_on(subscription_id, "subscription.suspend") as work:
        _refuse_terminated(work, "be restricted")
        there = restrictions_of(work.subscription)
        if any((one.profile, one.reason) == (profile, reason) for one in there):
            raise IllegalTransition(
                "sub-service", state=f"{profile} for {reason}", action="restrict that way again"
            )
        _write(work, [*there, laid])
        work.publish(events.SubscriptionRestricted, profile=profile, reason=reason)


def unrestrict(subscription_id: UUID, *, profile: str, reason: str) -> None:
    """Lifts one restriction; those that are on beside it go on to hold."""
    with working_on(subscription_id, "subscription.resume") as work:
        there = restrictions_of(work.subscription)
        kept = [one for one in there if (one.profile, one.reason) != (profile, reason)]
        if len(kept) == len(there):
            raise ReasonNotThere(f"it is not {profile} for {reason}", reason=reason)
        _write(work, kept)
        remaining = tuple(one.profile.value for one in kept)
        work.publish(
            events.SubscriptionUnrestricted, profile=profile, reason=reason, remaining=remaining
        )


def set_static_addresses(subscription_id: UUID, *, addresses: dict[str, str]) -> None:
    """The address that the line always gets in an APN, by APN; none of them lets the gateway choose.

    The plan has to allow it, or the network hears nothing of it.
    """
    wanted = {apn: str(address) for apn, address in parse_addresses(addresses).items()}
    with working_on(subscription_id, "subscription.device") as work:
        _refuse_terminated(work, "get addresses")
        if work.subscription.static_addresses != wanted:
            work.subscription.static_addresses = wanted
            lines.rewrite(work.subscription, work.account)


def _write(work: Work, laid: Sequence[Laid]) -> None:
    work.subscription.restrictions = [one.as_row() for one in laid]
    lines.rewrite(work.subscription, work.account)


def _refuse_terminated(work: Work, action: str) -> None:
    if work.state is SubscriptionState.TERMINATED:
        raise IllegalTransition("sub-service", state=work.state, action=action)


def _require_choice(field: str, value: str, choices: Sequence[str]) -> None:
    if value not in choices:
        raise InvalidValue(f"not one of {', '.join(choices)}: {value!r}", field=field)
