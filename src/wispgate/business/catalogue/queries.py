"""Reading plans, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from wispgate.business.catalogue.definition import PlanDefinition
from wispgate.business.catalogue.errors import PlanNotForSale
from wispgate.business.catalogue.lifecycle import PlanState
from wispgate.business.catalogue.models import PlanVersion
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class BoughtPlan:
    """A plan's version as a sub-service holds it."""

    plan_id: UUID
    version: int
    code: str
    name: str
    price: Decimal
    currency: str
    compiled: CompiledPlan


def list_plans(*, state: str = "") -> Sequence[PlanVersion]:
    """All versions, the newest of a plan first."""
    versions = PlanVersion.objects.select_related("plan")
    return list(versions.filter(state=state) if state else versions)


def get_plan(code: str) -> PlanVersion:
    """The active version of a plan, else its newest. Raises NotFound."""
    versions = PlanVersion.objects.select_related("plan").filter(plan__code=code)
    newest = versions.order_by("-version").first()
    if newest is None:
        raise NotFound("plan", code)
    return versions.filter(state=PlanState.ACTIVE).first() or newest


def get_plan_for_sale(code: str) -> BoughtPlan:
    """The version to be bought now. Raises NotFound or PlanNotForSale."""
    version = get_plan(code)
    if version.state != PlanState.ACTIVE:
        raise PlanNotForSale(f"the plan {code} is {version.state}", code=code)
    return _bought(version)


def get_bought_plan(plan_id: UUID, version: int) -> BoughtPlan:
    """A version that somebody has. Raises NotFound."""
    found = (
        PlanVersion.objects.select_related("plan").filter(plan_id=plan_id, version=version).first()
    )
    if found is None:
        raise NotFound("plan", f"{plan_id} version {version}")
    return _bought(found)


def definition_of(version: PlanVersion) -> PlanDefinition:
    return PlanDefinition.decode(version.definition)


def _bought(version: PlanVersion) -> BoughtPlan:
    compiled = definition_of(version).compile(
        version.plan_id, version.version, name=version.name, currency=version.currency
    )
    return BoughtPlan(
        plan_id=version.plan_id,
        version=version.version,
        code=version.plan.code,
        name=version.name,
        price=version.price,
        currency=version.currency,
        compiled=compiled,
    )
