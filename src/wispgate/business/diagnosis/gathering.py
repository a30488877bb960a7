"""Reads all that is known of a peer's connection and of one phone, as far as the scope may see it.

Who was turned away belongs to no tenant; of those rows only what concerns the peer is taken, so
that an operator's staff learn why their own node does not come in.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, Final
from uuid import UUID

from wispgate.business.hotplane.models import (
    AccessLog,
    EveryAuthentication,
    EveryChargingSession,
    EveryLine,
    EveryPolicySession,
    EveryRegistration,
    PeerConnection,
    PeerStatistics,
    RefusedConnection,
)
from wispgate.business.inventory import queries as inventory
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.domain.authentication.sqn import RESYNCHRONISATION_PERIOD
from wispgate.domain.diagnosis.evidence import (
    Evidence,
    Knock,
    KnownPeer,
    Link,
    Listener,
    Outcome,
    Subscriber,
    Traffic,
)
from wispgate.kernel.identifiers import Imsi

# Names of the applications by their identifiers; 0 stands for all that the peer may not use.
APPLICATIONS: Final = {
    0: "other", 3: "rf", 4: "gy", 16777236: "rx", 16777238: "gx", 16777251: "s6a",
    16777252: "s13", 16777302: "sy",
}  # fmt: skip
_MOST_KNOCKS: Final = 200


def gather_peer(peer: Any, listeners: Sequence[Listener], *, imsi: Imsi | None = None) -> Evidence:
    """Of an allowed peer (a row of operators), and of a phone behind it where one is named."""
    known = known_peer(peer)
    links = _links(peer)
    core = peer.core
    return Evidence(
        now=scopes.current().now,
        identity=peer.identity,
        peer=known,
        plmns=tuple(core.plmns),
        listeners=tuple(listeners),
        knocks=_knocks_of(known),
        links=links,
        traffic=_traffic(peer, links),
        outcomes=_outcomes(core.id, imsi) if imsi else (),
        subscriber=_subscriber(core.id, imsi) if imsi else None,
    )


def gather_stranger(identity: str, listeners: Sequence[Listener]) -> Evidence:
    """Of a name that no peer has."""
    rows = [row for row in _refused() if row.identity.lower() == identity.lower()]
    return Evidence(
        now=scopes.current().now,
        identity=identity,
        peer=None,
        listeners=tuple(listeners),
        knocks=tuple(_knock(row) for row in rows),
    )


def gather_phone(core: Any, imsi: Imsi) -> Evidence:
    """Of a phone alone, in a core."""
    return Evidence(
        now=scopes.current().now,
        identity="",
        peer=None,
        plmns=tuple(core.plmns),
        outcomes=_outcomes(core.id, imsi),
        subscriber=_subscriber(core.id, imsi),
    )


def list_strangers() -> Sequence[str]:
    """Names under which somebody knocked in vain that no peer has, the newest first."""
    known = {peer.identity for peer in operators.list_peers()}
    names = [row.identity for row in _refused() if row.identity[:1] != "("]
    return [name for name in dict.fromkeys(names) if name.lower() not in known]


def known_peer(peer: Any) -> KnownPeer:
    return KnownPeer(
        identity=peer.identity,
        core=peer.core.name,
        realm=peer.realm,
        addresses=tuple(peer.addresses),
        applications=tuple(peer.applications),
        transport=peer.transport,
        connect_to=peer.connect_to,
        is_enabled=peer.is_enabled,
    )


# --- the connection -------------------------------------------------------------------------------


def _links(peer: Any) -> tuple[Link, ...]:
    now = scopes.current().now
    rows = PeerConnection.objects.filter(core_id=peer.core_id, identity=peer.identity)
    return tuple(
        Link(
            "silent" if row.state != "closed" and row.expires_at <= now else row.state,
            row.detail, row.remote_address, row.connected_at,
        )
        for row in rows.order_by("local_identity")
    )  # fmt: skip


def _traffic(peer: Any, links: Sequence[Link]) -> tuple[Traffic, ...]:
    """What came over the connections that are there now: older figures are left out."""
    since = min(
        (link.connected_at for link in links if link.state in ("open", "suspect")), default=None
    )
    if since is None:
        return ()
    rows = PeerStatistics.objects.filter(
        core_id=peer.core_id, identity=peer.identity, is_ours=False, updated_at__gte=since
    )
    return tuple(
        Traffic(
            APPLICATIONS.get(row.application_id, str(row.application_id)), row.requests, row.results
        )
        for row in rows.order_by("application_id")
    )


def _knocks_of(peer: KnownPeer) -> tuple[Knock, ...]:
    """Those of its name, and those from its addresses under a name that no other peer has."""
    others = {each.identity for each in operators.list_peers()} - {peer.identity}
    return tuple(
        _knock(row)
        for row in _refused()
        if row.identity.lower() == peer.identity
        or (row.identity.lower() not in others and _is_within(row.remote_address, peer.addresses))
    )


def _refused() -> Sequence[RefusedConnection]:
    with _as_platform():
        return list(RefusedConnection.objects.order_by("-last_at")[:_MOST_KNOCKS])


def _knock(row: RefusedConnection) -> Knock:
    return Knock(row.identity, row.remote_address, row.cause, row.reason, row.attempts, row.last_at)


def _is_within(address: str, places: Sequence[str]) -> bool:
    if not address:
        return False
    seen = ip_address(address.partition("%")[0])
    mapped = seen.ipv4_mapped if isinstance(seen, IPv6Address) else None
    return any((mapped or seen) in ip_network(place) for place in places)


# --- the phone ------------------------------------------------------------------------------------


def _outcomes(core_id: UUID, imsi: Imsi) -> tuple[Outcome, ...]:
    found: list[AccessLog] = []
    for scope in _scopes_of(core_id, imsi):
        with scopes.within(scope):
            found += AccessLog.objects.filter(core_id=core_id, imsi=imsi.digits)
    return tuple(
        Outcome(
            row.imsi, row.procedure, row.result, row.peer, row.visited_plmn, row.apn, row.times,
            row.last_at,
        )
        for row in sorted(found, key=lambda row: row.last_at)
    )  # fmt: skip


def _subscriber(core_id: UUID, imsi: Imsi) -> Subscriber:
    names = tuple(operator.name for operator in operators.list_operators_for(core_id, imsi))
    for scope in _scopes_of(core_id, imsi):
        with scopes.within(scope):
            found = _find_subscriber(core_id, imsi, names)
        if found is not None:
            return found
    return Subscriber(imsi=imsi.digits, operators=names)


def _find_subscriber(core_id: UUID, imsi: Imsi, names: tuple[str, ...]) -> Subscriber | None:
    line = EveryLine.objects.filter(core_id=core_id, imsi=imsi.digits).first()
    if line is not None:
        return _subscriber_of(line, imsi, names)
    sim = inventory.find_sim_by_imsi(core_id, imsi.digits)
    if sim is None:
        return None
    return Subscriber(imsi=imsi.digits, operators=names, sim=sim.state)


def _subscriber_of(line: EveryLine, imsi: Imsi, names: tuple[str, ...]) -> Subscriber:
    key = {"core_id": line.core_id, "imsi": imsi.digits}
    asked = EveryAuthentication.objects.filter(**key).first()
    place = EveryRegistration.objects.filter(**key).first()
    return Subscriber(
        imsi=imsi.digits,
        operators=names,
        sim="assigned",
        state=line.state,
        apns=tuple(apn["name"] for apn in line.profile.get("apns", ())),
        resynchronisations=_resynchronisations(asked),
        authenticated_at=asked.last_requested_at if asked else None,
        registered_at=place.seen_at if place else None,
        mme=place.mme_host if place else "",
        is_purged=place is not None and place.purged_at is not None,
        has_session=_has_session(line.line_id),
    )


def _resynchronisations(asked: EveryAuthentication | None) -> int:
    """Those of the hour that is not over yet."""
    since = asked.resyncs_since if asked else None
    if asked is None or since is None or scopes.current().now - since > RESYNCHRONISATION_PERIOD:
        return 0
    return asked.resyncs_counted


def _has_session(line_id: UUID) -> bool:
    return any(
        table.objects.filter(line_id=line_id, is_open=True).exists()
        for table in (EveryPolicySession, EveryChargingSession)
    )


# --- whose rows -----------------------------------------------------------------------------------


def _scopes_of(core_id: UUID, imsi: Imsi) -> list[scopes.Scope]:
    """Of each operator that has the IMSI, as far as the scope may; the scope itself for none."""
    scope = scopes.current()
    serving = [each.id for each in operators.list_operators_for(core_id, imsi)]
    return [
        replace(scope, operator_id=operator_id, is_platform=False)
        for operator_id in serving
        if scope.operator_id in (None, operator_id)
    ] or [scope]


@contextmanager
def _as_platform() -> Iterator[None]:
    with scopes.within(replace(scopes.current(), operator_id=None, is_platform=True)):
        yield
