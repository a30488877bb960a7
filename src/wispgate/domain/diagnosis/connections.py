"""Judges the way from the peer to us: port, peer, knocks, connection, requests.

Each check looks at one link and yields findings; the first broken one ends the chain.
"""

from collections.abc import Iterator
from typing import Final

from wispgate.domain.diagnosis import evidence as ev
from wispgate.domain.diagnosis.evidence import Evidence, KnockCause, KnownPeer
from wispgate.domain.diagnosis.findings import Finding, Link, attention, broken, good

_OPEN: Final = ("open", "suspect")
# A peer that asked less may just have begun; with more, a majority of failures says something.
_ENOUGH: Final = 5
_UNSUPPORTED: Final = "3007"


def check_listeners(evidence: Evidence) -> Iterator[Finding]:
    """Whether anybody can connect at all. A connection that is open proves that they can."""
    peer = evidence.peer
    if peer is None or peer.connect_to or _open_links(evidence):
        return
    wanted = peer.transport
    mine = [each for each in evidence.listeners if each.transport == wanted]
    if not mine:
        yield _no_listener(wanted)
        return
    for listener in mine:
        if listener.fault:
            yield broken(
                Link.PORT,
                f"Nothing answers at our own {wanted.upper()} address {listener.address}: "
                f"{listener.fault}.",
                "Nobody can connect, this peer or any other.",
                "Start WISPGate (`wispgate up`, or `wispgate run diameter`), and see what its log says "
                "about that address.",
            )
        elif listener.certificate_fault:
            yield attention(
                Link.TLS,
                f"Our certificate at {listener.address}: {listener.certificate_fault}.",
                "A peer that looks at it refuses us.",
                "Set tls_certificate and tls_key to a certificate for our Origin-Host, and restart.",
            )


def _no_listener(transport: str) -> Finding:
    settings = {
        "tls": "Set tls_certificate and tls_key, so that we listen with TLS, and restart.",
        "sctp": "Set diameter_sctp, on a kernel that has SCTP, and restart.",
    }
    return broken(
        Link.PORT,
        f"The peer is to use {transport.upper()}, and we do not listen with {transport.upper()}.",
        "It has nowhere to connect.",
        settings.get(transport, "Set the address that `diameter` listens at, and restart."),
    )


def check_peer(evidence: Evidence) -> Iterator[Finding]:
    """Whether it is allowed at all."""
    peer = evidence.peer
    if peer is None:
        yield _unknown_peer(evidence)
    elif not peer.is_enabled:
        yield broken(
            Link.PEER,
            f"{peer.identity} is disabled.",
            "We turn it away as a stranger until it is enabled.",
            f"`wispgate peer edit --core {peer.core} --identity {peer.identity} --enable`, or "
            f"Enable on its page.",
        )


def _unknown_peer(evidence: Evidence) -> Finding:
    identity = evidence.identity
    knock = _newest(evidence)
    if knock is None:
        return broken(
            Link.IDENTITY,
            f"No peer is called {identity}, and nobody of that name ever knocked.",
            "We know nothing of it.",
            "See `wispgate peer list` for the names that are allowed.",
        )
    return broken(
        Link.IDENTITY,
        f"{identity} knocked {_times(knock.attempts)}, last from {knock.address}, and is no peer of "
        f"any core.",
        "Its Origin-Host is not one that we were told of, so we answer 3010 (unknown peer).",
        f"If it is yours, allow it: `wispgate peer add --core CORE --identity {identity} --address "
        f"{knock.address} --applications s6a --realm REALM`; or set its Origin-Host to the name that "
        f"we know.",
    )


def check_knocks(evidence: Evidence) -> Iterator[Finding]:
    """Why it was turned away last, unless it came in since."""
    peer, knock = evidence.peer, _newest(evidence)
    if peer is None or knock is None or _is_over(evidence, knock):
        return
    yield _explain(peer, knock)


def _is_over(evidence: Evidence, knock: ev.Knock) -> bool:
    """A second connection that is refused beside the open one takes nothing away."""
    return any(
        link.connected_at >= knock.last_at or knock.cause == KnockCause.CONNECTED_ALREADY
        for link in _open_links(evidence)
    )


def _explain(peer: KnownPeer, knock: ev.Knock) -> Finding:
    link, meaning, remedy = _words(peer, knock)
    who = knock.identity if knock.identity[:1] != "(" else "A node that gave no name yet"
    seen = (
        f"{who} knocked from {knock.address or 'somewhere'} {_times(knock.attempts)} and was turned "
        f"away: {knock.reason}."
    )
    return broken(link, seen, meaning, remedy)


