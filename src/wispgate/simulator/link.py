"""One Diameter identity of the simulated core and its connection, made anew when it is lost."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wispgate.kernel.errors import Unavailable
from wispgate.simulator.diameter import DiameterClient, NotConnected
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.errors import (
    InvalidAvpLength,
    InvalidAvpValue,
    MissingAvp,
    PeerNotOpen,
)
from wispgate.wire.diameter.header import FLAG_RETRANSMITTED
from wispgate.wire.diameter.message import AvpItem, Message

_FLAGS_OCTET: Final = 4


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the node listens. `patience`: seconds that an answer may take.

    `origin_state_id` is what we tell it of our state.
    """

    address: str
    port: int
    patience: float = 10.0
    origin_state_id: int | None = None


class NoAnswer(Unavailable):
    """The node did not answer, or is not connected."""

    code = "simulator_no_answer"


# An answer that cannot be read is none; a mistake of ours is not among these.
UNANSWERED: Final = (NoAnswer, InvalidAvpLength, InvalidAvpValue, MissingAvp)


class Link:
    """Asks under one identity, and serves what the node asks of it."""

    def __init__(
        self,
        host: str,
        realm: str,
        *,
        applications: Sequence[Application],
        endpoint: Endpoint,
        serve: Callable[[Message], bytes],
    ) -> None:
        self.host = host
        self.realm = realm
        self._applications = applications
        self._endpoint = endpoint
        self._serve = serve
        self._client: DiameterClient | None = None
        self._connecting = asyncio.Lock()

    @property
    def is_connected(self) -> bool:
        return self._client is not None and not self._client.closed.is_set()

    @property
    def node_realm(self) -> str:
        """The realm that the node said is its own; empty before it was ever connected."""
        return self._client.node_realm if self._client is not None else ""

    async def connect(self) -> None:
        """Connects unless it is. Raises NotConnected."""
        async with self._connecting:
            if not self.is_connected:
                client = DiameterClient(
                    self.host, self.realm, self._applications,
                    serve=self._serve, patience=self._endpoint.patience,
                    origin_state_id=self._endpoint.origin_state_id,
                )  # fmt: skip
                self._client = await client.connect(self._endpoint.address, self._endpoint.port)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    def abort(self) -> None:
        """Gone without a word."""
        if self._client is not None:
            self._client.abort()

    async def request(
        self, application_id: int, command_code: int, avps: Sequence[AvpItem]
    ) -> tuple[bytes, Message]:
        """The request as it went out, and its answer. Raises NoAnswer."""
        await self._be_connected()
        octets = self._require().encode_request(application_id, command_code, avps)
        return octets, await self.exchange(octets)

    async def exchange(self, octets: bytes) -> Message:
        """The answer to a ready request. Raises NoAnswer."""
        await self._be_connected()
        try:
            return await self._require().exchange(octets)
        except (NotConnected, PeerNotOpen, TimeoutError) as error:
            raise NoAnswer(f"{self.host}: {str(error) or 'no answer in time'}") from None

    async def retransmit(self, octets: bytes) -> Message:
        """Sends it again as a possible duplicate: T flag, same End-to-End (RFC 6733 section 3)."""
        flags = octets[_FLAGS_OCTET] | FLAG_RETRANSMITTED
        return await self.exchange(
            octets[:_FLAGS_OCTET] + bytes([flags]) + octets[_FLAGS_OCTET + 1 :]
        )

    async def _be_connected(self) -> None:
        try:
            await self.connect()
        except NotConnected as error:
            raise NoAnswer(f"{self.host}: {error}") from None

    def _require(self) -> DiameterClient:
        if self._client is None:
            raise NoAnswer(f"{self.host} is not connected")
        return self._client


class Background:
    """Work that a request of the node set off; it is finished before virtual time goes on."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failures: list[BaseException] = []

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def settle(self) -> None:
        """Waits for all of it, and for what it set off; raises what went wrong in it."""
        while self._tasks:
            await self.catch_up()
        self.raise_failures()

    async def catch_up(self) -> None:
        """Waits for what is under way now: where time passes, there is always something more."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))
        self.raise_failures()

    def raise_failures(self) -> None:
        if self._failures:
            raise self._failures.pop(0)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failures.append(error)
