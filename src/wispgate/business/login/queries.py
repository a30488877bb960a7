"""Reading logins, as far as the scope sees them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from wispgate.business.login.models import AuthenticatorApp, SecurityKey
from wispgate.business.login.services import attempts, sessions
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login.slowing import Subject


@dataclass(frozen=True, slots=True)
class Access:
    """How one member of staff comes in, and whether they can now."""

    member: StaffMember
    factors: int
    sessions: int
    waits_until: datetime | None
    failures: int


def list_access(operator_id: UUID | None) -> Sequence[Access]:
    """Everybody who may log in, by address."""
    people, now = staff.list_people(operator_id), scopes.current().now
    factors: Counter[UUID] = Counter()
    for model in (AuthenticatorApp, SecurityKey):
        factors.update(model.objects.values_list("member_id", flat=True))
    live = sessions.count_live()
    counts = attempts.find_counts(
        [(Subject.ACCOUNT, each.email) for each in people]
        + [(Subject.FACTOR, str(each.id)) for each in people]
    )
    found = []
    for each in people:
        mine = [counts[Subject.ACCOUNT, each.email], counts[Subject.FACTOR, str(each.id)]]
        longest = max(mine, key=lambda count: count.remaining(now))
        waits = bool(longest.remaining(now) > timedelta(0))
        found.append(
            Access(
                each,
                factors[each.id],
                live[each.id],
                longest.waits_until if waits else None,
                max(count.failures for count in mine),
            )
        )
    return found
