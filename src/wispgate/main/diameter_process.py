"""The Diameter process: wires the network functions to one node and runs it until told to stop."""

import asyncio
import contextlib
import json
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

import prometheus_client
import structlog

from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.main import database, key_holding, secret_files
from wispgate.main.clocks import installation_clock
from wispgate.main.memory import calm_collector
from wispgate.main.settings import Settings
from wispgate.network.eir.s13 import S13
from wispgate.network.enforcement import backlog
from wispgate.network.enforcement.enforcer import Enforcer
from wispgate.network.enforcement.messages import Vocabulary
from wispgate.network.hss.authentication_centre import AuthenticationCentre
from wispgate.network.hss.key_holders import KeyHolder
from wispgate.network.hss.locations import Locations
from wispgate.network.hss.presence import Presence
from wispgate.network.hss.puks import answer_requests
from wispgate.network.hss.reports import Reports
from wispgate.network.hss.s6a import S6a
from wispgate.network.hss.subscription_data import subscription_data
from wispgate.network.ocs.charging import Charging
from wispgate.network.ocs.gy import Gy
from wispgate.network.pcrf.gx import Gx
from wispgate.network.pcrf.policy import pushed_policy
from wispgate.network.transport.applications import Application as NetworkFunction
from wispgate.network.transport.dispatch import Dispatcher
from wispgate.network.transport.leases import Leases
from wispgate.network.transport.node import DiameterNode, Doors
from wispgate.network.transport.tls import Certificate
from wispgate.network.transport.tracing import Tracer
from wispgate.store.access_log import KEPT, AccessLog
from wispgate.store.charging_lines import ChargingLines
from wispgate.store.directory import Directory
from wispgate.store.equipment import Equipment
from wispgate.store.hot import DatabaseLost, HotStore, RowHeld
from wispgate.store.lines import LineCache
from wispgate.store.lost_sessions import LostSessions
from wispgate.store.plans import PlanCache
from wispgate.store.policy_sessions import PolicySessions
from wispgate.store.profiles import ProfileCache
from wispgate.wire.diameter.answers import Origin
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.hot.form import form
from wispgate.wire.diameter.timing import Timing
from wispgate.wire.diameter.types import Address

_log = structlog.get_logger("diameter")

_PATIENCE_SECONDS: Final = 60
# A turn of enforcement takes milliseconds; one that the database keeps waiting is broken off.
_LAST_TURN_SECONDS: Final = 2.0
_MAX_HTTP_REQUEST: Final = 8192
_MEASURE_SECONDS: Final = 10
_WRITE_SECONDS: Final = 1
_TELL_KEYS_SECONDS: Final = 2
_LOOK_FOR_PUKS_SECONDS: Final = 1
_FORGETTING: Final = timedelta(hours=1)


def run(settings: Settings, *, number: int = 1) -> None:
    """Serves until SIGTERM or SIGINT. `number` tells processes at one address apart."""
    secrets = secret_files.load(settings.folder.secrets)
    keys = key_holding.open_holder(settings)
    dsn = database.connection(settings, secrets, "network").dsn
    asyncio.run(_serve(settings, dsn, keys, number))


