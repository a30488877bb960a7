"""Messages, nodes and links for the tests of the Diameter codec and peer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_S6A,
    COMMAND_CREDIT_CONTROL,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.events import Event
from wispgate.wire.diameter.header import Header, request_header
from wispgate.wire.diameter.message import AvpItem, encode_message
from wispgate.wire.diameter.peer import Peer
from wispgate.wire.diameter.timing import Timing
from wispgate.wire.diameter.types import Address

DATA = Path(__file__).parents[3] / "data" / "diameter"
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TIMING = Timing()
GY = Application(APPLICATION_CREDIT_CONTROL)
S6A = Application(APPLICATION_S6A, VENDOR_3GPP)


def rows_of(name: str) -> list[dict[str, Any]]:
    with (DATA / name).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def a_header(code: int = COMMAND_CREDIT_CONTROL, application: int = 4, number: int = 1) -> Header:
    return request_header(code, application, hop_by_hop=number, end_to_end=number + 1000)


def ccr_avps() -> list[AvpItem]:
    return [
        ("Session-Id", "smf.example;1;1"),
        ("Origin-Host", "smf.example"),
        ("Origin-Realm", "example"),
        ("Destination-Realm", "example"),
        ("Auth-Application-Id", 4),
        ("Service-Context-Id", "32251@3gpp.org"),
        ("CC-Request-Type", 1),
        ("CC-Request-Number", 0),
    ]


def a_ccr(*more: AvpItem, without: str = "") -> bytes:
    kept = [item for item in ccr_avps() if not (isinstance(item, tuple) and item[0] == without)]
    return encode_message(a_header(), [*kept, *more])


def a_message(number: int) -> bytes:
    """A message that differs in length and content from those of other numbers."""
    return encode_message(a_header(number=number), [("Session-Id", "x" * (number * 7))])


def a_node(host: str = "hss.example", *applications: Application, **more: Any) -> LocalNode:
    return LocalNode(
        origin_host=host,
        origin_realm="example",
        host_ip_addresses=(Address.parse("192.0.2.1"),),
        applications=applications or (GY, S6A),
        **more,
    )


def a_peer(host: str = "hss.example", role: Any = "initiator", **more: Any) -> Peer:
    node = more.pop("node", None) or a_node(host)
    return Peer(node, role, jitter=timedelta, seed=more.pop("seed", 1), **more)


class Link:
    """An initiator and a responder with a wire between them that a test may cut anywhere."""

    def __init__(self, initiator: Peer, responder: Peer, *, cut: int = 0) -> None:
        self.initiator = initiator
        self.responder = responder
        self.now = NOW
        self.cut = cut
        self.is_up = False
        self.heard: dict[str, list[Event]] = {"initiator": [], "responder": []}

    def start(self) -> None:
        self.heard["initiator"] += self.initiator.start(now=self.now)

    def connect(self) -> None:
        self.is_up = True
        self.heard["initiator"] += self.initiator.connection_made(now=self.now)
        self.heard["responder"] += self.responder.connection_made(now=self.now)
        self.flow()

    def open(self) -> None:
        """Capabilities are exchanged both ways."""
        self.start()
        self.connect()
        self.heard["responder"] += self.responder.accept(now=self.now)
        self.flow()

    def drop(self) -> None:
        """The transport connection breaks for both."""
        self.is_up = False
        self.heard["initiator"] += self.initiator.connection_lost(now=self.now)
        self.heard["responder"] += self.responder.connection_lost(now=self.now)

    def flow(self) -> None:
        """Octets travel both ways until nobody has more to say."""
        while True:
            to_responder = self.initiator.data_to_send(now=self.now)
            to_initiator = self.responder.data_to_send(now=self.now)
            if not (to_responder or to_initiator):
                return
            for piece in self._pieces(to_responder):
                self.heard["responder"] += self.responder.receive_data(piece, now=self.now)
            for piece in self._pieces(to_initiator):
                self.heard["initiator"] += self.initiator.receive_data(piece, now=self.now)

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        size = self.cut or max(len(data), 1)
        return (data[i : i + size] for i in range(0, len(data), size))

    def wait(self, seconds: float, *, is_deaf: bool = False) -> None:
        """Time passes, timers fire in order; with `is_deaf` nothing arrives anywhere."""
        until = self.now + timedelta(seconds=seconds)
        while True:
            timers = [p.get_timer() for p in (self.initiator, self.responder)]
            due = min((t for t in timers if t is not None), default=None)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.heard["initiator"] += self.initiator.handle_timer(now=self.now)
            self.heard["responder"] += self.responder.handle_timer(now=self.now)
            if is_deaf:
                self.initiator.data_to_send(now=self.now)
                self.responder.data_to_send(now=self.now)
            else:
                self.flow()
        self.now = until

    def take(self, who: str) -> list[Event]:
        """What one side has heard since it was last asked."""
        heard, self.heard[who] = self.heard[who], []
        return heard


def a_link(**more: Any) -> Link:
    """Two peers that have not met yet."""
    cut = more.pop("cut", 0)
    return Link(
        a_peer("mme.example", "initiator", seed=1, **more),
        a_peer("hss.example", "responder", seed=2, **more),
        cut=cut,
    )


def an_open_link(**more: Any) -> Link:
    link = a_link(**more)
    link.open()
    link.take("initiator")
    link.take("responder")
    return link
