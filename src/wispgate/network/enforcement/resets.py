"""Reset: serving nodes are told that we lost state (TS 29.272 section 5.2.4), each of them once.

Our Origin-State-Id grows only when a backup was restored. What each node was told of it is on
disk, so that a restart sends nothing, and a node that is away is told when it is back.
"""

import os
from collections.abc import Sequence
from typing import Any, Final

import structlog

from wispgate.kernel.clock import Clock
from wispgate.network.enforcement.outcomes import Outcome, read_outcome
from wispgate.network.transport.applications import RemotePeer
from wispgate.network.transport.node import DiameterNode
from wispgate.network.transport.requests import (
    ConnectionGone,
    NoAnswer,
    OutgoingRequest,
    PeerAway,
)
from wispgate.store.hot import HotStore
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.message import AvpItem

_log = structlog.get_logger("enforcement")

_NO_STATE_MAINTAINED: Final = 1


class Resets:
    """Tells the serving nodes that this process is connected with."""

    def __init__(self, store: HotStore, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._is_telling = False

    async def tell(self, node: DiameterNode) -> None:
        """Sends what is due, unless that is under way. Raises DatabaseLost."""
        if self._is_telling:
            return
        self._is_telling = True
        try:
            await self._tell(node)
        finally:
            self._is_telling = False

    async def _tell(self, node: DiameterNode) -> None:
        peers = [p for p in node.open_peers if commands.APPLICATION_S6A in p.application_ids]
        if not peers:
            return
        origins = {peer.key: node.origin_towards(*peer.key) for peer in peers}
        asked = _columns([(*peer.key, origins[peer.key].host) for peer in peers])
        due = await self._store.public.fetch("list_resets_due", asked)
        known = {(row["core_id"], row["identity"]) for row in due}
        fresh = [(*peer.key, origins[peer.key].host) for peer in peers if peer.key not in known]
        if fresh:
            await self._store.public.fetch("note_resets", _columns(fresh))
        by_key = {peer.key: peer for peer in peers}
        for row in due:
            key = row["core_id"], row["identity"]
            if await self._send(node, by_key[key], origins[key]):
                await self._store.public.fetch("note_resets", _columns([(*key, origins[key].host)]))

    async def _send(self, node: DiameterNode, peer: RemotePeer, origin: Origin) -> bool:
        """Whether it knows now. One that refuses the command is not asked again."""
        request = OutgoingRequest(
            commands.APPLICATION_S6A, commands.COMMAND_RESET, self._avps(peer, origin)
        )
        try:
            answer = await node.send_request(*peer.key, request)
        except (PeerAway, ConnectionGone, NoAnswer) as error:
            _log.warning("reset not told", peer=peer.identity, cause=error.code)
            return False
        outcome, result = read_outcome(answer)
        _log.warning("reset told", peer=peer.identity, result=result, cause="our state was lost")
        return outcome is not Outcome.BUSY

    def _avps(self, peer: RemotePeer, origin: Origin) -> list[AvpItem]:
        """No User-Id: whatever the node has of ours may be out of date."""
        high = int(self._clock.now().timestamp()) & 0xFFFF_FFFF
        low = int.from_bytes(os.urandom(4), "big")
        return [
            ("Session-Id", f"{origin.host};{high};{low};reset"),
            (
                "Vendor-Specific-Application-Id",
                [
                    ("Vendor-Id", commands.VENDOR_3GPP),
                    ("Auth-Application-Id", commands.APPLICATION_S6A),
                ],
            ),
            ("Auth-Session-State", _NO_STATE_MAINTAINED),
            ("Origin-Host", origin.host),
            ("Origin-Realm", origin.realm),
            ("Destination-Host", peer.identity),
            ("Destination-Realm", peer.realm),
        ]


def _columns(rows: Sequence[tuple[Any, str, str]]) -> dict[str, object]:
    return {
        "core_ids": [core_id for core_id, _, _ in rows],
        "identities": [identity for _, identity, _ in rows],
        "local_identities": [local for _, _, local in rows],
    }
