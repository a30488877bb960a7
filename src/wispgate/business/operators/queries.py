"""Reading operators, cores and peers, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from wispgate.business.operators import scope as scopes
from wispgate.business.operators.models import (
    Brand,
    Core,
    CoreService,
    Domain,
    NumberingSeries,
    Operator,
    OperatorSuspension,
    PaymentGateway,
    Peer,
    RoamingZone,
    TaxRate,
)
from wispgate.kernel.errors import NotFound
from wispgate.kernel.identifiers import Imsi


def get_operator(slug: str) -> Operator:
    try:
        return Operator.objects.get(slug=slug)
    except Operator.DoesNotExist:
        raise NotFound("operator", slug) from None


def get_operator_by_id(operator_id: UUID) -> Operator:
    try:
        return Operator.objects.get(id=operator_id)
    except Operator.DoesNotExist:
        raise NotFound("operator", operator_id) from None


def list_operators() -> Sequence[Operator]:
    return list(Operator.objects.all())


def list_mvnos(host_id: UUID) -> Sequence[Operator]:
    """Those that hang under an operator, as far as the scope sees them: the platform's does."""
    return list(Operator.objects.filter(host_id=host_id))


def find_host_slug(operator: Operator) -> str | None:
    """Whom an MVNO hangs under, which it may know; nothing else of that operator's row."""
    if operator.host_id is None:
        return None
    with scopes.within(scopes.Scope(now=scopes.current().now, operator_id=operator.host_id)):
        return Operator.objects.values_list("slug", flat=True).get(id=operator.host_id)


def suspension_reasons(operator_id: UUID) -> Sequence[str]:
    """Why a tenant is off, oldest first; none where it is on."""
    found = OperatorSuspension.objects.filter(operator_id=operator_id)
    return list(found.values_list("reason", flat=True))


def list_suspensions(operator_id: UUID) -> Sequence[OperatorSuspension]:
    """The reasons with their notes, oldest first."""
    return list(OperatorSuspension.objects.filter(operator_id=operator_id))


def is_suspended(operator_id: UUID, *, now: datetime) -> bool:
    """Whether a tenant is off, asked in a scope of its own: at a login nothing else is seen."""
    with scopes.within(scopes.Scope(now=now, operator_id=operator_id)):
        return OperatorSuspension.objects.filter(operator_id=operator_id).exists()


def find_operator_of_domain(name: str, *, now: datetime) -> UUID | None:
    """Whose pages are asked for by a host name, asked before anybody is known."""
    with scopes.within(scopes.Scope(now=now, login=name.lower())):
        found = Domain.objects.filter(name=name.lower())
        return found.values_list("operator_id", flat=True).first()


def find_brand(operator_id: UUID) -> Brand | None:
    """Without its logo, which is asked for by itself."""
    return Brand.objects.defer("logo").filter(operator_id=operator_id).first()


def find_logo(operator_id: UUID) -> tuple[bytes, str] | None:
    """The picture and its media type."""
    brand = Brand.objects.filter(operator_id=operator_id, logo__isnull=False).first()
    return (bytes(brand.logo or b""), brand.logo_type) if brand else None


def list_domains(operator_id: UUID) -> Sequence[Domain]:
    return list(Domain.objects.filter(operator_id=operator_id))


def list_tax_rates(operator_id: UUID) -> Sequence[TaxRate]:
    """By name and first day."""
    return list(TaxRate.objects.filter(operator_id=operator_id))


def find_tax_rate(operator_id: UUID, code: str, *, on: date) -> TaxRate | None:
    """The rate of a tax that holds on a day."""
    holding = TaxRate.objects.filter(operator_id=operator_id, code=code, valid_from__lte=on)
    return holding.filter(Q(valid_until__isnull=True) | Q(valid_until__gt=on)).first()


def list_series(operator_id: UUID) -> Sequence[NumberingSeries]:
    return list(NumberingSeries.objects.filter(operator_id=operator_id))


def list_roaming_zones(operator_id: UUID) -> Sequence[RoamingZone]:
    return list(RoamingZone.objects.filter(operator_id=operator_id))


def list_gateways(operator_id: UUID) -> Sequence[PaymentGateway]:
    """What is sealed is not loaded."""
    found = PaymentGateway.objects.filter(operator_id=operator_id)
    return list(found.defer("sealed_credentials"))


def list_core_services(operator_id: UUID) -> Sequence[CoreService]:
    found = CoreService.objects.filter(operator_id=operator_id).select_related("core")
    return list(found.order_by("core__name", "first_imsi"))


def get_core(name: str) -> Core:
    try:
        return Core.objects.get(name=name)
    except Core.DoesNotExist:
        raise NotFound("core", name) from None


def list_cores() -> Sequence[Core]:
    """By name, as far as the scope sees them."""
    return list(Core.objects.order_by("name"))


def list_operators_for(core_id: UUID, imsi: Imsi) -> Sequence[Operator]:
    """Whose ranges in a core hold the IMSI, as far as the scope sees them."""
    padded = imsi.digits.ljust(15, "0")
    services = CoreService.objects.filter(
        core_id=core_id, first_imsi__lte=padded, last_imsi__gte=padded
    )
    return list(Operator.objects.filter(id__in=services.values("operator_id")).order_by("slug"))


def get_core_by_id(core_id: UUID) -> Core:
    try:
        return Core.objects.get(id=core_id)
    except Core.DoesNotExist:
        raise NotFound("core", core_id) from None


@dataclass(frozen=True, slots=True)
class ImsiRange:
    """A range of a core's IMSIs, inclusive; its ends have 15 digits."""

    core_id: UUID
    first: str
    last: str

    def holds(self, imsi: Imsi) -> bool:
        return self.first <= imsi.digits.ljust(15, "0") <= self.last


def list_imsi_ranges(operator_id: UUID) -> Sequence[ImsiRange]:
    """All ranges of an operator, in the order in which `find_core_for` looks."""
    services = CoreService.objects.filter(operator_id=operator_id).order_by("core__name")
    rows = services.values_list("core_id", "first_imsi", "last_imsi")
    return [ImsiRange(core_id, first, last) for core_id, first, last in rows]


def list_peers() -> Sequence[Peer]:
    """All that the scope sees; for one operator those of its cores, and of cores of nobody yet."""
    peers = Peer.objects.select_related("core")
    operator_id = scopes.current().operator_id
    if operator_id is not None:
        served = Q(core__services__operator_id=operator_id) | Q(core__services=None)
        peers = peers.filter(served).distinct()
    return list(peers)


def get_peer_by_id(peer_id: UUID) -> Peer:
    try:
        return Peer.objects.select_related("core").get(id=peer_id)
    except Peer.DoesNotExist:
        raise NotFound("peer", peer_id) from None


def get_peer(core: str, identity: str) -> Peer:
    try:
        return Peer.objects.select_related("core").get(
            core__name=core, identity=identity.strip().lower()
        )
    except Peer.DoesNotExist:
        raise NotFound("peer", f"{identity} of core {core}") from None


def find_core_for(imsi: Imsi, *, operator_id: UUID) -> Core | None:
    """The core whose range for this operator holds the IMSI."""
    padded = imsi.digits.ljust(15, "0")
    service = (
        CoreService.objects.filter(
            operator_id=operator_id, first_imsi__lte=padded, last_imsi__gte=padded
        )
        .select_related("core")
        .order_by("core__name")
        .first()
    )
    return service.core if service else None
