"""/plans: what can be bought."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from wispgate.business.catalogue import queries, services
from wispgate.business.catalogue.definition import AtExhaustion, PlanDefinition, RadioTechnology
from wispgate.business.catalogue.lifecycle import PlanState
from wispgate.domain.plan.compiled import PdnType
from wispgate.kernel.errors import InvalidValue
from wispgate.web.api.door import BearerToken
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["plans"])

CodeText = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
ZoneText = Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
ApnText = Annotated[str, Field(pattern=r"^(\*|[a-z0-9][a-z0-9.-]{0,99})$")]
Bps = Annotated[int, Field(ge=1, le=10**12)]
PriceText = Annotated[str, Field(pattern=r"^[0-9]{1,13}(\.[0-9]{1,6})?$", examples=["10.00"])]


_LISTS = ("apns", "zero_rated_groups", "roaming_zones", "barred_rats")


class PlanTerms(Schema):
    """Octets, bit/s, days and seconds; `data_octets` null is unlimited.

    `roaming_zones` empty: roaming is allowed anywhere, or nowhere by `is_roaming_allowed`.
    """

    speed_up_bps: Bps
    speed_down_bps: Bps
    data_octets: Annotated[int, Field(ge=1, le=10**15)] | None = None
    validity_days: Annotated[int, Field(ge=1, le=3660)] = 30
    apns: Annotated[
        list[ApnText],
        Field(min_length=1, max_length=20, default_factory=lambda: ["internet"]),
    ]
    qci: Annotated[int, Field(ge=1, le=254)] = 9
    arp_level: Annotated[int, Field(ge=1, le=15)] = 9
    at_exhaustion: AtExhaustion = AtExhaustion.BLOCK
    throttled_up_bps: Bps | None = None
    throttled_down_bps: Bps | None = None
    zero_rated_groups: Annotated[
        list[Annotated[int, Field(ge=0, le=2**32 - 1)]],
        Field(max_length=100, default_factory=list),
    ]
    slice_octets: Annotated[int, Field(ge=1, le=2**31)] = 50_000_000
    validity_time_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3600
    is_roaming_allowed: bool = True
    roaming_zones: Annotated[list[ZoneText], Field(max_length=50, default_factory=list)]
    barred_rats: Annotated[list[RadioTechnology], Field(max_length=4, default_factory=list)]
    pdn_type: PdnType = PdnType.IPV4
    has_static_addresses: bool = False


class NewPlan(Closed, PlanTerms):
    code: CodeText
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    price: PriceText = "0"


class PlanOut(Schema):
    """One version of a plan."""

    id: UUID
    code: str
    version: int
    name: str
    state: PlanState
    price: str
    currency: str
    terms: PlanTerms

    @staticmethod
    def show(version: Any) -> "PlanOut":
        definition = queries.definition_of(version)
        terms = {name: getattr(definition, name) for name in PlanTerms.model_fields}
        lists = {name: list(terms[name]) for name in _LISTS}
        return PlanOut(
            id=version.plan_id,
            code=version.plan.code,
            version=version.version,
            name=version.name,
            state=PlanState(version.state),
            price=f"{version.price:f}",
            currency=version.currency,
            terms=PlanTerms(**(terms | lists)),
        )


class PlanList(Schema):
    items: list[PlanOut]


@router.post("", auth=BearerToken("plan.draft"), response={201: PlanOut})
def draft_plan(request: HttpRequest, body: NewPlan) -> PlanOut:
    """A new plan as a draft, or the next version of the one with that code."""
    given = body.dict()
    code, name, price = given.pop("code"), given.pop("name"), Decimal(given.pop("price"))
    given |= {name: tuple(given[name]) for name in _LISTS}
    definition = PlanDefinition(**given)
    return PlanOut.show(
        services.draft_plan(code=code, name=name, price=price, definition=definition)
    )


@router.get("", auth=BearerToken("plan.read"), response=PlanList)
def list_plans(request: HttpRequest, state: PlanState | None = None) -> dict[str, Any]:
    """All versions, the newest of a plan first."""
    return {"items": [PlanOut.show(v) for v in queries.list_plans(state=state or "")]}


@router.get("/{code}", auth=BearerToken("plan.read"), response=PlanOut)
def get_plan(request: HttpRequest, code: str) -> PlanOut:
    """The version on sale, else the newest."""
    return PlanOut.show(queries.get_plan(_plain(code)))


@router.post("/{code}/launch", auth=BearerToken("plan.launch"), response=PlanOut)
def launch_plan(request: HttpRequest, code: str) -> PlanOut:
    """Puts the newest draft on sale; the version sold until now is retired."""
    services.launch(_plain(code))
    return PlanOut.show(queries.get_plan(code))


@router.post("/{code}/retire", auth=BearerToken("plan.retire"), response=PlanOut)
def retire_plan(request: HttpRequest, code: str) -> PlanOut:
    """Ends the selling; who has the plan keeps it."""
    services.retire(_plain(code))
    return PlanOut.show(queries.get_plan(code))


def _plain(code: str) -> str:
    """PostgreSQL's text has no NUL."""
    if "\x00" in code:
        raise InvalidValue("not a plan's code", field="code")
    return code
