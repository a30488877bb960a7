"""Reading operators, cores and peers, as far as the scope sees them."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wispgate.business.operators.models import Core, CoreService, Operator, Peer
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


def get_core(name: str) -> Core:
    try:
        return Core.objects.get(name=name)
    except Core.DoesNotExist:
        raise NotFound("core", name) from None


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
    return list(Peer.objects.select_related("core"))


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
