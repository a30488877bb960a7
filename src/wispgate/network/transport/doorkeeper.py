"""What strangers may cost: connections from addresses that no peer has.

A few get the full treatment, so that an operator who mistyped an address sees who knocked. A flood
is closed before a word is read, and is counted.
"""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from wispgate.network.transport.admission import plain_address

# Of strangers: at once, and in a minute; from one address and from all.
AT_ONCE_OF_ONE: Final = 8
AT_ONCE_OF_ALL: Final = 64
A_MINUTE_OF_ONE: Final = 30
A_MINUTE_OF_ALL: Final = 300
_MINUTE: Final = timedelta(minutes=1)
_MOST_ADDRESSES: Final = 4096


class Doorkeeper:
    """Knows which addresses are peers', and counts the others."""

    def __init__(self) -> None:
        self._networks: frozenset[IPv4Network | IPv6Network] = frozenset()
        self._known: OrderedDict[str, bool] = OrderedDict()
        self._inside: Counter[str] = Counter()
        self._attempts: Counter[str] = Counter()
        self._minute: datetime | None = None
        self._turned_away: Counter[str] = Counter()

    def refresh(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Takes over the addresses of all peers."""
        networks = frozenset(
            ip_network(place, strict=False) for row in rows for place in row["addresses"]
        )
        if networks != self._networks:
            self._networks = networks
            self._known.clear()

    def enter(self, address: str, now: datetime) -> bool:
        """Whether a connection from there may be listened to. If so, `leave` follows."""
        if self._is_known(address):
            return True
        self._begin_minute(now)
        if not self._has_room(address):
            self._turned_away[address if len(self._turned_away) < _MOST_ADDRESSES else ""] += 1
            return False
        self._attempts[address] += 1
        self._inside[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A connection that entered is gone."""
        if self._inside[address] <= 1:
            del self._inside[address]
        else:
            self._inside[address] -= 1

    def take_turned_away(self) -> dict[str, int]:
        """How many were closed unheard since the last time, by address ("" for the rest)."""
        taken, self._turned_away = dict(self._turned_away), Counter()
        return taken

    def _has_room(self, address: str) -> bool:
        return (
            self._inside[address] < AT_ONCE_OF_ONE
            and self._inside.total() < AT_ONCE_OF_ALL
            and self._attempts[address] < A_MINUTE_OF_ONE
            and self._attempts.total() < A_MINUTE_OF_ALL
        )

    def _begin_minute(self, now: datetime) -> None:
        if self._minute is None or now - self._minute >= _MINUTE:
            self._minute = now
            self._attempts.clear()

    def _is_known(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            known = self._known[address] = self._find(address)
            if len(self._known) > _MOST_ADDRESSES:
                self._known.popitem(last=False)
        return known

    def _find(self, address: str) -> bool:
        seen = plain_address(address)
        return seen is not None and any(seen in network for network in self._networks)
