"""The peers page: who may connect, who is connected, what passes, who was turned away."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse

from wispgate.business.hotplane.models import PeerConnection, PeerStatistics
from wispgate.business.operators import queries as operators
from wispgate.business.operators.models import Peer
from wispgate.web.console import reads
from wispgate.web.console.pages import page, show_live
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted

# A process writes what passed every five seconds where anything is new, and once when it stops.
_STALE: Final = timedelta(seconds=30)
_MOST_RESULTS: Final = 4
_APPLICATIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "other", 3: "rf", 4: "gy", 16777236: "rx", 16777238: "gx", 16777251: "s6a",
        16777252: "s13", 16777302: "sy",
    }
)  # fmt: skip
# Worst last: the state that a peer with several connections shows is the best that it has.
_ORDER: Final = ("open", "suspect", "calling", "silent", "closed", "never", "disabled")


@dataclass(frozen=True, slots=True)
class ShownConnection:
    """One connection of a peer, with one of our identities."""

    row: PeerConnection
    state: str


@dataclass(frozen=True, slots=True)
class Traffic:
    """One application of a connection in one direction."""

    application: str
    row: PeerStatistics
    per_second: float
    results: tuple[tuple[str, int], ...]

    @property
    def is_failing(self) -> bool:
        """More went wrong than well."""
        good = sum(count for result, count in self.row.results.items() if result.startswith("2"))
        return bool(self.row.requests) and good * 2 < self.row.requests


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """An allowed peer and what is known of its connections now."""

    peer: Peer
    connections: tuple[ShownConnection, ...]
    traffic: tuple[Traffic, ...]
    state: str

    @property
    def connection(self) -> PeerConnection | None:
        """The best that it has."""
        return self.connections[0].row if self.connections else None


@page("peer.read", of_operator=False)
def peers(visit: Visit) -> HttpResponse:
    """Refreshed in place: states, rates, results and latencies."""
    shown = list_shown(visit, reads.list_peer_statistics())
    context = {
        "title": "Peers",
        "answer": _answer(shown),
        "peers": shown,
        "may_trace": visit.is_platform and visit.may("trace.start"),
        "refused": reads.list_refused_connections() if visit.is_platform else [],
    }
    return show_live(visit, "peers.html", "part/peers.html", context)


def list_shown(visit: Visit, traffic: Iterable[PeerStatistics] = ()) -> list[ShownPeer]:
    """Two statements, however many peers there are."""
    connections = _by_peer(reads.list_connections())
    statistics = _by_peer(traffic)
    return [
        _shown(peer, connections[peer.core_id, peer.identity],
               statistics[peer.core_id, peer.identity], visit.now)
        for peer in operators.list_peers()
    ]  # fmt: skip


def _by_peer(rows: Iterable[Any]) -> defaultdict[tuple[UUID, str], list[Any]]:
    found: defaultdict[tuple[UUID, str], list[Any]] = defaultdict(list)
    for row in rows:
        found[row.core_id, row.identity].append(row)
    return found


def _shown(
    peer: Peer, rows: list[PeerConnection], statistics: list[PeerStatistics], now: datetime
) -> ShownPeer:
    connections = sorted(
        (ShownConnection(row, _state(row, now)) for row in rows),
        key=lambda each: (_rank(each.state), each.row.local_identity),
    )
    traffic = sorted(
        (_traffic(row, now) for row in statistics),
        key=lambda each: (each.application, each.row.is_ours),
    )
    state = connections[0].state if connections else "never"
    return ShownPeer(
        peer, tuple(connections), tuple(traffic), state if peer.is_enabled else "disabled"
    )


def _rank(state: str) -> int:
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


def _state(connection: PeerConnection, now: datetime) -> str:
    """A lease that ran out says that its process is gone, whatever the row says."""
    if connection.state != "closed" and connection.expires_at <= now:
        return "silent"
    return connection.state.lower()


def _traffic(row: PeerStatistics, now: datetime) -> Traffic:
    """The rate of a connection of which nothing was heard lately is nothing."""
    ordered = sorted(row.results.items(), key=lambda item: (-item[1], item[0]))
    return Traffic(
        application=_APPLICATIONS.get(row.application_id, str(row.application_id)),
        row=row,
        per_second=row.per_second if now - row.updated_at < _STALE else 0.0,
        results=tuple(ordered[:_MOST_RESULTS]),
    )


def _answer(shown: list[ShownPeer]) -> Sentence:
    if not shown:
        return ["No peer may connect yet."]
    is_open = [each for each in shown if each.state == "open" and each.connection]
    if not is_open:
        return [f"None of {counted(len(shown), 'peer')} is connected: phones cannot attach now."]
    newest = max(each.connection.connected_at for each in is_open if each.connection)
    verb = "is" if len(is_open) == 1 else "are"
    return [
        f"{len(is_open)} of {counted(len(shown), 'peer')} {verb} connected; the newest opened ",
        newest,
        ".",
    ]
