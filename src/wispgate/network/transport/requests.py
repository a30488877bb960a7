"""Requests of our own: written to an open peer, matched with their answers, or given up.

An answer belongs to the connection that carried its request (Hop-by-Hop); when that connection
goes, every request on it fails at once. Whether to ask again is for the asker to say.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wispgate.kernel.errors import Unavailable
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, FLAG_RETRANSMITTED, Header
from wispgate.wire.diameter.message import AvpItem, Message, decode_message, encode_message
from wispgate.wire.diameter.peer import Peer

# How long a peer has to answer a request of ours.
ANSWER_SECONDS: Final = 10.0


class PeerAway(Unavailable):
    """Nobody of that identity is connected here now; nothing was sent."""

    code = "peer_away"


class ConnectionGone(Unavailable):
    """The connection went before the answer came; the request may have been acted upon."""

    code = "connection_gone"


class NoAnswer(Unavailable):
    """The peer is there and does not answer in time."""

    code = "no_answer"


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """What a function wants to ask.

    `is_repeated` sets the T bit: it may have been sent before. Then it has the End-to-End Identifier
    of the first time (RFC 6733 section 5.5.4), which the asker remembers: so who repeats requests
    gives them their number.
    """

    application_id: int
    command_code: int
    avps: Sequence[AvpItem]
    is_repeated: bool = False
    patience_seconds: float = ANSWER_SECONDS
    end_to_end: int | None = None

    def __post_init__(self) -> None:
        if self.is_repeated and self.end_to_end is None:
            raise ValueError("a repetition has the End-to-End Identifier of the first time")

    def encode(self, hop_by_hop: int, end_to_end: int) -> bytes:
        flags = FLAG_REQUEST | FLAG_PROXIABLE | (FLAG_RETRANSMITTED if self.is_repeated else 0)
        header = Header(flags, self.command_code, self.application_id, hop_by_hop, end_to_end)
        return encode_message(header, self.avps)


class Outstanding:
    """The requests of ours on one connection that wait for their answers."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    async def ask(
        self, request: OutgoingRequest, flush: Callable[[], None], *, now: datetime
    ) -> Message:
        """Writes the request; its answer. Raises PeerAway, ConnectionGone or NoAnswer."""
        if self._is_closed or not self._peer.can_send_requests:
            raise PeerAway("the connection is not open for requests")
        numbers = self._peer.messages
        hop_by_hop = numbers.next_hop_by_hop()
        end_to_end = request.end_to_end
        if end_to_end is None:
            end_to_end = numbers.next_end_to_end(now)
        octets = request.encode(hop_by_hop, end_to_end)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[hop_by_hop] = answer
        try:
            self._peer.send(octets, now=now)
            flush()
            async with asyncio.timeout(request.patience_seconds):
                return await answer
        except TimeoutError:
            raise NoAnswer("the peer does not answer") from None
        finally:
            del self._waiting[hop_by_hop]

    def receive(self, raw: bytes, header: Header) -> bool:
        """Hands an answer to who waits for it; False if nobody does."""
        waiting = self._waiting.get(header.hop_by_hop)
        if waiting is None or waiting.done():
            return False
        try:
            waiting.set_result(decode_message(raw))
        except DiameterError as error:
            waiting.set_exception(NoAnswer(f"the answer cannot be read: {error.message}"))
        return True

    def fail(self) -> None:
        """The connection is gone: nobody will answer any more."""
        self._is_closed = True
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionGone("the connection is gone"))
