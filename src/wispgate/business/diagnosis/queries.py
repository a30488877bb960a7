"""Lists for programs: registrations and the authentication log, as far as the scope sees them."""

from collections.abc import Sequence

from django.db.models import Q

from wispgate.business.hotplane.models import AccessLog, EveryRegistration

_NODES = ("mme", "sgsn")


def list_registrations(
    *, mme_host: str = "", imsi: str = "", after: str = "", limit: int
) -> Sequence[EveryRegistration]:
    """By IMSI, of one the MME's before the SGSN's; `after` is the place of the last one before."""
    last, node = after[:-1], after[-1:]
    rows = EveryRegistration.objects.filter(
        Q(imsi__gt=last) | Q(imsi=last, node__gt=_NODES[int(node or 0)])
    )
    if mme_host:
        rows = rows.filter(mme_host=mme_host)
    if imsi:
        rows = rows.filter(imsi=imsi)
    return list(rows.order_by("imsi", "node")[:limit])


def place_of(registration: EveryRegistration) -> str:
    """Where it stands in the list, as digits."""
    return f"{registration.imsi}{_NODES.index(registration.node)}"


def list_access(*, imsi: str = "", offset: int = 0, limit: int) -> Sequence[AccessLog]:
    """The newest first. Entries move up while one pages: a phone that tries again comes first."""
    rows = AccessLog.objects.all()
    if imsi:
        rows = rows.filter(imsi=imsi)
    ordered = rows.order_by(
        "-last_at", "imsi", "procedure", "result", "peer", "visited_plmn", "apn"
    )
    return list(ordered[offset : offset + limit])
