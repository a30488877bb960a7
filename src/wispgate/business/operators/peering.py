"""Peers: which Diameter nodes may speak with us, from where, how, and where we call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any, Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wispgate.business.operators import ids, queries
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.errors import PeerExists
from wispgate.business.operators.models import Peer
from wispgate.kernel.errors import InvalidValue

# The names by which the command line and the API know Diameter applications.
APPLICATIONS: Final = ("s6a", "s13", "gx", "gy", "rx", "sy", "rf")
PROFILES: Final = ("generic3gpp", "open5gs")
TRANSPORTS: Final = tuple(Peer.Transport.values)
EVERY_REALM: Final = "*"
_PORTS: Final[Mapping[str, int]] = {"tcp": 3868, "tls": 5868, "sctp": 3868}
_LONGEST_NAME: Final = 255


@dataclass(frozen=True, slots=True)
class Link:
    """How a peer is spoken to.

    `connect_to`: host or host:port where we open the connection; empty where the peer does.
    `certificate_authority`: PEM, needed for TLS. `routed_realms`: what is reached through it.
    """

    transport: str = "tcp"
    connect_to: str = ""
    certificate_authority: str = ""
    routed_realms: Sequence[str] = ()


def add_peer(  # noqa: PLR0913 (what a peer is told apart by, and its link)
    *, core: str, identity: str, addresses: Sequence[str], applications: Sequence[str],
    realm: str, profile: str = "generic3gpp", link: Link | None = None,
) -> UUID:  # fmt: skip
    """Allows a Diameter node for a core: from given addresses or networks, or where we call it."""
    link = link or Link()
    now = scopes.current().now
    peer = Peer(
        id=ids.new_id(now),
        core=queries.get_core(core),
        identity=check_name(identity, "identity"),
        realm=check_name(realm, "realm"),
        addresses=list(addresses),
        applications=list(applications),
        profile=profile,
        transport=link.transport,
        connect_to=link.connect_to,
        certificate_authority=link.certificate_authority,
        routed_realms=list(link.routed_realms),
        created_at=now,
    )
    _check(peer)
    peer.save(force_insert=True)
    return peer.id


CHANGEABLE: Final = frozenset(
    {
        "addresses", "applications", "realm", "profile", "transport", "connect_to",
        "certificate_authority", "routed_realms", "is_enabled",
    }
)  # fmt: skip


def change_peer(peer_id: UUID, changes: Mapping[str, Any]) -> None:
    """Changes what is named. A connection that would be refused now ends within seconds."""
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        raise InvalidValue(f"cannot be changed: {', '.join(sorted(unknown))}", field=min(unknown))
    peer = queries.get_peer_by_id(peer_id)
    for field, value in changes.items():
        setattr(peer, field, value)
    peer.realm = check_name(peer.realm, "realm")
    _check(peer)
    peer.save(update_fields=sorted(changes))


def remove_peer(peer_id: UUID) -> None:
    """The node is a stranger from now on; its connection ends within seconds."""
    queries.get_peer_by_id(peer_id).delete()


def _check(peer: Peer) -> None:
    """Brings a peer's values into their one form. Raises InvalidValue or PeerExists."""
    if peer.profile not in PROFILES:
        raise InvalidValue(f"no such profile: {peer.profile!r}", field="profile", known=PROFILES)
    if peer.transport not in TRANSPORTS:
        raise InvalidValue(
            f"no such transport: {peer.transport!r}; there are {', '.join(TRANSPORTS)}",
            field="transport",
        )
    peer.applications = _applications(peer.applications)
    peer.connect_to = _place(peer.connect_to, _PORTS[peer.transport])
    peer.addresses = _networks(peer.addresses, peer.connect_to)
    peer.certificate_authority = _authority(peer.certificate_authority, peer.transport)
    peer.routed_realms = [
        realm if realm == EVERY_REALM else check_name(realm, "routed_realms")
        for realm in peer.routed_realms
    ]
    _refuse_lookalike(peer)


def check_name(text: str, field: str) -> str:
    """A DiameterIdentity: a domain name in ASCII, in lower case. Raises InvalidValue."""
    name = text.strip().lower()
    if not name or len(name) > _LONGEST_NAME or not name.isascii() or set(name) - _NAME_CHARACTERS:
        raise InvalidValue(f"not a Diameter name: {text!r}", field=field)
    return name


_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


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


def _networks(addresses: Sequence[str], connect_to: str) -> list[str]:
    """From where it may connect. Where we call it by its address, that is enough."""
    networks = [_network(address) for address in addresses]
    called = connect_to.rpartition(":")[0].strip("[]")
    if not networks and called and _is_address(called):
        return [_network(called)]
    if not networks:
        raise InvalidValue("a peer has at least one address", field="addresses")
    return networks


def _network(address: str) -> str:
    try:
        return str(ip_network(address.strip()))
    except ValueError:
        raise InvalidValue(f"not an address or a network: {address!r}", field="addresses") from None


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _place(text: str, port: int) -> str:
    """`host:port` of what may lack the port; IPv6 in brackets where it has one."""
    place = text.strip().lower()
    if not place:
        return ""
    if _is_address(place):
        return f"[{place}]:{port}" if ":" in place else f"{place}:{port}"
    host, colon, digits = place.rpartition(":")
    if not colon:
        host, digits = place, str(port)
    plain = host.strip("[]")
    is_host = _is_address(plain) or (bool(plain) and not set(plain) - _NAME_CHARACTERS)
    if not is_host or not digits.isdecimal() or not 0 < int(digits) < 65536:
        raise InvalidValue(f"not a host or host:port: {text!r}", field="connect_to")
    return f"{host}:{digits}"


def _authority(pem: str, transport: str) -> str:
    if transport != Peer.Transport.TLS and not pem.strip():
        return ""
    if not pem.strip():
        raise InvalidValue(
            "TLS needs the certificate of who issued the peer's own (PEM)",
            field="certificate_authority",
        )
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        raise InvalidValue(
            f"holds no certificate in PEM: {error}", field="certificate_authority"
        ) from None
    if "PRIVATE KEY" in pem:
        raise InvalidValue(
            "holds a private key: that stays with who issues", field="certificate_authority"
        )
    return "".join(_as_pem(certificate) for certificate in certificates)


def _as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _refuse_lookalike(peer: Peer) -> None:
    """A connection's core is its peer's: identity and address together must name one peer."""
    mine = [ip_network(network) for network in peer.addresses]
    for other in Peer.objects.filter(identity=peer.identity).exclude(id=peer.id):
        theirs = [ip_network(network) for network in other.addresses]
        is_same = other.core_id == peer.core_id
        if is_same or any(a.version == b.version and a.overlaps(b) for a in mine for b in theirs):
            raise PeerExists(
                f"{peer.identity} is a peer already at {', '.join(other.addresses)}",
                identity=peer.identity,
            )
