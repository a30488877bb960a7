"""/operators and /operator: tenants as the platform runs them, and what each sets for itself."""

import tempfile
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Annotated, Any
from uuid import UUID

from django.http import FileResponse, HttpRequest
from ninja import Path, Query, Router, Schema
from pydantic import Field

from wispgate.business.operators import queries, settings, tenants
from wispgate.business.operators import scope as scopes
from wispgate.business.operators import services as operators
from wispgate.business.operators.models import NumberingSeries, Operator, OperatorSuspension
from wispgate.business.subscriptions.services import SuspensionKind
from wispgate.business.tenants import queries as tenant_queries
from wispgate.business.tenants import services
from wispgate.business.tenants.models import TenantDeletion
from wispgate.web.api import bodies
from wispgate.web.api.door import BearerToken
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["operators"])

SlugPath = Path[Annotated[Text, Field(max_length=40, description="short name of an operator")]]
NamePath = Path[Annotated[Text, Field(max_length=253)]]

Kind = Operator.Kind
Reason = OperatorSuspension.Reason
SeriesKind = NumberingSeries.Kind
DeletionState = TenantDeletion.State
_ZIP: dict[str, Any] = {
    "responses": {
        200: {
            "description": "the archive",
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    }
}
_PICTURE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A PNG or JPEG picture of 256 KiB at most.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/png", "image/jpeg")
        },
    }
}


class OperatorOut(Schema):
    """`suspended_for`: the reasons for which it is off; none while it is on."""

    id: UUID
    slug: str
    name: str
    kind: Kind
    host: str | None
    currency: str
    time_zone: str
    languages: list[str]
    usual_suspension: SuspensionKind
    suspended_for: list[str]
    created_at: datetime

    @staticmethod
    def show(operator: Operator) -> "OperatorOut":
        return OperatorOut(
            id=operator.id,
            slug=operator.slug,
            name=operator.name,
            kind=Kind(operator.kind),
            # A host's own row is the platform's to see; an MVNO sees the name that it hangs under.
            host=queries.find_host_slug(operator),
            currency=operator.currency,
            time_zone=operator.time_zone,
            languages=operator.languages,
            usual_suspension=SuspensionKind(operator.usual_suspension),
            suspended_for=list(queries.suspension_reasons(operator.id)),
            created_at=operator.created_at,
        )


class NewOperator(Closed):
    slug: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    time_zone: Annotated[Text, Field(max_length=40)] = "UTC"
    kind: Kind = Kind.MNO
    host: Annotated[Text, Field(max_length=40)] = ""


class ChosenHost(Closed):
    host: Annotated[Text, Field(max_length=40, description="slug; empty for none")]


class NewReason(Closed):
    reason: Reason
    note: Annotated[Text, Field(max_length=200)] = ""


class LiftedReason(Closed):
    reason: Reason


class Deletion(Closed):
    """`typed_slug` is the operator's short name once more; `is_forced`: also while it is on and phones are online."""

    typed_slug: Annotated[Text, Field(max_length=40)]
    is_forced: bool = False
    reason: Annotated[Text, Field(max_length=200)] = ""


class DeletionOut(Schema):
    """`rows` and `tables`: what is gone so far. `failure` says why nothing more is done."""

    id: UUID
    slug: str
    name: str
    is_forced: bool
    state: DeletionState
    rows: int
    tables: dict[str, int]
    reason: str
    ordered_by: str
    ordered_at: datetime
    began_at: datetime | None
    ended_at: datetime | None
    failure: str


class DeletionPage(Schema):
    items: list[DeletionOut]
    next_cursor: str | None


@router.get(
    "/operators",
    auth=BearerToken("operator.read", needs_operator=False),
    response=list[OperatorOut],
)
def list_operators(request: HttpRequest) -> list[OperatorOut]:
    """The token's operator; all of them for a token of the platform."""
    return [OperatorOut.show(operator) for operator in queries.list_operators()]


@router.post(
    "/operators",
    auth=BearerToken("operator.create", needs_operator=False),
    response={201: OperatorOut},
)
def create_operator(request: HttpRequest, body: NewOperator) -> OperatorOut:
    """A new tenant. Only an MVNO has a host, which is an MNO or a private network."""
    operators.create_operator(**body.dict())
    return OperatorOut.show(queries.get_operator(body.slug))


