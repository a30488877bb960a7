"""After a SIM swap: what a thief would do next is refused for as many hours as the operator says.

Held back are another swap, another number or none, and the number's leaving for another network.
Cutting the line off, and letting it in again, are always possible.
"""

from datetime import timedelta

from wispgate.business.operators import ids, locks
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions.errors import SwapCoolOff
from wispgate.business.subscriptions.models import Subscription, SwapPolicy
from wispgate.kernel.errors import InvalidValue

# Two weeks: longer is no cool-off but a refusal.
MOST_HOURS = 14 * 24


def cool_off_hours() -> int:
    """0 where the operator holds nothing back."""
    policy = SwapPolicy.objects.first()
    return policy.cool_off_hours if policy else 0


def set_cool_off(hours: int) -> None:
    """From now on, for lines that were swapped already too."""
    if not 0 <= hours <= MOST_HOURS:
        raise InvalidValue(f"0 to {MOST_HOURS} hours", field="cool_off_hours")
    operator_id = scopes.current_operator_id()
    locks.hold(f"swap policy:{operator_id}")
    policy = SwapPolicy.objects.first() or SwapPolicy(
        id=ids.new_id(scopes.current().now), operator_id=operator_id
    )
    policy.cool_off_hours = hours
    policy.save()


def require_cooled_off(subscription: Subscription, act: str) -> None:
    """Raises SwapCoolOff, with when it is over."""
    if subscription.swapped_at is None:
        return
    until = subscription.swapped_at + timedelta(hours=cool_off_hours())
    if scopes.current().now < until:
        raise SwapCoolOff(
            f"the SIM was swapped lately: {act} is held back until {until:%Y-%m-%d %H:%M} UTC",
            until=until,
        )
