"""Creating operators, cores and peers. All need the platform's scope."""

import re
from collections.abc import Sequence
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.operators import ids, queries, tenants
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.errors import (
    CoreExists,
    ImsiRangeTaken,
    OperatorExists,
)
from wispgate.business.operators.models import Core, CoreService, Operator
from wispgate.business.operators.peering import (
    APPLICATIONS,
    PROFILES,
    TRANSPORTS,
    Link,
    add_peer,
    change_peer,
    check_name,
    remove_peer,
)
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn

__all__ = [
    "APPLICATIONS", "PROFILES", "TRANSPORTS", "Link", "add_core", "add_peer", "change_core",
    "change_peer", "create_operator", "move_imsis", "remove_peer", "serve_operator",
]  # fmt: skip

_SLUG = re.compile("[a-z0-9][a-z0-9-]{0,39}")


def create_operator(
    *, slug: str, name: str, currency: str, time_zone: str, kind: str = "mno", host: str = ""
) -> UUID:
    """A new tenant; an MVNO may name its host (by slug). Raises HostNotAllowed."""
    tenants.require_time_zone(time_zone)
    tenants.require_currency(currency)
    if kind not in Operator.Kind.values:
        raise InvalidValue(f"a kind is one of {', '.join(Operator.Kind.values)}", field="kind")
    if not _SLUG.fullmatch(slug):
        raise InvalidValue("a slug is 1 to 40 small letters, digits and hyphens", field="slug")
    if Operator.objects.filter(slug=slug).exists():
        raise OperatorExists(f"there is an operator {slug} already", slug=slug)
    now = scopes.current().now
    operator = Operator(
        id=ids.new_id(now),
        slug=slug,
        name=name,
        kind=kind,
        host=queries.get_operator(host) if host else None,
        currency=currency,
        time_zone=time_zone,
        created_at=now,
    )
    tenants.save_with_host(operator, is_new=True)
    return operator.id


def add_core(
    *, name: str, plmns: Sequence[Plmn], unknown_imsi: str = "unknown", origin_host: str = "",
    origin_realm: str = "",
) -> UUID:  # fmt: skip
    """A network. Its first PLMN is the home network that its realm is named after.

    `origin_host` and `origin_realm` are who we are towards its peers, if not the node's own names.
    """
    _check_origin(origin_host, origin_realm)
    if not plmns:
        raise InvalidValue("a core has at least one PLMN", field="plmns")
    if Core.objects.filter(name=name).exists():
        raise CoreExists(f"there is a core {name} already", name=name)
    now = scopes.current().now
    core = Core(
        id=ids.new_id(now),
        name=name,
        plmns=[str(plmn) for plmn in plmns],
        unknown_imsi=unknown_imsi,
        origin_host=origin_host.lower(),
        origin_realm=origin_realm.lower(),
        created_at=now,
    )
    core.save(force_insert=True)
    return core.id


def change_core(name: str, *, origin_host: str, origin_realm: str) -> None:
    """Who we are towards a core's peers; both empty for the node's own names."""
    _check_origin(origin_host, origin_realm)
    core = queries.get_core(name)
    core.origin_host, core.origin_realm = origin_host.lower(), origin_realm.lower()
    core.save(update_fields=["origin_host", "origin_realm"])


def _check_origin(host: str, realm: str) -> None:
    if bool(host) != bool(realm):
        missing = "origin_realm" if host else "origin_host"
        raise InvalidValue("an identity has both a host and a realm", field=missing)
    for field, name in (("origin_host", host), ("origin_realm", realm)):
        if name:
            check_name(name, field)


def serve_operator(
    *, core: str, operator: str, first_imsi: str = "0" * 15, last_imsi: str = "9" * 15
) -> UUID:
    """Gives a core's IMSI range to an operator. Raises ImsiRangeTaken where ranges overlap."""
    for field, value in (("first_imsi", first_imsi), ("last_imsi", last_imsi)):
        if not (value.isascii() and value.isdigit() and len(value) == 15):
            raise InvalidValue("the ends of an IMSI range have 15 digits", field=field)
    now = scopes.current().now
    service = CoreService(
        id=ids.new_id(now),
        core=queries.get_core(core),
        operator=queries.get_operator(operator),
        first_imsi=first_imsi,
        last_imsi=last_imsi,
    )
    try:
        with transaction.atomic():
            service.save(force_insert=True)
    except IntegrityError as error:
        if "coreservice_ranges_do_not_overlap" in str(error):
            raise ImsiRangeTaken(
                f"{first_imsi} to {last_imsi} overlaps a range of {core}"
            ) from None
        raise
    return service.id


def move_imsis(*, core_id: UUID, first: str, last: str, source: UUID, target: UUID) -> None:
    """Gives to another operator what is the first one's of a core's IMSIs from first to last."""
    start, end = int(first.ljust(15, "0")), int(last.ljust(15, "0"))
    mine = CoreService.objects.select_for_update().filter(
        core_id=core_id,
        operator_id=source,
        first_imsi__lte=_imsi(end),
        last_imsi__gte=_imsi(start),
    )
    for service in list(mine.order_by("first_imsi")):
        low, high = int(service.first_imsi), int(service.last_imsi)
        # The whole goes first: its parts may not overlap it for a moment.
        service.delete()
        if low < start:
            _serve(core_id, source, low, start - 1)
        if high > end:
            _serve(core_id, source, end + 1, high)
        _serve(core_id, target, max(low, start), min(high, end))
    _join_services(core_id, target)


def _serve(core_id: UUID, operator_id: UUID, low: int, high: int) -> None:
    CoreService.objects.create(
        id=ids.new_id(scopes.current().now),
        core_id=core_id,
        operator_id=operator_id,
        first_imsi=_imsi(low),
        last_imsi=_imsi(high),
    )


def _join_services(core_id: UUID, operator_id: UUID) -> None:
    """Makes one range of two that touch."""
    previous: CoreService | None = None
    mine = CoreService.objects.filter(core_id=core_id, operator_id=operator_id)
    for service in list(mine.order_by("first_imsi")):
        if previous is not None and int(previous.last_imsi) + 1 == int(service.first_imsi):
            last = service.last_imsi
            service.delete()
            previous.last_imsi = last
            previous.save()
        else:
            previous = service


def _imsi(value: int) -> str:
    return f"{value:015d}"
