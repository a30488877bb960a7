"""A Diameter node in the test's own process, its peers' rows, and lines for it to know."""

import asyncio
import gc
import os
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any, cast
from uuid import UUID

import psycopg

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from wispgate.domain.authentication.keys import AlgorithmName, KeyMaterial
from wispgate.domain.authentication.milenage import opc_of
from wispgate.domain.authentication.sealing import OpeningKey, seal
from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.policy.profile import ApnProfile, Barring, NetworkProfile
from wispgate.kernel.clock import Clock
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.ids import uuid7
from wispgate.main.diameter_process import running_node
from wispgate.main.rules import Address
from wispgate.main.settings import Settings
from wispgate.network.hss.key_holders import HeldKeys, KeyHolder
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient
from wispgate.simulator.usim import Usim
from wispgate.store import sync, tenancy
from wispgate.store.hot import HotStore
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import APPLICATION_S6A, VENDOR_3GPP
from wispgate.wire.diameter.header import HEADER_LENGTH
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.timing import Timing
from wispgate.wire.diameter.types import Address as HostAddress

REALM = "epc.test"
HOST = "hss.epc.test"
MME_HOST = "mme.epc.test"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
# How long a test waits for what is certain to come, on a busy machine.
PATIENCE = 20.0


def new_id() -> UUID:
    return uuid7(NOW, os.urandom(10))


@dataclass
class Card:
    """A SIM and its line in the network's tables."""

    imsi: str
    iccid: str
    k: bytes = field(repr=False)
    opc: bytes = field(repr=False)
    line_id: UUID = field(default_factory=new_id)

    def usim(self) -> Usim:
        return Usim(Imsi(self.imsi), self.k, self.opc)


