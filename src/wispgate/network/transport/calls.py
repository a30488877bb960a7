"""Connections that we open: to peers whose row says where (`connect_to`).

One process calls and the others wait: whoever calls holds the lease (`leases.call`). A call that
comes to nothing is made again after a pause that doubles up to Tc (RFC 6733 section 2.1).
"""

import asyncio
import os
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import structlog

from wispgate.network.transport import metrics, sctp
from wispgate.network.transport.admission import peer_of
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.connection import Connection
from wispgate.network.transport.tls import calling_context
from wispgate.wire.diameter.events import DisconnectCause

if TYPE_CHECKING:
    from wispgate.network.transport.node import DiameterNode

_log = structlog.get_logger("diameter")

FIRST_PAUSE: Final = timedelta(seconds=2)
_CONNECT_SECONDS: Final = 10.0
# Of a pause: so that a hundred nodes do not come back in the same second.
_JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Target:
    """Whom to call, where and how."""

    peer: RemotePeer
    host: str
    port: int
    transport: str
    authority: str


def target_of(row: Mapping[str, Any]) -> Target:
    """A row of `list_allowed_peers` with a place to connect to."""
    host, _, port = row["connect_to"].rpartition(":")
    return Target(
        peer_of(row), host.strip("[]"), int(port), row["transport"], row["certificate_authority"]
    )


class Call:
    """One peer that we call, again and again."""

    def __init__(self, node: "DiameterNode", target: Target) -> None:
        self._node = node
        self.target = target
        self.failures = 0
        self.next_at: datetime | None = node.clock.now()
        self.connection: Connection | None = None
        self._is_dialling = False
        self._said = ""

    @property
    def peer(self) -> RemotePeer:
        return self.target.peer

    def tick(self, now: datetime) -> None:
        """Calls, if it is time and nobody has the peer."""
        if self._is_dialling or self.connection is not None:
            return
        if self.next_at is None or now < self.next_at or self._node.registrar.has(self.peer.key):
            return
        self._is_dialling = True
        self._node.spawn(self._dial())

    def hang_up(self) -> None:
        """The peer is not to be called any more, or has won an election."""
        self.next_at = None
        if self.connection is not None:
            self.connection.disconnect(DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU)
            if not self.connection.peer.is_open:
                self.connection.abort()

    def give_way(self) -> None:
        """Another connection won the election; this one closes, and comes back if that one goes."""
        if self.connection is not None:
            self.connection.end_reason = "the connection that it opened was kept"
            self.connection.abort()

    def ended(self, connection: Connection, reason: str) -> None:
        """The connection, or the attempt to open it, is over."""
        if connection is not self.connection:
            return
        self.connection = None
        if self.next_at is not None:
            self._pause(connection.goodbye)
        self._node.spawn(self._note_end(reason))

    async def _dial(self) -> None:
        node, target = self._node, self.target
        address = f"{target.host}:{target.port}"
        try:
            is_ours = await node.registrar.leases.call(
                self.peer, address=address, transport=target.transport, now=node.clock.now()
            )
            if not is_ours:
                self._wait()
                return
            metrics.show_state(self.peer.core, self.peer.identity, "calling")
            await self._connect()
        except (OSError, TimeoutError) as error:
            await self._failed(_in_words(error))
        finally:
            self._is_dialling = False

    async def _connect(self) -> None:
        node, target = self._node, self.target
        loop = asyncio.get_running_loop()
        connection = Connection(node, transport_name=target.transport, call=self)
        connection.act(connection.peer.start(now=node.clock.now()))
        self.connection = connection
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                if target.transport == "sctp":
                    await sctp.connect(lambda: connection, target.host, target.port)
                else:
                    await loop.create_connection(
                        lambda: connection, target.host, target.port,
                        ssl=self._context(), server_hostname=self._expected_name(),
                    )  # fmt: skip
        except (OSError, TimeoutError):
            self.connection = None
            raise

    def _context(self) -> ssl.SSLContext | None:
        if self.target.transport != "tls":
            return None
        return calling_context(self._node.certificate, self.target.authority)

    def _expected_name(self) -> str | None:
        return self.peer.identity if self.target.transport == "tls" else None

    async def _failed(self, reason: str) -> None:
        # Said once for each reason: a peer that is away for a night must not fill the log.
        say = _log.debug if reason == self._said else _log.warning
        say("call failed", peer=self.peer.identity, reason=reason)
        self._said = reason
        if self.next_at is not None:
            self._pause(None)
        await self._note_end(reason)

    async def _note_end(self, reason: str) -> None:
        metrics.show_state(self.peer.core, self.peer.identity, "closed")
        await self._node.registrar.leases.end_call(
            self.peer, detail=reason, now=self._node.clock.now()
        )

    def opened(self) -> None:
        """The peer is open: the next pause is the first again."""
        self.failures = 0
        self._said = ""

    def _wait(self) -> None:
        """Somebody else has the peer: look again after Tc."""
        self.next_at = self._node.clock.now() + _jittered(self._node.timing.reconnect)

    def _pause(self, goodbye: int | None) -> None:
        timing, now = self._node.timing, self._node.clock.now()
        match goodbye:
            case DisconnectCause.DO_NOT_WANT_TO_TALK_TO_YOU:
                # Not by ourselves: after a change of its row, or our next start.
                self.next_at = None
                return
            case DisconnectCause.BUSY:
                pause = timing.reconnect_when_busy
            case _:
                pause = min(FIRST_PAUSE * 2**self.failures, timing.reconnect)
        self.failures = min(self.failures + 1, 16)
        self.next_at = now + _jittered(pause)


class Calls:
    """All peers that this node calls."""

    def __init__(self, node: "DiameterNode") -> None:
        self._node = node
        self._calls: dict[tuple[UUID, str], Call] = {}

    def refresh(self, rows: list[dict[str, Any]]) -> None:
        """Takes over which peers are to be called now, and where."""
        wanted = {t.peer.key: t for t in (target_of(row) for row in rows if row["connect_to"])}
        for key, call in list(self._calls.items()):
            if wanted.get(key) != call.target:
                del self._calls[key]
                call.hang_up()
        for key, target in wanted.items():
            if key not in self._calls:
                self._calls[key] = Call(self._node, target)

    def tick(self, now: datetime) -> None:
        for call in self._calls.values():
            call.tick(now)

    def give_way(self, key: tuple[UUID, str]) -> None:
        """The peer's own connection has won."""
        call = self._calls.get(key)
        if call is not None:
            call.give_way()

    def stop(self) -> None:
        """No more calls; what is open is for the node to close."""
        for call in self._calls.values():
            call.next_at = None


def _jittered(pause: timedelta) -> timedelta:
    spread = (secrets.randbelow(2001) - 1000) / 1000 * _JITTER
    return pause * (1 + spread)


def _in_words(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "nobody answers there"
    number = error.errno if isinstance(error, OSError) else None
    # asyncio's own text tells the address, which we have, and not what is wrong.
    return os.strerror(number) if number is not None and number > 0 else str(error)
