"""A node with HSS, PCRF and enforcement, an MME and a gateway beside it, and lines to change."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, NOW, REALM, Card, Rows, new_id
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.policy.events import NetworkProfileChanged
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.kernel.plmn import Plmn
from wispgate.network.enforcement.enforcer import Enforcer
from wispgate.network.enforcement.messages import Vocabulary
from wispgate.network.hss.authentication_centre import AuthenticationCentre
from wispgate.network.hss.key_holders import HeldKeys
from wispgate.network.hss.locations import Locations
from wispgate.network.hss.presence import Presence
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.s6a import S6a
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.pcrf.gx import Gx
from wispgate.network.pcrf.policy import pushed_policy
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.node import DiameterNode, Doors
from wispgate.simulator.diameter import DiameterClient
from wispgate.store import outbox, sync
from wispgate.store.access_log import AccessLog
from wispgate.store.directory import Directory
from wispgate.store.equipment import Equipment
from wispgate.store.hot import HotStore
from wispgate.store.lines import LineCache
from wispgate.store.policy_sessions import PolicySessions
from wispgate.store.profiles import ProfileCache
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_GX,
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    COMMAND_CREDIT_CONTROL,
    COMMAND_RE_AUTH,
    COMMAND_UPDATE_LOCATION,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.types import Address

PGW_HOST = "pgw.epc.test"
OTHER_MME_HOST = "mme2.epc.test"
IMSI = "001010000000001"
PLMN = Plmn("001", "01")
EVERY_APPLICATION = (
    Application(APPLICATION_S6A, VENDOR_3GPP),
    Application(APPLICATION_GX, VENDOR_3GPP),
    Application(APPLICATION_CREDIT_CONTROL, 0),
)
VOCABULARY = Vocabulary(subscription_data, pushed_policy)


class Lines(Rows):
    """Rows whose profiles change the way business and charging change them."""

    def change(self, card: Card, *, tells: bool = True, **changes: Any) -> NetworkProfile:
        """A new version of the line's profile, told through the outbox."""
        partition = self._partition(card)
        with self.connect() as connection, connection.cursor() as cursor:
            row = sync.run(cursor, "find_line", {"line_id": card.line_id}, partition=partition)[0]
            given = row["profile"]
            before = NetworkProfile.decode(given if isinstance(given, str) else json.dumps(given))
            profile = replace(before, version=row["profile_version"] + 1, **changes)
            values = {
                name: row[name]
                for name in (
                    *("line_id", "operator_id", "account_id", "core_id", "state", "imsi"),
                    *("msisdn", "plan_id", "plan_version", "time_zone"),
                )
            }
            values |= {
                "profile": profile.encode(), "profile_version": profile.version, "now": NOW
            }  # fmt: skip
            sync.run(cursor, "put_line", values, partition=partition)
            if tells:
                self._tell(cursor, card, row["account_id"], profile.version)
        return profile

    def exhaust(self, card: Card, *, is_exhausted: bool = True) -> None:
        """What charging does when a quota is used up, or filled again."""
        schema = f"hot_{self._partition(card):02d}"
        kind = "charging.quota_exhausted" if is_exhausted else "charging.quota_restored"
        with self.connect() as connection:
            connection.execute(
                f"UPDATE {schema}.line SET is_exhausted = %s WHERE line_id = %s",  # noqa: S608
                (is_exhausted, card.line_id),
            )
            connection.execute(
                f"INSERT INTO {schema}.outbox (event_id, operator_id, line_id, kind, payload,"  # noqa: S608
                " occurred_at) VALUES (%s, %s, %s, %s, '{}', %s)",
                (new_id(), self.operator_id, card.line_id, kind, NOW),
            )

    def remove_identities(self, card: Card) -> None:
        with self.connect() as connection:
            connection.execute("DELETE FROM identity WHERE line_id = %s", (card.line_id,))

    def open_charging_session(self, card: Card, session_id: str, peer: str) -> None:
        """What the online charging system has of a session that got its units."""
        schema = f"hot_{self._partition(card):02d}"
        with self.connect() as connection:
            connection.execute(
                f"INSERT INTO {schema}.charging_session (session_id, operator_id, account_id,"  # noqa: S608
                " line_id, core_id, peer, apn, visited_plmn, plan_id, plan_version, last_number,"
                " is_open, opened_at, seen_at) SELECT %s, operator_id, account_id, line_id, core_id,"
                f" %s, 'internet', '00101', line_id, 1, 0, true, %s, %s FROM {schema}.line"
                " WHERE line_id = %s",
                (session_id, peer, NOW, NOW, card.line_id),
            )

    def report_charging(self, card: Card, now: datetime) -> None:
        """A report of the charging session arrived."""
        schema = f"hot_{self._partition(card):02d}"
        with self.connect() as connection:
            connection.execute(
                f"UPDATE {schema}.charging_session SET seen_at = %s WHERE line_id = %s",  # noqa: S608
                (now, card.line_id),
            )

    def add_foreign_peer(self, identity: str, realm: str, *, profile: str) -> None:
        """A gateway of another realm."""
        self.add_peer(identity, applications=("gx", "gy"), profile=profile)
        with self.database.admin() as admin:
            admin.execute(
                "UPDATE operators_peer SET realm = %s WHERE identity = %s", (realm, identity)
            )

    def swap(self, card: Card, imsi: str) -> None:
        """The line has another card from now on."""
        schema = f"hot_{self._partition(card):02d}"
        with self.connect() as connection:
            connection.execute(
                f"UPDATE {schema}.line SET imsi = %s WHERE line_id = %s",  # noqa: S608
                (imsi, card.line_id),
            )
        self.change(card)

    def add_number(self, card: Card, msisdn: str) -> None:
        """Makes the number find the line."""
        with self.connect() as connection:
            connection.execute(
                "INSERT INTO identity SELECT core_id, 'msisdn', %s, operator_id, account_id,"
                " partition, line_id FROM identity WHERE line_id = %s AND kind = 'imsi'",
                (msisdn, card.line_id),
            )

    def pushes(self, card: Card) -> list[dict[str, Any]]:
        """All pushes of the line, oldest first."""
        return self.read(
            card,
            "SELECT effect, means, state, result, evidence, attempts, target_host, session_id"
            " FROM {schema}.push WHERE line_id = %s ORDER BY push_id",
        )

    def sessions(self, card: Card) -> list[dict[str, Any]]:
        return self.read(
            card,
            "SELECT session_id, apn, framed_address, up_bps, down_bps, profile_version, is_open,"
            " last_number FROM {schema}.policy_session WHERE line_id = %s ORDER BY opened_at,"
            " session_id",
        )

    def registration(self, card: Card) -> dict[str, Any]:
        rows = self.read(
            card,
            "SELECT mme_host, known_profile_version, purged_at FROM {schema}.registration"
            " WHERE line_id = %s",
        )
        return rows[0]

    def read(self, card: Card, query: str) -> list[dict[str, Any]]:
        with self.connect() as connection:
            cursor = connection.execute(
                query.format(schema=f"hot_{self._partition(card):02d}"), (card.line_id,)
            )
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _tell(self, cursor: Any, card: Card, account_id: Any, version: int) -> None:
        event = NetworkProfileChanged(
            operator_id=self.operator_id,
            occurred_at=NOW,
            account_id=account_id,
            line_id=card.line_id,
            version=version,
        )
        outbox.append(cursor, new_id(), event, partition=self._partition(card))

    def _partition(self, card: Card) -> int:
        return int(card.imsi[-1]) % self.database.partitions


@dataclass
class Node:
    """A running Diameter process, as far as these functions go."""

    diameter: DiameterNode
    enforcer: Enforcer
    clock: TravellingClock
    running: "asyncio.Task[None] | None" = None

    @property
    def port(self) -> int:
        return self.diameter.port

    async def stop_enforcing(self) -> None:
        """The node lives on, and tells nobody anything."""
        self.enforcer.stop()
        if self.running is not None:
            await self.running


@asynccontextmanager
async def a_policy_node(
    database: TestDatabase,
    opening_key: OpeningKey,
    *,
    clock: TravellingClock | None = None,
    name: str = HOST,
    realm: str = REALM,
    enforces: bool = True,
) -> AsyncIterator[Node]:
    clock = clock or TravellingClock(NOW)
    async with HotStore(database.dsn("network")) as store:
        lines, access_log = LineCache(ProfileCache()), AccessLog(store)
        directory = Directory(store)
        applications = [
            S6a(
                directory,
                AuthenticationCentre(
                    store, HeldKeys([opening_key]), lines, access_log, clock=clock
                ),
                Locations(store, lines, clock=clock),
                Reports(
                    directory,
                    Presence(store, lines, clock=clock),
                    Equipment(store, ProfileCache(), clock=clock),
                ),
                access_log,
                clock=clock,
            ),
            Gx(directory, PolicySessions(store, lines, clock=clock), access_log, clock=clock),
        ]
        leases = Leases(store, holder=name, local_identity=name)
        local = LocalNode(
            origin_host=name,
            origin_realm=realm,
            host_ip_addresses=(Address.parse("127.0.0.1"),),
            applications=EVERY_APPLICATION,
            origin_state_id=await leases.keep_origin_state(now=clock.now()),
        )
        dispatcher = Dispatcher({a.application_id: a for a in applications}, Origin(name, realm))
        diameter = DiameterNode(local, dispatcher, leases, clock=clock)
        await diameter.start(Doors("127.0.0.1", 0))
        enforcer = Enforcer(store, VOCABULARY, clock=clock)
        node = Node(diameter, enforcer, clock)
        if enforces:
            node.running = asyncio.create_task(enforcer.run(diameter))
        try:
            yield node
        finally:
            if node.running is not None:
                node.running.cancel()
            await diameter.stop()


@dataclass
class Client:
    """A node of the core: asks as an MME or gateway does, and answers what we ask."""

    host: str
    answers: Callable[[Message], Result | int] = lambda _: 2001
    asked: list[Message] = field(default_factory=list)
    diameter: DiameterClient | None = None
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def connect(self, node: Node) -> "Client":
        client = DiameterClient(self.host, REALM, EVERY_APPLICATION, serve=self._serve)
        self.diameter = await client.connect("127.0.0.1", node.port)
        return self

    async def close(self) -> None:
        if self.diameter is not None:
            await self.diameter.close()
            self.diameter = None

    def _serve(self, message: Message) -> bytes:
        self.asked.append(message)
        self.heard.set()
        common: list[AvpItem] = []
        if message.header.command_code != COMMAND_RE_AUTH:
            common = [("Auth-Session-State", 1)]
        return answer_to(message, self.answers(message), Origin(self.host, REALM), common)

    async def air(self, imsi: str = IMSI) -> Message:
        wanted: list[AvpItem] = [("Number-Of-Requested-Vectors", 1)]
        avps: list[AvpItem] = [
            ("Requested-EUTRAN-Authentication-Info", wanted),
            ("Visited-PLMN-Id", PLMN.encode()),
        ]
        return await self.s6a(COMMAND_AUTHENTICATION_INFORMATION, imsi, avps)

    async def ulr(
        self, imsi: str = IMSI, *, flags: int = 34, plmn: Plmn = PLMN, rat_type: int = 1004,
        features: tuple[int, int] | None = None, more: list[AvpItem] | None = None,
    ) -> Message:  # fmt: skip
        """`features` are Feature-Lists 1 and 2; None: nothing is said of them."""
        avps: list[AvpItem] = [
            ("RAT-Type", rat_type), ("ULR-Flags", flags), ("Visited-PLMN-Id", plmn.encode())
        ]  # fmt: skip
        for number, bits in enumerate(features or (), start=1):
            group = [("Vendor-Id", 10415), ("Feature-List-ID", number), ("Feature-List", bits)]
            avps.append(("Supported-Features", group))
        return await self.s6a(COMMAND_UPDATE_LOCATION, imsi, [*avps, *(more or [])])

    async def ccr(
        self, request_type: int, number: int, session_id: str, *, more: list[AvpItem] | None = None,
        leaves_out: tuple[str, ...] = (), subscription: tuple[int, str] = (1, IMSI),
        apn: str = "internet", address: bytes = b"\x0a\x2d\x00\x02",
    ) -> Message:  # fmt: skip
        kind, data = subscription
        avps: list[tuple[str, Any]] = [
            ("Session-Id", session_id),
            ("Auth-Application-Id", APPLICATION_GX),
            ("Origin-Host", self.host),
            ("Origin-Realm", REALM),
            ("Destination-Realm", REALM),
            ("CC-Request-Type", request_type),
            ("CC-Request-Number", number),
            (
                "Subscription-Id",
                [("Subscription-Id-Type", kind), ("Subscription-Id-Data", data)],
            ),
            ("Called-Station-Id", apn),
            ("Framed-IP-Address", address),
            ("3GPP-SGSN-MCC-MNC", "00101"),
            ("RAT-Type", 1004),
            ("Network-Request-Support", 1),
        ]
        kept = [avp for avp in avps if avp[0] not in leaves_out]
        return await self.request(APPLICATION_GX, COMMAND_CREDIT_CONTROL, [*kept, *(more or [])])

    async def request(self, application: int, command: int, avps: list[Any]) -> Message:
        assert self.diameter is not None
        return await self.diameter.request(application, command, avps)

    async def s6a(self, command: int, imsi: str, avps: list[AvpItem]) -> Message:
        assert self.diameter is not None
        common: list[AvpItem] = [
            ("Session-Id", self.diameter.new_session_id()),
            (
                "Vendor-Specific-Application-Id",
                [("Vendor-Id", VENDOR_3GPP), ("Auth-Application-Id", APPLICATION_S6A)],
            ),
            ("Auth-Session-State", 1),
            ("Origin-Host", self.host),
            ("Origin-Realm", REALM),
            ("Destination-Realm", REALM),
            ("User-Name", imsi),
        ]
        return await self.request(APPLICATION_S6A, command, [*common, *avps])


def result_of(answer: Message) -> int:
    code = answer.find_int("Result-Code")
    if code is not None:
        return code
    return answer.get_avp("Experimental-Result").members.get_int("Experimental-Result-Code")


async def until(condition: Callable[[], bool], *, seconds: float = 15.0) -> None:
    """Waits for something that happens by itself; fails the test if it does not."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (what is waited for stands in the database)
            await asyncio.sleep(0.05)