@asynccontextmanager
async def running_node(
    store: HotStore, keys: KeyHolder,
    *, settings: Settings, clock: Clock, number: int = 1, timing: Timing | None = None,
) -> AsyncIterator[DiameterNode]:  # fmt: skip
    """A node with all network functions, listening at the settings' Diameter addresses."""
    leases = Leases(store, holder=_holder(settings, number), local_identity=settings.origin_host)
    access_log = AccessLog(store)
    applications = _functions(store, keys, access_log, clock)
    local = LocalNode(
        origin_host=settings.origin_host,
        origin_realm=settings.origin_realm,
        host_ip_addresses=(_own_address(settings),),
        applications=tuple(Application(a.application_id, a.vendor_id) for a in applications),
        origin_state_id=await leases.keep_origin_state(now=clock.now()),
    )
    dispatcher = Dispatcher(
        {a.application_id: a for a in applications},
        Origin(settings.origin_host, settings.origin_realm),
    )
    node = DiameterNode(
        local, dispatcher, leases, clock=clock, timing=timing, certificate=_certificate(settings)
    )
    node.tracer = Tracer(store, clock=clock)
    node.registrar.state_lost.append(LostSessions(store).settle)
    await node.start(_doors(settings))
    enforcer = Enforcer(store, _VOCABULARY, clock=clock)
    enforcing = asyncio.create_task(enforcer.run(node))
    logging = asyncio.create_task(_keep(access_log, clock))
    answering = asyncio.create_task(_answer_for_puks(store, keys, clock))
    telling = asyncio.create_task(_tell_keys(store, keys, clock, _holder(settings, number)))
    try:
        yield node
    finally:
        enforcer.stop()
        await asyncio.wait([enforcing], timeout=_LAST_TURN_SECONDS)
        enforcing.cancel()
        await asyncio.gather(enforcing, return_exceptions=True)
        await node.stop()
        logging.cancel()
        telling.cancel()
        answering.cancel()
        await asyncio.gather(logging, telling, answering, return_exceptions=True)
        await keys.close()
        await _write_once(access_log)


async def _keep(access_log: AccessLog, clock: Clock) -> None:
    """Writes the authentication log every second, and forgets what is old every hour."""
    forgot_at = clock.now() - _FORGETTING
    while True:
        await asyncio.sleep(_WRITE_SECONDS)
        await _write_once(access_log)
        now = clock.now()
        if now - forgot_at >= _FORGETTING:
            forgot_at = now
            with contextlib.suppress(Unavailable, RowHeld):
                await access_log.forget(before=now - KEPT)


async def _tell_keys(store: HotStore, keys: KeyHolder, clock: Clock, holder: str) -> None:
    """Writes down every two seconds which seals can be opened here: a rotation waits for it."""
    while True:
        try:
            held = [key.key_id.hex() for key in await keys.list_keys()]
            values = {"holder": holder, "key_ids": held, "now": clock.now()}
            await store.public.fetch("note_held_keys", values)
        except (Unavailable, RowHeld) as error:
            _log.warning("keys not told", cause=str(error))
        await asyncio.sleep(_TELL_KEYS_SECONDS)


async def _answer_for_puks(store: HotStore, keys: KeyHolder, clock: Clock) -> None:
    """Looks every second whether somebody asks for a PUK."""
    while True:
        await asyncio.sleep(_LOOK_FOR_PUKS_SECONDS)
        try:
            await answer_requests(store, keys, clock=clock)
        except (Unavailable, RowHeld) as error:
            _log.warning("questions for PUKs not answered", cause=error.code)


async def _write_once(access_log: AccessLog) -> None:
    try:
        await access_log.write()
    except (Unavailable, RowHeld) as error:
        _log.warning("authentication log not written", cause=error.code)


# How enforcement, which stands below the functions, says what they would say.
_VOCABULARY: Final = Vocabulary(subscription_data, pushed_policy)


def _functions(
    store: HotStore, keys: KeyHolder, access_log: AccessLog, clock: Clock
) -> list[NetworkFunction]:
    """HSS, EIR, PCRF and OCS over one directory and one cache of profiles."""
    directory, profiles = Directory(store), ProfileCache()
    lines, charging_lines = LineCache(profiles), ChargingLines(profiles, PlanCache(store))
    centre = AuthenticationCentre(store, keys, lines, access_log, clock=clock)
    equipment = Equipment(store, profiles, clock=clock)
    reports = Reports(directory, Presence(store, lines, clock=clock), equipment)
    return [
        S6a(
            directory,
            centre,
            Locations(store, lines, clock=clock),
            reports,
            access_log,
            clock=clock,
        ),
        S13(directory, equipment),
        Gx(directory, PolicySessions(store, lines, clock=clock), access_log, clock=clock),
        Gy(
            store,
            directory,
            Charging(store, charging_lines, clock=clock),
            access_log,
            clock=clock,
        ),
    ]


