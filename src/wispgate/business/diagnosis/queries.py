"""Lists for programs: registrations and the authentication log, as far as the scope sees them."""

from collections.abc import Sequence

from wispgate.business.hotplane.models import AccessLog, EveryRegistration


def list_registrations(
    *, mme_host: str = "", imsi: str = "", after: str = "", limit: int
) -> Sequence[EveryRegistration]:
    """By IMSI; `after` is the last one of the page before."""
    rows = EveryRegistration.objects.filter(imsi__gt=after)
    if mme_host:
        rows = rows.filter(mme_host=mme_host)
    if imsi:
        rows = rows.filter(imsi=imsi)
    return list(rows.order_by("imsi")[:limit])


def list_access(*, imsi: str = "", offset: int = 0, limit: int) -> Sequence[AccessLog]:
    """The newest first. Entries move up while one pages: a phone that tries again comes first."""
    rows = AccessLog.objects.all()
    if imsi:
        rows = rows.filter(imsi=imsi)
    ordered = rows.order_by(
        "-last_at", "imsi", "procedure", "result", "peer", "visited_plmn", "apn"
    )
    return list(ordered[offset : offset + limit])
