"""The peers page: who may connect, who is connected, who was turned away."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpResponse

from wispgate.business.hotplane.models import PeerConnection
from wispgate.business.operators import queries as operators
from wispgate.business.operators.models import Peer
from wispgate.web.console import reads
from wispgate.web.console.pages import page, show
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import Sentence, counted


@dataclass(frozen=True, slots=True)
class ShownPeer:
    """An allowed peer and what is known of its connection now."""

    peer: Peer
    connection: PeerConnection | None
    state: str


@page("peer.read", of_operator=False)
def peers(visit: Visit) -> HttpResponse:
    shown = list_shown(visit)
    return show(
        visit,
        "peers.html",
        title="Peers",
        answer=_answer(shown),
        peers=shown,
        refused=reads.list_refused_connections() if visit.is_platform else [],
    )


def list_shown(visit: Visit) -> list[ShownPeer]:
    """Two statements, however many peers there are."""
    by_key = {(each.core_id, each.identity): each for each in reads.list_connections()}
    return [
        ShownPeer(peer, connection, _state(peer, connection, visit.now))
        for peer in operators.list_peers()
        for connection in (by_key.get((peer.core_id, peer.identity)),)
    ]


def _state(peer: Peer, connection: PeerConnection | None, now: datetime) -> str:
    """A lease that ran out says that its process is gone, whatever the row says."""
    if not peer.is_enabled:
        return "disabled"
    if connection is None:
        return "never"
    if connection.state != "closed" and connection.expires_at <= now:
        return "silent"
    return connection.state.lower()


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