@router.get(
    "/operators/{slug}",
    auth=BearerToken("operator.read", needs_operator=False),
    response=OperatorOut,
)
def get_operator(request: HttpRequest, slug: SlugPath) -> OperatorOut:
    return OperatorOut.show(queries.get_operator(slug))


@router.post(
    "/operators/{slug}/host",
    auth=BearerToken("operator.host", needs_operator=False),
    response=OperatorOut,
)
def set_operator_host(request: HttpRequest, slug: SlugPath, body: ChosenHost) -> OperatorOut:
    """Hangs an MVNO under a host, or under none."""
    tenants.set_host(slug, host=body.host)
    return OperatorOut.show(queries.get_operator(slug))


@router.post(
    "/operators/{slug}/suspend",
    auth=BearerToken("operator.suspend", needs_operator=False),
    response=OperatorOut,
)
def suspend_operator(request: HttpRequest, slug: SlugPath, body: NewReason) -> OperatorOut:
    """Adds a reason: while there is one its lines are refused, its staff and tokens locked out."""
    services.suspend(slug, reason=body.reason, note=body.note)
    return OperatorOut.show(queries.get_operator(slug))


@router.post(
    "/operators/{slug}/resume",
    auth=BearerToken("operator.resume", needs_operator=False),
    response=OperatorOut,
)
def resume_operator(request: HttpRequest, slug: SlugPath, body: LiftedReason) -> OperatorOut:
    """Lifts one reason; it is on again with the last one."""
    services.resume(slug, reason=body.reason)
    return OperatorOut.show(queries.get_operator(slug))


@router.get(
    "/operators/{slug}/archive",
    auth=BearerToken("operator.export", needs_operator=False),
    openapi_extra=_ZIP,
)
def export_operator(request: HttpRequest, slug: SlugPath) -> FileResponse:
    """Everything that it has, as one archive. SIM secrets stay sealed in it."""
    return archive_response(slug)


@router.post(
    "/operators/{slug}/delete",
    auth=BearerToken("operator.delete", needs_operator=False),
    response={202: DeletionOut},
)
def delete_operator(request: HttpRequest, slug: SlugPath, body: Deletion) -> DeletionOut:
    """Has the worker remove it with everything it has, for good. Only one that is suspended, and
    no phone of which is online, unless forced. Where that needs a second person, what is answered
    is the request for it.
    """
    with scopes.because(body.reason):
        made = services.begin_deletion(slug, typed_slug=body.typed_slug, is_forced=body.is_forced)
    return DeletionOut.from_orm(tenant_queries.get_deletion(made))