def _words(peer: KnownPeer, knock: ev.Knock) -> tuple[Link, str, str]:
    edit = f"`wispgate peer edit --core {peer.core} --identity {peer.identity}"
    match knock.cause:
        case KnockCause.UNKNOWN_IDENTITY:
            return (
                Link.IDENTITY,
                f"It comes from this peer's address, but says that it is {knock.identity}; the peer is "
                f"allowed as {peer.identity}.",
                f"Set the node's Origin-Host to {peer.identity}, or add a peer called "
                f"{knock.identity}.",
            )
        case KnockCause.WRONG_ADDRESS:
            return (
                Link.ADDRESS,
                f"It may connect from {_list(peer.addresses)} only. Behind address translation we see "
                f"the translated address.",
                f"{edit} --address {knock.address}` if that is its address.",
            )
        case KnockCause.WRONG_REALM:
            return (
                Link.REALM,
                f"Its Origin-Realm is not {peer.realm}, which the peer was allowed with.",
                f"Set the node's realm to {peer.realm}, or {edit} --realm ITS-REALM`.",
            )
        case KnockCause.NO_COMMON_APPLICATION:
            return (
                Link.APPLICATION,
                f"It may use {_list(peer.applications)}, and announces none of that.",
                f"Allow what it speaks: {edit} --applications s6a,gx,gy`, or point it at the node that "
                f"it is meant for.",
            )
        case _:
            return _words_of_security(peer, knock, edit)


def _words_of_security(peer: KnownPeer, knock: ev.Knock, edit: str) -> tuple[Link, str, str]:
    match knock.cause:
        case KnockCause.WRONG_TRANSPORT:
            return (
                Link.TLS,
                f"The peer is to use {peer.transport.upper()}, and came another way.",
                f"Point it at our {peer.transport.upper()} port, or {edit} --transport ...`.",
            )
        case KnockCause.NOT_TLS:
            return (
                Link.TLS,
                "It speaks plain Diameter at the port where TLS begins with the first octet.",
                "Point it at the plain port (3868 unless changed), or switch TLS on in the node.",
            )
        case KnockCause.NO_CERTIFICATE:
            return (
                Link.TLS,
                "It shows no certificate, and we let nobody in without.",
                "Give the node a certificate and its key; its Origin-Host must be among the names.",
            )
        case KnockCause.WRONG_CERTIFICATE | KnockCause.UNTRUSTED_CERTIFICATE:
            return (
                Link.TLS,
                "Its certificate does not prove to us that it is this peer.",
                f"Have one issued for {peer.identity} by the authority that the peer was allowed with, "
                f"or change that: {edit} --certificate-authority FILE`.",
            )
        case KnockCause.OURS_NOT_TRUSTED:
            return (
                Link.TLS,
                "It does not accept our certificate.",
                "Give the node the authority that issued tls_certificate, and see `wispgate doctor` "
                "about its names and dates.",
            )
        case _:
            return _words_of_the_rest(peer, knock)


def _words_of_the_rest(peer: KnownPeer, knock: ev.Knock) -> tuple[Link, str, str]:
    match knock.cause:
        case KnockCause.HANDSHAKE_FAILED:
            return (
                Link.TLS,
                "The TLS handshake came to nothing.",
                "Compare TLS versions (1.2 or later) and ciphers, and read the node's own log.",
            )
        case KnockCause.CONNECTED_ALREADY:
            return (
                Link.CONNECTION,
                "Another connection has the peer: there is one for each identity.",
                "Look for a second node with the same Origin-Host. An old connection that is dead is "
                "given up within half a minute.",
            )
        case KnockCause.REFUSED_BY_PEER:
            return (
                Link.IDENTITY,
                "It does not take us.",
                "Allow our Origin-Host and Origin-Realm in the node; `wispgate status` shows them.",
            )
        case KnockCause.TOO_MANY:
            return (
                Link.ADDRESS,
                "Connections from an address that no peer has come in such numbers that they are "
                "closed unheard.",
                f"Allow its address for {peer.identity}, or stop whoever floods us.",
            )
        case _:
            return Link.CONNECTION, "We did not take it.", "Read the log of the Diameter process."


