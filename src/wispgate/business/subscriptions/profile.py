"""From a sub-service to the network profile of its line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from wispgate.business.catalogue import queries as catalogue
from wispgate.business.subscriptions.laid import addresses_of, restrictions_of
from wispgate.business.subscriptions.models import Subscription, Suspension
from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.plan.compiled import CompiledPlan, Zone
from wispgate.domain.policy.facts import LineFacts, LineState
from wispgate.domain.policy.facts import Suspension as SuspensionFact
from wispgate.domain.policy.profile import NetworkProfile, compile_profile


def plan_of(subscription: Subscription, *, currency: str) -> CompiledPlan:
    """The plan that the sub-service holds; the basic one until it holds any."""
    if subscription.plan_id is None or subscription.plan_version is None:
        return basic_plan(currency=currency)
    return catalogue.get_bought_plan(subscription.plan_id, subscription.plan_version).compiled


def compile_for(  # noqa: PLR0913 (the facts of a line)
    subscription: Subscription,
    suspensions: Iterable[Suspension],
    *,
    currency: str,
    time_zone: str,
    plmns: Sequence[str],
    zones: Sequence[Zone] = (),
    operator_suspensions: Sequence[str] = (),
    now: datetime,
) -> NetworkProfile:
    """The line's profile of the version that the sub-service has now.

    While its operator is off, every line of it is refused, whatever its own reasons.
    """
    facts = LineFacts(
        state=LineState(subscription.state),
        plan=plan_of(subscription, currency=currency),
        time_zone=ZoneInfo(time_zone),
        suspensions=(
            *(
                SuspensionFact(one.reason, is_hard=one.kind == Suspension.Kind.HARD)
                for one in suspensions
            ),
            *(SuspensionFact(f"operator:{one}", is_hard=True) for one in operator_suspensions),
        ),
        home_plmns=tuple(plmn.replace("-", "") for plmn in plmns),
        zones=tuple(zones),
        restrictions=tuple(one.fact() for one in restrictions_of(subscription)),
        static_addresses=addresses_of(subscription),
        device_lock=tuple(subscription.device_lock),
    )
    return compile_profile(facts, now=now, version=subscription.profile_version)