class Rows:
    """Writes rows the way business services do: as role web, in the operator's scope."""

    def __init__(self, database: TestDatabase, opening_key: OpeningKey) -> None:
        self.database = database
        self.opening_key = opening_key
        self.operator_id = new_id()
        self.core_id = new_id()
        self._version = 0

    def add_core(self, *, unknown_imsi: str = "unknown", profile: str = "generic3gpp") -> None:
        """One operator, one core for all IMSIs, one MME that may connect from loopback."""
        with self.database.connect("web") as connection:
            connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
            connection.execute(
                "INSERT INTO operators_operator"
                " (id, slug, name, kind, currency, time_zone, languages, created_at)"
                " VALUES (%s, %s, %s, 'mno', 'EUR', 'UTC', '{en}', %s)",
                (self.operator_id, "test", "Test", NOW),
            )
            connection.execute(
                "INSERT INTO operators_core VALUES (%s, %s, %s, %s, %s)",
                (self.core_id, "test-core", ["001-01"], unknown_imsi, NOW),
            )
            connection.execute(
                "INSERT INTO operators_coreservice (id, core_id, operator_id, first_imsi, last_imsi)"
                " VALUES (%s, %s, %s, %s, %s)",
                (new_id(), self.core_id, self.operator_id, "0" * 15, "9" * 15),
            )
        self.add_peer(MME_HOST, profile=profile)

    def add_peer(
        self,
        identity: str,
        *,
        profile: str = "generic3gpp",
        applications: tuple[str, ...] = ("s6a",),
        addresses: tuple[str, ...] = ("127.0.0.1/32",),
        realm: str = REALM,
        **columns: Any,
    ) -> None:
        """`columns` are further ones of the row, such as `transport` and `connect_to`."""
        self.add_peers(
            [identity], profile=profile, applications=applications, addresses=addresses, realm=realm
        )
        self.change_peer(identity, **columns)

    def change_peer(self, identity: str, **columns: Any) -> None:
        with self.database.admin() as connection:
            for name, value in columns.items():
                connection.execute(
                    f"UPDATE operators_peer SET {name} = %s WHERE identity = %s",  # noqa: S608 (a test's own words)
                    (value, identity),
                )

    def change_core(self, **columns: Any) -> None:
        with self.database.admin() as connection:
            for name, value in columns.items():
                connection.execute(f"UPDATE operators_core SET {name} = %s", (value,))  # noqa: S608 (a test's own words)

    def add_peers(
        self,
        identities: Iterable[str],
        *,
        profile: str = "generic3gpp",
        applications: tuple[str, ...] = ("s6a",),
        addresses: tuple[str, ...] = ("127.0.0.1/32",),
        realm: str = REALM,
    ) -> None:
        with self.database.connect("web") as connection:
            connection.execute(tenancy.set_local({"app.platform": "on", "app.actor": "test"}))
            connection.cursor().executemany(
                "INSERT INTO operators_peer (id, core_id, identity, realm, addresses, applications,"
                " profile, is_enabled, created_at) VALUES (%s, %s, %s, %s, %s, %s, %s, true, %s)",
                [
                    (
                        new_id(), self.core_id, identity, realm, list(addresses),
                        list(applications), profile, NOW,
                    )
                    for identity in identities
                ],
            )  # fmt: skip

    def add_card(self, imsi: str, *, barring: Barring = Barring.NONE, msisdn: str = "") -> Card:
        """A card of its own account, with a line that may do what `barring` leaves."""
        with self.connect() as connection, connection.cursor() as cursor:
            return self._add_card(cursor, imsi, barring, msisdn)

    def add_cards(self, imsis: Iterable[str]) -> list[Card]:
        """Many of them, in one transaction."""
        with self.connect() as connection, connection.cursor() as cursor:
            return [self._add_card(cursor, imsi, Barring.NONE, "") for imsi in imsis]

    def _add_card(self, cursor: psycopg.Cursor, imsi: str, barring: Barring, msisdn: str) -> Card:
        k = secrets.token_bytes(16)
        card = Card(imsi, "8988211" + imsi[-11:] + "0", k, opc_of(k, secrets.token_bytes(16)))
        account_id, partition = new_id(), int(imsi[-1]) % self.database.partitions
        owner = {"operator_id": self.operator_id, "account_id": account_id}
        keys = KeyMaterial(AlgorithmName.MILENAGE, card.k, card.opc)
        sealed = seal(self.opening_key.sealing_key, keys.encode(), bound_to=card.iccid)
        sync.run(cursor, "add_account", owner | {"partition": partition})
        sync.run(
            cursor,
            "add_identity",
            owner
            | {
                "core_id": self.core_id, "kind": "imsi", "value": imsi,
                "partition": partition, "line_id": card.line_id,
            },
        )  # fmt: skip
        sync.run(
            cursor,
            "put_authentication",
            owner
            | {
                "core_id": self.core_id, "imsi": imsi, "line_id": card.line_id,
                "iccid": card.iccid, "sealed_key": sealed, "sqn": 0,
            },
            partition=partition,
        )  # fmt: skip
        self._put_line(cursor, card, owner, partition, barring, msisdn)
        return card

    def refusals(self) -> list[tuple[str, str, int]]:
        """Who was turned away, why, how often."""
        with self.database.admin() as connection:
            return connection.execute(
                "SELECT identity, reason, attempts FROM refused_connection ORDER BY last_at"
            ).fetchall()

    def leases(self) -> dict[str, tuple[str, str]]:
        """Holder and state of each lease, by remote identity."""
        with self.database.admin() as connection:
            rows = connection.execute(
                "SELECT identity, holder, state FROM peer_connection"
            ).fetchall()
        return {identity: (holder, state) for identity, holder, state in rows}

    def connect(self) -> psycopg.Connection:
        connection = self.database.connect("web")
        connection.execute(tenancy.set_local_operator(self.operator_id))
        return connection

    def _put_line(
        self, cursor: psycopg.Cursor, card: Card, owner: dict[str, UUID], partition: int,
        barring: Barring, msisdn: str,
    ) -> None:  # fmt: skip
        self._version += 1
        plan = basic_plan()
        profile = NetworkProfile(
            version=self._version,
            barring=barring,
            apns=tuple(ApnProfile(n, a.name, a.speed) for n, a in enumerate(plan.apns, 1)),
            speed=plan.speed,
        )
        sync.run(
            cursor,
            "put_line",
            owner
            | {
                "line_id": card.line_id, "core_id": self.core_id, "state": "active",
                "imsi": card.imsi, "msisdn": msisdn or None, "profile": profile.encode(),
                "profile_version": self._version, "plan_id": None, "plan_version": None,
                "time_zone": "UTC", "now": NOW,
            },
            partition=partition,
        )  # fmt: skip

    def bar(self, card: Card, barring: Barring) -> None:
        """What a suspension does to the line."""
        partition = int(card.imsi[-1]) % self.database.partitions
        with self.connect() as connection, connection.cursor() as cursor:
            rows = sync.run(cursor, "find_line", {"line_id": card.line_id}, partition=partition)
            self._version = max(self._version, rows[0]["profile_version"])
            owner = {"operator_id": self.operator_id, "account_id": rows[0]["account_id"]}
            self._put_line(cursor, card, owner, partition, barring, rows[0]["msisdn"] or "")