def check_links(evidence: Evidence) -> Iterator[Finding]:
    """Whether it is connected now; if nobody ever knocked, that is what is wrong."""
    peer = evidence.peer
    if peer is None:
        return
    links = _open_links(evidence)
    for link in links:
        if link.state == "suspect":
            yield attention(
                Link.CONNECTION,
                f"The connection from {link.address} is suspect: a watchdog was not answered.",
                "The node hangs, or the network between us loses packets.",
                "Wait half a minute: it recovers, or we close and it connects anew.",
            )
        else:
            yield good(Link.CONNECTION, f"Connected from {link.address}.", "The peer is open.")
    if not links:
        yield _not_connected(evidence, peer)


def _not_connected(evidence: Evidence, peer: KnownPeer) -> Finding:
    if peer.connect_to:
        return _call_fails(evidence, peer)
    if evidence.links:
        link = max(evidence.links, key=lambda each: each.connected_at)
        why = f": {link.detail}" if link.detail else ""
        return broken(
            Link.CONNECTION,
            f"It was connected from {link.address}, and is {link.state} now{why}.",
            "It went and has not come back.",
            "See whether the node runs and can reach us; it is the one that connects.",
        )
    return broken(
        Link.PORT,
        f"{peer.identity} never knocked, nor did anybody else from {_list(peer.addresses)}.",
        "It does not reach us: another address or port is configured in it, or a firewall is between.",
        f"Point it at {_places(evidence, peer)} ({peer.transport.upper()}), and try from its machine "
        f"whether that port can be reached.",
    )


def _call_fails(evidence: Evidence, peer: KnownPeer) -> Finding:
    detail = next((link.detail for link in evidence.links if link.detail), "it was not called yet")
    return broken(
        Link.PORT,
        f"We call {peer.connect_to}, and that fails: {detail}.",
        "The node does not listen there, is not reachable, or refuses us.",
        "Compare its address and port, and whether it allows our Origin-Host and realm.",
    )


def check_requests(evidence: Evidence) -> Iterator[Finding]:
    """What it asks over its connection, and how that ends."""
    peer = evidence.peer
    if peer is None:
        return
    asked = [each for each in evidence.traffic if each.requests]
    if not asked:
        yield attention(
            Link.REQUESTS,
            "It has asked nothing since it connected.",
            "The connection stands; no phone has tried, or the node does not route to us.",
            f"Switch a phone on. The node's requests must name our realm as Destination-Realm and use "
            f"{_list(peer.applications)}.",
        )
    for each in asked:
        yield from _judge_traffic(each, peer)


def _judge_traffic(traffic: ev.Traffic, peer: KnownPeer) -> Iterator[Finding]:
    if traffic.results.get(_UNSUPPORTED):
        yield attention(
            Link.APPLICATION,
            f"It asked {_times(traffic.results[_UNSUPPORTED])} for an application that it may not use "
            f"(3007).",
            f"It is allowed {_list(peer.applications)} only.",
            f"`wispgate peer edit --core {peer.core} --identity {peer.identity} --applications "
            f"s6a,gx,gy` with all that it needs.",
        )
        return
    worst, count = max(traffic.results.items(), key=lambda item: item[1], default=("", 0))
    failed = sum(n for result, n in traffic.results.items() if not result.startswith("2"))
    if traffic.requests >= _ENOUGH and failed * 2 > traffic.requests:
        yield attention(
            Link.REQUESTS,
            f"Most of its requests on {traffic.application} fail: {failed} of {traffic.requests}, most "
            f"with {worst} ({count}).",
            "The connection works, and what it asks is refused.",
            "Test with the IMSI of one of the phones (--imsi) to see why.",
        )
    else:
        yield good(
            Link.REQUESTS,
            f"It asked {_times(traffic.requests)} on {traffic.application}.",
            "Its requests are answered.",
        )


def _newest(evidence: Evidence) -> ev.Knock | None:
    return max(evidence.knocks, key=lambda knock: knock.last_at, default=None)


def _open_links(evidence: Evidence) -> list[ev.Link]:
    return [link for link in evidence.links if link.state in _OPEN]


def _places(evidence: Evidence, peer: KnownPeer) -> str:
    """Where the peer is to knock; that we listen with its transport was found before."""
    found = [each.address for each in evidence.listeners if each.transport == peer.transport]
    return _list(tuple(found))


def _list(words: tuple[str, ...]) -> str:
    return ", ".join(words) or "nothing"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
