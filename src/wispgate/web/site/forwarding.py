"""From where a request comes that a reverse proxy hands on (`trusted_proxies`).

Anybody can write X-Forwarded-For. Each proxy adds, on the right, the address that it was asked
from: so it is read from the right, for as long as whoever says it is trusted.
"""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from typing import Final

Network = IPv4Network | IPv6Network

# Nobody has a longer chain of proxies; what stands beyond was written to make us read.
_MOST_HOPS: Final = 16


def client_address(remote: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The first address from the right that is not a trusted proxy's.

    `remote` is that of the connection. Where a trusted proxy says what is no address, it is the
    proxy's own that counts: a guess could be what the client wrote.
    """
    if not trusted or not _is_trusted(_find(remote), trusted):
        return remote
    client = remote
    for said in reversed(forwarded.split(",")[-_MOST_HOPS:]):
        address = _find(said.strip())
        if address is None:
            return client
        client = str(address)
        if not _is_trusted(address, trusted):
            return client
    return client


def _find(text: str) -> IPv4Address | IPv6Address | None:
    """An address as proxies write it: plain, in brackets, or with a port; IPv4 in IPv6 is IPv4."""
    host = text
    if text.startswith("["):
        host = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        host = text.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_trusted(address: IPv4Address | IPv6Address | None, trusted: Sequence[Network]) -> bool:
    return address is not None and any(address in network for network in trusted)
