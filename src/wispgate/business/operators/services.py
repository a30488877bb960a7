"""Creating operators, cores and peers. All need the platform's scope."""

import re
from collections.abc import Sequence
from ipaddress import ip_network
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.operators import ids, queries, tenants
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.errors import (
    CoreExists,
    ImsiRangeTaken,
    OperatorExists,
    PeerExists,
)
from wispgate.business.operators.models import Core, CoreService, Operator, Peer
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.plmn import Plmn

# The names by which the command line and the API know Diameter applications.
APPLICATIONS = ("s6a", "s13", "gx", "gy", "rx", "sy", "rf")
PROFILES = ("generic3gpp", "open5gs")
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


def add_core(*, name: str, plmns: Sequence[Plmn], unknown_imsi: str = "unknown") -> UUID:
    """A network. Its first PLMN is the home network that its realm is named after."""
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
        created_at=now,
    )
    core.save(force_insert=True)
    return core.id


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


def add_peer(
    *, core: str, identity: str, addresses: Sequence[str], applications: Sequence[str],
    realm: str, profile: str = "generic3gpp",
) -> UUID:  # fmt: skip
    """Allows a Diameter node to connect for a core from given addresses or networks."""
    if profile not in PROFILES:
        raise InvalidValue(f"no such profile: {profile!r}", field="profile", known=PROFILES)
    wanted = _applications(applications)
    networks = [_network(address) for address in addresses]
    if not networks:
        raise InvalidValue("a peer has at least one address", field="addresses")
    identity = identity.lower()
    _refuse_lookalike(identity, networks)
    now = scopes.current().now
    peer = Peer(
        id=ids.new_id(now),
        core=queries.get_core(core),
        identity=identity,
        realm=realm.lower(),
        addresses=networks,
        applications=wanted,
        profile=profile,
        created_at=now,
    )
    peer.save(force_insert=True)
    return peer.id


def _applications(names: Sequence[str]) -> list[str]:
    wanted = [name.strip().lower() for name in names]
    unknown = [name for name in wanted if name not in APPLICATIONS]
    if unknown or not wanted:
        raise InvalidValue(
            f"no such application: {', '.join(unknown) or 'none given'}; "
            f"there are {', '.join(APPLICATIONS)}",
            field="applications",
        )
    return wanted


def _network(address: str) -> str:
    try:
        return str(ip_network(address.strip()))
    except ValueError:
        raise InvalidValue(f"not an address or a network: {address!r}", field="addresses") from None


def _refuse_lookalike(identity: str, networks: Sequence[str]) -> None:
    """A connection's core is its peer's: identity and address together must name one peer."""
    mine = [ip_network(network) for network in networks]
    for other in Peer.objects.filter(identity=identity):
        theirs = [ip_network(network) for network in other.addresses]
        if any(a.version == b.version and a.overlaps(b) for a in mine for b in theirs):
            raise PeerExists(
                f"{identity} is a peer already at {', '.join(other.addresses)}", identity=identity
            )
