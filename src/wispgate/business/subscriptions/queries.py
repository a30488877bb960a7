"""Reading sub-services and their lines, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from wispgate.business.hotplane.models import EveryAuthentication, EveryLine, EveryRegistration
from wispgate.business.operators import hot
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions.models import Subscription, Suspension
from wispgate.kernel.errors import InvalidValue, NotFound
from wispgate.kernel.identifiers import Imsi


def get_subscription(subscription_id: UUID) -> Subscription:
    subscription = _complete().filter(id=subscription_id).first()
    if subscription is None:
        raise NotFound("sub-service", subscription_id)
    return subscription


def list_subscriptions(
    *,
    state: str = "",
    subscriber_id: UUID | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> Sequence[Subscription]:
    """The newest first; `after` is the last id of the page before."""
    found = _complete().order_by("-id")
    if state:
        found = found.filter(state=state)
    if subscriber_id is not None:
        found = found.filter(subscriber_id=subscriber_id)
    if after is not None:
        found = found.filter(id__lt=after)
    return list(found[:limit])


@dataclass(frozen=True, slots=True)
class LinePresence:
    """A line as the network sees it: what it knows, whether it can authenticate, where it is."""

    line: EveryLine
    authentication: EveryAuthentication | None
    registration: EveryRegistration | None


def get_line(key: str) -> LinePresence:
    """By the sub-service's id or by IMSI. Raises NotFound where the network knows no such line."""
    line = EveryLine.objects.filter(line_id=_line_id(key)).first()
    if line is None:
        raise NotFound("line", key)
    if line.imsi is None:
        return LinePresence(line, None, None)
    place = {"core_id": line.core_id, "imsi": line.imsi}
    return LinePresence(
        line,
        EveryAuthentication.objects.filter(**place).first(),
        EveryRegistration.objects.filter(**place).first(),
    )


def _line_id(key: str) -> UUID:
    try:
        return UUID(key)
    except ValueError:
        found = find_line_of(key)
    if found is None:
        raise NotFound("line", key)
    return found


def find_line_of(imsi: str) -> UUID | None:
    """The line that an IMSI points to, in whichever core of the operator's."""
    try:
        digits = Imsi(imsi).digits
    except InvalidValue:
        return None
    ranges = operators.list_imsi_ranges(scopes.current_operator_id())
    cores = sorted({one.core_id for one in ranges})
    rows = hot.run("find_identities", kind="imsi", core_ids=cores, values=[digits] * len(cores))
    return rows[0]["line_id"] if rows else None


def _complete() -> QuerySet[Subscription]:
    """With card and reasons, so that a page of them costs two queries."""
    reasons = Prefetch("suspensions", Suspension.objects.order_by("since", "id"))
    found = Subscription.objects.select_related("sim").prefetch_related(reasons)
    return found.defer("sim__sealed_key", "sim__sealed_codes", "sim__fingerprint")