@asynccontextmanager
async def a_node(
    database: TestDatabase, opening_key: OpeningKey | KeyHolder,
    *, clock: Clock | None = None, name: str = HOST, realm: str = REALM, number: int = 1,
    timing: Timing | None = None, **settings: Any,
) -> AsyncIterator[DiameterNode]:  # fmt: skip
    """All network functions on a free port of loopback, as the role network.

    `number` is that of the process; `settings` are further fields of `Settings`.

    What a task or callback lets fall is an error of the test.
    """
    given = Settings(
        data=Path("unused"),
        diameter=Address("127.0.0.1", 0),
        diameter_tls=Address("127.0.0.1", 0),
        origin_host=name,
        origin_realm=realm,
        **settings,
    )
    fallen: list[dict[str, object]] = []
    before = asyncio.all_tasks()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: fallen.append(context))
    async with (
        HotStore(database.dsn("network")) as store,
        running_node(
            store,
            HeldKeys([opening_key]) if isinstance(opening_key, OpeningKey) else opening_key,
            settings=given,
            clock=clock or TravellingClock(NOW),
            number=number,
            timing=timing,
        ) as node,
    ):
        yield node
    # A query that was broken off is told so to the server, beside everything else: what began with
    # the node may end after it, and only what never ends is a fault.
    begun = asyncio.all_tasks() - before - {asyncio.current_task()}
    if begun:
        await asyncio.wait(begun, timeout=1)
    del begun
    gc.collect()
    loop.set_exception_handler(None)
    assert fallen == []


async def an_mme(node: DiameterNode, host: str = MME_HOST) -> DiameterClient:
    """A connected client that speaks S6a."""
    client = DiameterClient(host, REALM, [Application(APPLICATION_S6A, VENDOR_3GPP)])
    return await client.connect("127.0.0.1", node.port)


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what another task does soon."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (there is nobody to tell)
            await asyncio.sleep(0.01)


class RawPeer:
    """A connection of which a test writes every octet."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int, *, receive_buffer: int = 0, source: str = "") -> "RawPeer":
        """Connects without a word; a small receive buffer fills soon."""
        plain = socket.socket()
        if source:
            plain.bind((source, 0))
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        plain.setblocking(False)
        await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=plain, limit=1 << 24)
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(reader, writer)

    @classmethod
    async def open_tls(cls, port: int, context: ssl.SSLContext, name: str) -> "RawPeer":
        """Connects and shakes hands with a node that has to be `name`."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name, limit=1 << 24
        )
        return cls(reader, writer)

    async def introduce(
        self, host: str = MME_HOST, realm: str = REALM,
        applications: Iterable[Application] = (Application(APPLICATION_S6A, VENDOR_3GPP),),
    ) -> Message:  # fmt: skip
        """Sends a CER; the CEA."""
        self.write(messages_of(host, realm, applications).capabilities_request(NOW))
        return await self.read()

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self) -> Message:
        """The next whole message. Raises IncompleteReadError at the end, TimeoutError."""
        return decode_message(await self.read_octets())

    async def read_octets(self) -> bytes:
        """As `read`, not decoded."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readexactly(HEADER_LENGTH)
            rest = int.from_bytes(head[1:4], "big") - HEADER_LENGTH
            return head + await self.reader.readexactly(rest)

    def stop_reading(self) -> None:
        """From here on the node's octets stay in the kernel, and then with the node."""
        cast(asyncio.Transport, self.writer.transport).pause_reading()

    async def is_closed_by_the_node(self) -> bool:
        """Whether the connection ends; what comes before is thrown away."""
        try:
            async with asyncio.timeout(PATIENCE):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            return True
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        self.writer.close()
        with suppress(ConnectionError):  # the node was faster
            await self.writer.wait_closed()


def messages_of(
    host: str, realm: str = REALM,
    applications: Iterable[Application] = (Application(APPLICATION_S6A, VENDOR_3GPP),),
) -> BaseMessages:  # fmt: skip
    """What a client node of that name says of the base protocol."""
    addresses = (HostAddress.parse("127.0.0.1"),)
    local = LocalNode(host, realm, addresses, tuple(applications), product_name="test")
    return BaseMessages(local, seed=1)


@contextmanager
def a_node_in_a_thread(
    database: TestDatabase, opening_key: OpeningKey, *, clock: Clock, **settings: Any
) -> Iterator[DiameterNode]:
    """The node on a loop of its own, as it is in life.

    On the loop of a test that also calls business services, a lock that the node holds would wait
    for a loop that waits for the lock.
    """
    started: Future[DiameterNode] = Future()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        try:
            async with a_node(database, opening_key, clock=clock, **settings) as node:
                started.set_result(node)
                await stop.wait()
        except BaseException as error:
            if not started.done():
                started.set_exception(error)
            raise

    thread = Thread(target=lambda: asyncio.run(live()), name="node")
    thread.start()
    try:
        yield started.result(timeout=60)
    finally:
        loop, stop = stopping[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(timeout=60)