@router.get(
    "/operator-deletions",
    auth=BearerToken("operator.delete", needs_operator=False),
    response=DeletionPage,
)
def list_deletions(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """Operators that are being removed, or were: the newest first."""
    rows = tenant_queries.list_deletions(after=page.uuid_key(), limit=page.limit + 1)
    return page_of(rows, page, key=lambda row: row.id, show=DeletionOut.from_orm)


@router.get(
    "/operator-deletions/{deletion_id}",
    auth=BearerToken("operator.delete", needs_operator=False),
    response=DeletionOut,
)
def get_deletion(request: HttpRequest, deletion_id: UUID) -> DeletionOut:
    """How far it is."""
    return DeletionOut.from_orm(tenant_queries.get_deletion(deletion_id))


def archive_response(slug: str) -> FileResponse:
    """The archive as a download, from a file without a name that is gone when it was sent."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (the response closes it)
    services.export(slug, file)
    file.seek(0)
    response = FileResponse(file, content_type="application/zip", as_attachment=True)
    response["Content-Disposition"] = f'attachment; filename="{slug}.zip"'
    return response


class BrandOut(Schema):
    display_name: str
    legal_name: str
    postal_address: str
    tax_number: str
    main_colour: str
    accent_colour: str
    support_email: str
    support_phone: str
    support_url: str
    logo_type: str


class TaxRateOut(Schema):
    id: UUID
    code: str
    name: str
    percent: Decimal
    valid_from: date
    valid_until: date | None


class SeriesOut(Schema):
    kind: SeriesKind
    prefix: str
    digits: int
    first_number: int
    is_yearly: bool


class GatewayOut(Schema):
    """`credential_names`: what is sealed of it; the values are shown to nobody."""

    name: str
    kind: str
    settings: dict[str, str]
    credential_names: list[str]
    is_enabled: bool


class RoamingZoneOut(Schema):
    name: str
    networks: list[str]


class SettingsOut(Schema):
    operator: OperatorOut
    brand: BrandOut | None
    domains: list[str]
    tax_rates: list[TaxRateOut]
    series: list[SeriesOut]
    gateways: list[GatewayOut]
    roaming_zones: list[RoamingZoneOut]


class ChangedOperator(Closed):
    """What is left out stays. The currency can be changed until somebody has an account."""

    name: Annotated[Text, Field(min_length=1, max_length=120)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    time_zone: Annotated[Text, Field(max_length=40)] | None = None
    languages: Annotated[list[str], Field(min_length=1, max_length=20)] | None = None
    usual_suspension: SuspensionKind | None = None


class ChangedBrand(Closed):
    """What is left out stays. Colours are like #1f6feb."""

    display_name: Annotated[Text, Field(max_length=120)] | None = None
    legal_name: Annotated[Text, Field(max_length=160)] | None = None
    postal_address: Annotated[Text, Field(max_length=400)] | None = None
    tax_number: Annotated[Text, Field(max_length=40)] | None = None
    main_colour: Annotated[Text, Field(max_length=7)] | None = None
    accent_colour: Annotated[Text, Field(max_length=7)] | None = None
    support_email: Annotated[Text, Field(max_length=254)] | None = None
    support_phone: Annotated[Text, Field(max_length=40)] | None = None
    support_url: Annotated[Text, Field(max_length=200)] | None = None


class NewDomain(Closed):
    name: Annotated[Text, Field(max_length=253)]


class NewTaxRate(Closed):
    code: Annotated[Text, Field(max_length=40)]
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    percent: Annotated[Decimal, Field(ge=0, le=100, max_digits=7, decimal_places=4)]
    valid_from: date
    valid_until: date | None = None


class EndedTaxRate(Closed):
    valid_until: date


class NewSeries(Closed):
    kind: SeriesKind
    prefix: Annotated[Text, Field(max_length=20)] = ""
    digits: Annotated[int, Field(ge=1, le=12)] = 6
    first_number: Annotated[int, Field(ge=1, le=10**12)] = 1
    is_yearly: bool = True


class NewRoamingZone(Closed):
    """`networks` are MCCs (244) and networks (24405 or 244-05)."""

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_-]{0,39}$")]
    networks: Annotated[
        list[Annotated[str, Field(pattern="^[0-9]{3}(-?[0-9]{2,3})?$")]],
        Field(min_length=1, max_length=300),
    ]


class NewGateway(Closed):
    """`credentials` are sealed as they arrive; left out, those that are there stay."""

    name: Annotated[Text, Field(max_length=40)]
    kind: Annotated[Text, Field(max_length=40)]
    settings: Annotated[dict[str, Text], Field(max_length=20, default_factory=dict)]
    credentials: Annotated[dict[str, str], Field(max_length=20)] | None = None
    is_enabled: bool = True


@router.get("/operator", auth=BearerToken("operator.read"), response=SettingsOut)
def get_own_settings(request: HttpRequest) -> SettingsOut:
    """What the token's operator has set."""
    return _settings()


@router.post("/operator", auth=BearerToken("operator.update"), response=SettingsOut)
def change_own_settings(request: HttpRequest, body: ChangedOperator) -> SettingsOut:
    if body.name is not None:
        tenants.rename(name=body.name)
    if body.currency is not None:
        tenants.set_currency(body.currency)
    if body.languages is not None:
        settings.set_languages(body.languages)
    if body.usual_suspension is not None:
        settings.set_usual_suspension(body.usual_suspension)
    if body.time_zone is not None:
        services.set_time_zone(body.time_zone)
    return _settings()