def _doors(settings: Settings) -> Doors:
    secure = settings.diameter_tls
    return Doors(
        settings.diameter.host,
        settings.diameter.port,
        tls=(secure.host, secure.port),
        has_sctp=settings.diameter_sctp,
        is_shared=settings.diameter_processes > 1,
    )


def _certificate(settings: Settings) -> Certificate | None:
    if not settings.tls_certificate:
        return None
    return Certificate(Path(settings.tls_certificate), Path(settings.tls_key))


async def _serve(settings: Settings, dsn: str, keys: KeyHolder, number: int) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stopping.set)
    async with contextlib.AsyncExitStack() as stack:
        store = await _patiently(dsn, stack)
        clock = installation_clock(settings.folder)
        node = await stack.enter_async_context(
            running_node(store, keys, settings=settings, clock=clock, number=number)
        )
        measuring = asyncio.create_task(_measure(store, clock))
        pages = Pages(node)
        address = settings.metrics_of_processes[number - 1]
        server = await asyncio.start_server(
            pages.answer, address.host, address.port, limit=_MAX_HTTP_REQUEST
        )
        calm_collector()
        _log.info("codec and charging", form=form())
        await stopping.wait()
        server.close()
        measuring.cancel()
        await asyncio.gather(measuring, return_exceptions=True)
        _log.info("stopping")


async def _measure(store: HotStore, clock: Clock) -> None:
    """Keeps the outboxes' metrics fresh; a database that is away is said by others."""
    while True:
        with contextlib.suppress(DatabaseLost):
            await backlog.measure(store, clock)
        await asyncio.sleep(_MEASURE_SECONDS)


async def _patiently(dsn: str, stack: contextlib.AsyncExitStack) -> HotStore:
    """The store, as soon as the database is there."""
    for attempt in range(_PATIENCE_SECONDS):
        try:
            return await stack.enter_async_context(HotStore(dsn))
        except DatabaseLost as error:
            if attempt == 0:
                _log.warning("waiting for the database", cause=error.message)
            await asyncio.sleep(1)
    return await stack.enter_async_context(HotStore(dsn))


def _holder(settings: Settings, number: int) -> str:
    """The process' name in leases: the same after a restart, another for another process."""
    suffix = f"#{number}" if number > 1 else ""
    return f"{settings.origin_host}@{settings.diameter.host}:{settings.diameter.port}{suffix}"


def _own_address(settings: Settings) -> Address:
    host = settings.diameter.host
    try:
        address = ip_address(host)
    except ValueError:
        address = ip_address("127.0.0.1")
    return Address.from_ip(address)


class Pages:
    """What the Diameter process tells over HTTP: metrics, health, peers. Read-only, no tenant's data."""

    def __init__(self, node: DiameterNode) -> None:
        self._node = node

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=5)
            writer.write(self._response(request))
            await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError):
            pass  # an unfinished question gets no answer
        finally:
            writer.close()

    def _response(self, request: bytes) -> bytes:
        line = request.split(b"\r\n", 1)[0].split(b" ")
        path = line[1].decode("ascii", "replace") if len(line) > 1 else ""
        match path.split("?")[0]:
            case "/metrics":
                return _http(200, prometheus_client.generate_latest(), "text/plain; version=0.0.4")
            case "/healthz":
                return _http(200, b'{"status": "ok"}', "application/json")
            case "/peers":
                body = json.dumps(self._peers(), indent=2).encode()
                return _http(200, body, "application/json")
            case _:
                return _http(404, b"not found\n", "text/plain")

    def _peers(self) -> list[dict[str, object]]:
        return [
            {
                "identity": connection.remote.identity,
                "core": connection.remote.core,
                "local_identity": connection.peer.node.origin_host,
                "address": connection.address,
                "transport": connection.path.transport,
                "state": connection.peer.health.value.lower(),
                "since": connection.opened_at.isoformat(),
                "answered": connection.answered,
                "in_flight": connection.in_flight,
            }
            for connection in self._node.connections
            if connection.remote is not None
        ]


def _http(status: int, body: bytes, content_type: str) -> bytes:
    reason = "OK" if status == 200 else "Not Found"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body
