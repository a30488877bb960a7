"""Reading allotments, exports, and of MVNOs what their host may see: the named views' columns."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import Operator, OperatorSuspension
from wispgate.business.tenants.models import Allotment, AllottedSim, TenantDeletion, TenantExport
from wispgate.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Mvno:
    """An MVNO as its host sees it. `lines` are those that are on."""

    operator_id: UUID
    slug: str
    name: str
    created_at: datetime
    is_suspended: bool
    sims: int
    sims_in_stock: int
    numbers: int
    numbers_in_use: int
    lines: int


# One row per MVNO whatever there is of it; each view is under the same wall.
_MVNOS: Final = """
SELECT m.operator_id, m.slug, m.name, m.created_at, m.is_suspended,
    coalesce((SELECT sum(sims) FROM host_mvno_sims s
              WHERE s.operator_id = m.operator_id AND state <> 'retired'), 0)::bigint,
    coalesce((SELECT sum(sims) FROM host_mvno_sims s
              WHERE s.operator_id = m.operator_id AND state = 'stock'), 0)::bigint,
    coalesce((SELECT sum(numbers) FROM host_mvno_numbers n
              WHERE n.operator_id = m.operator_id), 0)::bigint,
    coalesce((SELECT sum(numbers) FROM host_mvno_numbers_used n
              WHERE n.operator_id = m.operator_id), 0)::bigint,
    coalesce((SELECT sum(lines) FROM host_mvno_lines l
              WHERE l.operator_id = m.operator_id AND state = 'active'), 0)::bigint
FROM host_mvno m WHERE %(slug)s = '' OR m.slug = %(slug)s ORDER BY m.slug
"""


def list_mvnos() -> Sequence[Mvno]:
    """Those that hang under the scope's operator."""
    return [Mvno(*row) for row in _rows(_MVNOS, slug="")]


def get_mvno(slug: str) -> Mvno:
    """Raises NotFound too for an operator that hangs under somebody else."""
    found = [Mvno(*row) for row in _rows(_MVNOS, slug=slug)] if slug else []
    if not found:
        raise NotFound("MVNO", slug)
    return found[0]


@dataclass(frozen=True, slots=True)
class UsageOfDay:
    """What an MVNO's lines used on a UTC day: octets, seconds or messages as the plan counts.

    `paid_in` is the unit of what paid for it; for `money` the units are those that were priced.
    """

    day: date
    paid_in: str
    used_units: int


def list_usage(mvno: UUID, *, first: date, last: date) -> Sequence[UsageOfDay]:
    """What wholesale is settled by, from the first day to the last."""
    query = (
        "SELECT day, paid_in, used_units::bigint FROM host_mvno_usage "
        "WHERE operator_id = %(mvno)s AND day BETWEEN %(first)s AND %(last)s ORDER BY 1, 2"
    )
    return [UsageOfDay(*row) for row in _rows(query, mvno=mvno, first=first, last=last)]


def list_allotments(
    *, after: UUID | None = None, limit: int = 50, partner_id: UUID | None = None
) -> Sequence[Allotment]:
    """The newest first, of both sides: given and received."""
    found = Allotment.objects.order_by("-id")
    if after is not None:
        found = found.filter(id__lt=after)
    if partner_id is not None:
        found = found.filter(partner_id=partner_id)
    return list(found[:limit])


def get_allotment(allotment_id: UUID) -> Allotment:
    found = Allotment.objects.filter(id=allotment_id).first()
    if found is None:
        raise NotFound("allotment", allotment_id)
    return found


def count_in_stock_there(allotment_id: UUID) -> int:
    """How many of an allotment's cards the MVNO has not used: what can be taken back."""
    iccids = AllottedSim.objects.filter(allotment_id=allotment_id, returned_at__isnull=True)
    given = list(iccids.values_list("iccid", flat=True))
    query = (
        "SELECT count(*) FROM host_allotted_sim WHERE state = 'stock' AND iccid = ANY(%(given)s)"
    )
    return int(_rows(query, given=given)[0][0])


def last_export(operator_id: UUID) -> TenantExport | None:
    return TenantExport.objects.filter(operator_id=operator_id).first()


def list_deletions(*, after: UUID | None = None, limit: int = 50) -> Sequence[TenantDeletion]:
    """The newest first; `after` is the last id of the page before. The platform sees them."""
    found = TenantDeletion.objects.order_by("-id")
    return list((found.filter(id__lt=after) if after else found)[:limit])


def get_deletion(deletion_id: UUID) -> TenantDeletion:
    found = TenantDeletion.objects.filter(id=deletion_id).first()
    if found is None:
        raise NotFound("deletion", deletion_id)
    return found


def find_deletion_under_way(operator_id: UUID) -> TenantDeletion | None:
    state = TenantDeletion.State.QUEUED
    return TenantDeletion.objects.filter(tenant_id=operator_id, state=state).first()


def _rows(query: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant as the platform sees it: what it is, and how much of it there is."""

    operator: Operator
    host: str
    mvnos: Sequence[str]
    suspensions: Sequence[OperatorSuspension]
    cores: Sequence[str]
    lines: int
    lines_on: int
    sims: int
    sessions: int
    exported_at: datetime | None
    # While the worker takes it away.
    deletion: TenantDeletion | None = None

    @property
    def state(self) -> str:
        return "suspended" if self.suspensions else "active"


# In the scope of one tenant, whose rows alone are counted.
_COUNTS: Final = """
SELECT (SELECT count(*) FROM subscriptions_subscription WHERE state <> 'terminated'),
       (SELECT count(*) FROM subscriptions_subscription WHERE state = 'active'),
       (SELECT count(*) FROM inventory_sim WHERE state <> 'retired'),
       (SELECT count(*) FROM every_policy_session WHERE is_open)
"""


def list_tenants() -> Sequence[Tenant]:
    """Every operator that the scope sees, by its short name."""
    return [_describe(operator) for operator in operators.list_operators()]


def get_tenant(slug: str) -> Tenant:
    return _describe(operators.get_operator(slug))


def _describe(operator: Operator) -> Tenant:
    scope = replace(scopes.current(), operator_id=operator.id)
    with scopes.within(scope):
        lines, lines_on, sims, sessions = _rows(_COUNTS)[0]
        exported = last_export(operator.id)
        return Tenant(
            operator=operator,
            host=operators.find_host_slug(operator) or "",
            mvnos=[one.slug for one in operators.list_mvnos(operator.id)],
            suspensions=operators.list_suspensions(operator.id),
            cores=sorted({one.core.name for one in operators.list_core_services(operator.id)}),
            lines=lines,
            lines_on=lines_on,
            sims=sims,
            sessions=sessions,
            exported_at=exported.made_at if exported else None,
            deletion=find_deletion_under_way(operator.id),
        )