@router.post("/operator/brand", auth=BearerToken("operator.update"), response=SettingsOut)
def change_brand(request: HttpRequest, body: ChangedBrand) -> SettingsOut:
    settings.set_brand(**body.dict(exclude_none=True))
    return _settings()


@router.post(
    "/operator/logo",
    auth=BearerToken("operator.update"),
    response=SettingsOut,
    openapi_extra=_PICTURE,
)
def set_logo(request: HttpRequest) -> SettingsOut:
    settings.set_logo(bodies.read_picture(request))
    return _settings()


@router.post("/operator/domains", auth=BearerToken("operator.update"), response=SettingsOut)
def add_domain(request: HttpRequest, body: NewDomain) -> SettingsOut:
    """A name under which the operator's pages are reached."""
    settings.add_domain(body.name)
    return _settings()


@router.post(
    "/operator/domains/{name}/remove", auth=BearerToken("operator.update"), response=SettingsOut
)
def remove_domain(request: HttpRequest, name: NamePath) -> SettingsOut:
    settings.remove_domain(name)
    return _settings()


@router.post("/operator/tax-rates", auth=BearerToken("operator.update"), response=SettingsOut)
def add_tax_rate(request: HttpRequest, body: NewTaxRate) -> SettingsOut:
    """A rate from a day on. Two of one code share no day."""
    settings.add_tax_rate(**body.dict())
    return _settings()


@router.post(
    "/operator/tax-rates/{rate_id}/end", auth=BearerToken("operator.update"), response=SettingsOut
)
def end_tax_rate(request: HttpRequest, rate_id: UUID, body: EndedTaxRate) -> SettingsOut:
    """The rate holds to that day, which is not its own any more."""
    settings.end_tax_rate(rate_id, valid_until=body.valid_until)
    return _settings()


@router.post("/operator/series", auth=BearerToken("operator.update"), response=SettingsOut)
def set_series(request: HttpRequest, body: NewSeries) -> SettingsOut:
    """How documents of a kind are numbered."""
    settings.set_series(**body.dict())
    return _settings()


@router.post("/operator/roaming-zones", auth=BearerToken("operator.update"), response=SettingsOut)
def put_roaming_zone(request: HttpRequest, body: NewRoamingZone) -> SettingsOut:
    """Defines a zone of visited networks, or changes it; lines whose plan names it follow."""
    services.put_roaming_zone(name=body.name, networks=body.networks)
    return _settings()


@router.post(
    "/operator/roaming-zones/{name}/remove",
    auth=BearerToken("operator.update"),
    response=SettingsOut,
)
def remove_roaming_zone(request: HttpRequest, name: NamePath) -> SettingsOut:
    """Plans that name it allow nothing by that any more."""
    services.remove_roaming_zone(name)
    return _settings()


@router.post("/operator/gateways", auth=BearerToken("operator.gateway"), response=SettingsOut)
def put_gateway(request: HttpRequest, body: NewGateway) -> SettingsOut:
    """Defines a payment gateway, or changes it."""
    settings.put_gateway(
        name=body.name,
        kind=body.kind,
        public=body.settings,
        credentials=body.credentials,
        is_enabled=body.is_enabled,
    )
    return _settings()


@router.post(
    "/operator/gateways/{name}/remove", auth=BearerToken("operator.gateway"), response=SettingsOut
)
def remove_gateway(request: HttpRequest, name: NamePath) -> SettingsOut:
    settings.remove_gateway(name)
    return _settings()


def _settings() -> SettingsOut:
    operator_id = scopes.current_operator_id()
    brand = queries.find_brand(operator_id)
    return SettingsOut(
        operator=OperatorOut.show(queries.get_operator_by_id(operator_id)),
        brand=BrandOut.from_orm(brand) if brand else None,
        domains=[domain.name for domain in queries.list_domains(operator_id)],
        tax_rates=_all(TaxRateOut, queries.list_tax_rates(operator_id)),
        series=_all(SeriesOut, queries.list_series(operator_id)),
        gateways=_all(GatewayOut, queries.list_gateways(operator_id)),
        roaming_zones=_all(RoamingZoneOut, queries.list_roaming_zones(operator_id)),
    )


def _all(kind: Any, rows: Sequence[Any]) -> list[Any]:
    return [kind.from_orm(row) for row in rows]
