"""Which addresses a request may go to.

Whoever may type a URL could otherwise make us ask the database's port, a cloud's metadata service
or a neighbour in our own network, which trust us (server-side request forgery).
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from wispgate.business.outgoing.errors import DestinationRefused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IPv6 addresses that carry an IPv4 address in them: a gateway would lead on to that one.
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_LONGEST_URL = 2048


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where requests may go: the public Internet with TLS, and the private networks named here.

    `private` is the installation's setting `outgoing_networks`; plain HTTP goes only there.
    """

    private: tuple[Network, ...] = ()

    def allow(self, address: Address, *, is_encrypted: bool) -> bool:
        """Whether a connection to that resolved address may be opened."""
        if any(address in network for network in self.private):
            return True
        return is_encrypted and is_public(address)


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could reach it; false for whatever only stands for others."""
    inner = _embedded(address)
    if inner is not None:
        return False
    return address.is_global and not address.is_multicast


def require_well_formed(url: str) -> None:
    """For forms that take a URL. Whether its name may be connected to shows at each connection.

    Raises DestinationRefused.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DestinationRefused("this is no URL", field="url") from None
    if len(url) > _LONGEST_URL or not url.isprintable() or " " in url or "\\" in url:
        raise DestinationRefused("a URL has at most 2048 printable characters", field="url")
    if parts.scheme not in ("https", "http") or not parts.hostname or port == 0:
        raise DestinationRefused("give a whole address: https://host/path", field="url")
    if parts.username is not None or parts.password is not None:
        raise DestinationRefused("a URL holds no user name and no password", field="url")


def parse(text: str) -> Address:
    """A resolved address; a link-local one comes with the name of an interface."""
    return ip_address(text.partition("%")[0])


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo
