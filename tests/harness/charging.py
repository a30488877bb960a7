"""Lines with plans and buckets, a node that charges them, and a gateway that asks it."""

import asyncio
import contextlib
import cProfile
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import prometheus_client
import structlog
from psycopg import sql
from psycopg.rows import dict_row

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import REALM, Rows, new_id
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.basic import basic_plan
from wispgate.domain.plan.compiled import CompiledPlan
from wispgate.domain.policy.facts import LineFacts, LineState, Suspension
from wispgate.domain.policy.profile import compile_profile
from wispgate.kernel.clock import Clock
from wispgate.main.clocks import SystemClock
from wispgate.main.memory import calm_collector
from wispgate.network.ocs.charging import Charging
from wispgate.network.ocs.gy import Gy
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.node import DiameterNode, Doors
from wispgate.simulator.diameter import DiameterClient
from wispgate.store import sync
from wispgate.store.access_log import AccessLog
from wispgate.store.charging_lines import ChargingLines
from wispgate.store.charging_rows import bucket_row
from wispgate.store.directory import Directory
from wispgate.store.hot import HotStore
from wispgate.store.plans import PlanCache
from wispgate.store.profiles import ProfileCache
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL, COMMAND_CREDIT_CONTROL
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, FLAG_RETRANSMITTED
from wispgate.wire.diameter.message import AvpItem, Message
from wispgate.wire.diameter.types import Address

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
OCS_HOST = "ocs.epc.test"
GATEWAY_HOST = "pgw.epc.test"
IMSI = "001010000000001"
ZONE = ZoneInfo("UTC")
_ROOT = Path(__file__).resolve().parents[2]
# A process that is told to end and does not is a fault.
_PATIENCE = 60.0

TYPES = {"I": 1, "U": 2, "T": 3, "E": 4}
_ONE_KEY = OpeningKey(bytes(range(32)))


@dataclass
class Line:
    """A line in the network's tables."""

    imsi: str
    account_id: UUID
    partition: int
    line_id: UUID = field(default_factory=new_id)
    version: int = 0
    plan: CompiledPlan | None = None


class Subscribers:
    """Writes lines, plans and buckets as the business side does."""

    def __init__(self, database: TestDatabase, *, profile: str = "generic3gpp") -> None:
        self.rows = Rows(database, _ONE_KEY)
        self.database = database
        self.rows.add_core(profile=profile)
        self.add_gateway(GATEWAY_HOST, profile=profile)

    @property
    def operator_id(self) -> UUID:
        return self.rows.operator_id

    def add_gateway(self, host: str, *, profile: str = "generic3gpp", realm: str = REALM) -> None:
        self.rows.add_peer(host, profile=profile, applications=("gy",), realm=realm)

    def add_plan(self, plan: CompiledPlan) -> None:
        with self.rows.connect() as connection:
            connection.execute(
                "INSERT INTO compiled_plan VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (plan.plan_id, plan.version, self.operator_id, plan.encode()),
            )

    def add_line(
        self, imsi: str = IMSI, plan: CompiledPlan | None = None, *buckets: Bucket,
        account: Line | None = None, msisdn: str = "", is_suspended: bool = False,
    ) -> Line:  # fmt: skip
        """A line of its own account, or of another line's."""
        partition = int(imsi[-1]) % self.database.partitions
        line = Line(imsi, new_id(), partition, plan=plan)
        if account is not None:
            line.account_id, line.partition = account.account_id, account.partition
        if plan is not None:
            self.add_plan(plan)
        with self.rows.connect() as connection, connection.cursor() as cursor:
            if account is None:
                sync.run(cursor, "add_account", self._owner(line) | {"partition": line.partition})
            for kind, value in (("imsi", imsi), ("msisdn", msisdn)):
                if value:
                    self._add_identity(cursor, line, kind, value)
        self.put_line(line, is_suspended=is_suspended)
        self.add_buckets(line, buckets)
        return line

    def put_line(self, line: Line, *, is_suspended: bool = False) -> None:
        """What any change of the line writes."""
        line.version += 1
        plan = line.plan or basic_plan()
        facts = LineFacts(
            state=LineState.ACTIVE,
            plan=plan,
            time_zone=ZONE,
            suspensions=(Suspension("overdue"),) if is_suspended else (),
        )
        profile = compile_profile(facts, now=NOW, version=line.version)
        values = self._owner(line) | {
            "line_id": line.line_id, "core_id": self.rows.core_id, "state": "active",
            "imsi": line.imsi, "msisdn": None, "profile": profile.encode(),
            "profile_version": line.version, "time_zone": str(ZONE), "now": NOW,
            "plan_id": line.plan.plan_id if line.plan else None,
            "plan_version": line.plan.version if line.plan else None,
        }  # fmt: skip
        with self.rows.connect() as connection, connection.cursor() as cursor:
            sync.run(cursor, "put_line", values, partition=line.partition)

    def add_buckets(self, line: Line, buckets: Iterable[Bucket]) -> None:
        percents = (line.plan or basic_plan()).notify_percents
        with self.rows.connect() as connection, connection.cursor() as cursor:
            for bucket in buckets:
                row = bucket_row(
                    bucket, **self._owner(line), name="data", source="plan",
                    notify_percents=percents,
                )  # fmt: skip
                sync.run(cursor, "insert_bucket", row, partition=line.partition)

    def query(self, sql: str, *values: Any) -> list[Any]:
        """Rows of the operator, as the console sees them."""
        with self.rows.connect() as connection:
            return connection.execute(sql, values).fetchall()

    def execute(self, sql: str, *values: Any) -> None:
        with self.rows.connect() as connection:
            connection.execute(sql, values)

    def remaining(self, bucket: Bucket) -> Decimal:
        return self.query(
            "SELECT remaining FROM every_bucket WHERE bucket_id = %s", bucket.bucket_id
        )[0][0]

    def reserved(self) -> Decimal:
        return self.query("SELECT coalesce(sum(reserved), 0) FROM every_bucket")[0][0]

    def events(self) -> list[str]:
        """Kinds of the outbox of the first partition, in the order of their writing."""
        rows = self.query("SELECT kind FROM hot_00.outbox ORDER BY xid, event_id")
        return [kind for (kind,) in rows]

    def table(self, name: str) -> list[dict[str, Any]]:
        """All rows of a hot table of the first partition."""
        statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier("hot_00", name))
        with self.rows.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(statement).fetchall()

    def groups(self) -> list[dict[str, Any]]:
        """The rating groups of all sessions, one row each."""
        with self.rows.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute("SELECT * FROM every_session_group").fetchall()

    def _owner(self, line: Line) -> dict[str, UUID]:
        return {"operator_id": self.operator_id, "account_id": line.account_id}

    def _add_identity(self, cursor: Any, line: Line, kind: str, value: str) -> None:
        identity = {"core_id": self.rows.core_id, "kind": kind, "value": value}
        place = {"partition": line.partition, "line_id": line.line_id}
        sync.run(cursor, "add_identity", self._owner(line) | identity | place)


@asynccontextmanager
async def a_charging_node(
    dsn: str, *, clock: Clock | None = None, name: str = OCS_HOST, realm: str = REALM, port: int = 0
) -> AsyncIterator[DiameterNode]:
    """A node with the credit-control application alone, as the role network."""
    clock = clock or TravellingClock(NOW)
    async with HotStore(dsn) as store:
        gy = make_gy(store, clock)
        leases = Leases(store, holder=name, local_identity=name)
        local = LocalNode(
            origin_host=name,
            origin_realm=realm,
            host_ip_addresses=(Address.parse("127.0.0.1"),),
            applications=(Application(gy.application_id, gy.vendor_id),),
            origin_state_id=await leases.keep_origin_state(now=clock.now()),
        )
        dispatcher = Dispatcher({gy.application_id: gy}, Origin(name, realm))
        node = DiameterNode(local, dispatcher, leases, clock=clock)
        await node.start(Doors("127.0.0.1", port))
        try:
            yield node
        finally:
            await node.stop()


def make_gy(store: HotStore, clock: Clock) -> Gy:
    """The application as `main` wires it."""
    lines = ChargingLines(ProfileCache(), PlanCache(store))
    return Gy(
        store,
        Directory(store),
        Charging(store, lines, clock=clock),
        AccessLog(store),
        clock=clock,
    )


class Gateway:
    """A client of credit control."""

    def __init__(self, client: DiameterClient, destination_realm: str = REALM) -> None:
        self.client = client
        self.destination_realm = destination_realm

    @classmethod
    async def connect(
        cls, node: DiameterNode | int, host: str = GATEWAY_HOST, realm: str = REALM
    ) -> "Gateway":
        client = DiameterClient(host, realm, [Application(APPLICATION_CREDIT_CONTROL, 0)])
        port = node if isinstance(node, int) else node.port
        await client.connect("127.0.0.1", port)
        return cls(client)

    async def close(self) -> None:
        await self.client.close()

    async def ask(
        self, kind: str, session: str, number: int, *avps: AvpItem, imsi: str = IMSI,
        context: str = "32251@3gpp.org", is_repeated: bool = False, plmn: str = "", called: str = "",
    ) -> Message:  # fmt: skip
        """The answer to one CCR."""
        flags = FLAG_REQUEST | FLAG_PROXIABLE | (FLAG_RETRANSMITTED if is_repeated else 0)
        body = [*self._head(kind, session, number, context), *avps]
        body += [subscription(1, imsi)] if imsi else []
        information: list[AvpItem] = [("Called-Station-Id", "internet")]
        if plmn:
            information.append(("3GPP-SGSN-MCC-MNC", plmn))
        groups: list[AvpItem] = [("PS-Information", information)]
        if called:
            ims: list[AvpItem] = [("Node-Functionality", 0), ("Called-Party-Address", called)]
            groups = [("IMS-Information", ims)]
        body.append(("Service-Information", groups))
        return await self.client.request(
            APPLICATION_CREDIT_CONTROL, COMMAND_CREDIT_CONTROL, body, flags=flags
        )

    def _head(self, kind: str, session: str, number: int, context: str) -> list[AvpItem]:
        return [
            ("Session-Id", session),
            ("Origin-Host", self.client.host),
            ("Origin-Realm", self.client.realm),
            ("Destination-Realm", self.destination_realm),
            ("Auth-Application-Id", APPLICATION_CREDIT_CONTROL),
            ("Service-Context-Id", context),
            ("CC-Request-Type", TYPES[kind]),
            ("CC-Request-Number", number),
        ]


def subscription(kind: int, value: str) -> AvpItem:
    return (
        "Subscription-Id",
        [("Subscription-Id-Type", kind), ("Subscription-Id-Data", value)],
    )


def mscc(
    rating_group: int | None = None, *, want: int | None = None, used: int | None = None,
    extra: Iterable[AvpItem] = (),
) -> AvpItem:  # fmt: skip
    """One group of a data session; a wish of 0 leaves the amount to the server."""
    avps: list[AvpItem] = []
    if want is not None:
        avps.append(("Requested-Service-Unit", [("CC-Total-Octets", want)] if want else []))
    if used is not None:
        avps.append(("Used-Service-Unit", [("CC-Total-Octets", used)]))
    if rating_group is not None:
        avps.append(("Rating-Group", rating_group))
    return ("Multiple-Services-Credit-Control", [*avps, *extra])


def result_of(answer: Message) -> int:
    return answer.get_int("Result-Code")


def groups_of(answer: Message) -> list[Any]:
    """The members of each MSCC."""
    return [group.members for group in answer.list_avps("Multiple-Services-Credit-Control")]


def granted_of(group: Any, unit: str = "CC-Total-Octets") -> int | None:
    avp = group.find_avp("Granted-Service-Unit")
    return None if avp is None else avp.members.get_int(unit)


def a_month() -> tuple[datetime, datetime]:
    """Validity of a bucket around NOW."""
    return NOW - timedelta(days=10), NOW + timedelta(days=20)


class ChargingProcess:
    """A charging node in a process of its own, which a test can kill and start again."""

    def __init__(self, dsn: str, *, name: str = OCS_HOST, source: Path = _ROOT / "src") -> None:
        """`source`: where the package is found, if not here (a copy that was compiled, say)."""
        self._order = {"dsn": dsn, "name": name, "port": 0}
        self._path = f"{source}:{_ROOT}"
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self, **order: Any) -> Self:
        """Returns once the node listens; from the second time on at the same port."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.harness.charging",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": self._path},
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(self._order | order).encode() + b"\n")
        async with asyncio.timeout(30):
            self.port = self._order["port"] = int(await process.stdout.readline())
        return self

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def stop(self) -> dict[str, float]:
        """Ends it in peace; how many requests each path served."""
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_PATIENCE):
            shares = json.loads(await self._process.stdout.readline())
            await self._process.wait()
        return dict(shares)

    async def end(self, number: int = signal.SIGKILL) -> None:
        """Ends the process by a signal and waits for that; nothing if it does not run."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)
            async with asyncio.timeout(_PATIENCE):
                await self._process.wait()


async def _serve(order: dict[str, Any]) -> None:
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    clock = SystemClock() if order.get("is_real_time") else TravellingClock(NOW)
    async with a_charging_node(
        order["dsn"], clock=clock, name=order["name"], port=order["port"]
    ) as node:
        calm_collector()
        print(node.port, flush=True)  # noqa: T201 (that is how the parent learns the port)
        await stopping.wait()
    print(json.dumps(_count_paths()), flush=True)  # noqa: T201


def _count_paths() -> dict[str, float]:
    return {
        sample.labels["path"]: sample.value
        for family in prometheus_client.REGISTRY.collect()
        if family.name == "wispgate_charged_requests"
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def main() -> None:
    """Serves until SIGTERM what standard input says; with a "profile" in it, writes one there."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    order = json.loads(sys.stdin.readline())
    with contextlib.ExitStack() as stack:
        if "profile" in order:
            profile = stack.enter_context(cProfile.Profile())
            stack.callback(lambda: profile.dump_stats(order["profile"]))
        asyncio.run(_serve(order))


if __name__ == "__main__":
    main()
