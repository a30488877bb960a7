"""Twelve broken EPC connections and what the self-test says of each: real node, real sockets."""

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.harness.certificates import Authority, Files, a_certificate, an_authority
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, MME_HOST, PATIENCE, REALM, RawPeer, a_node_in_a_thread
from tests.network.dialogue import air
from tests.unit.business.world import OPENING_KEY, World, imsi
from wispgate.business.diagnosis import services as diagnosis
from wispgate.business.operators import services as operators
from wispgate.domain.diagnosis.evidence import Listener
from wispgate.domain.diagnosis.findings import Finding, Link, Severity
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.node import DiameterNode
from wispgate.simulator.diameter import DiameterClient, NotConnected
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import (
    APPLICATION_CREDIT_CONTROL,
    APPLICATION_GX,
    APPLICATION_S6A,
    COMMAND_CREDIT_CONTROL,
    VENDOR_3GPP,
)

S6A = Application(APPLICATION_S6A, VENDOR_3GPP)
GX = Application(APPLICATION_GX, VENDOR_3GPP)
GY = Application(APPLICATION_CREDIT_CONTROL)
HOME, FOREIGN = Plmn("001", "01"), Plmn("262", "01")
LINE, UNKNOWN, OUTSIDE = imsi(1), imsi(7), "262010000000001"


@dataclass
class Scene:
    """A core with a node, one line that works, and what a broken client needs."""

    world: World
    database: TestDatabase
    node: DiameterNode
    authority: Authority
    folder: Path

    def examine(self, *, phone: str = "") -> tuple[Finding, ...]:
        places = [Listener("tcp", f"127.0.0.1:{self.node.port}")]
        places.append(Listener("tls", f"127.0.0.1:{self.node.tls_port}"))
        with self.world.as_platform():
            (found,) = diagnosis.examine(places, identity=MME_HOST, imsi=phone)
        return found.findings

    def client(
        self, host: str = MME_HOST, realm: str = REALM, application: Application = S6A
    ) -> Coroutine[Any, Any, DiameterClient]:
        return DiameterClient(host, realm, [application]).connect("127.0.0.1", self.node.port)


Act = Callable[[Scene], Any]


@dataclass(frozen=True)
class Broken:
    """One broken connection: how the peer is set up, what the client does, what is to be said."""

    name: str
    act: Act
    link: Link
    seen: str
    remedy: str
    peer: dict[str, Any] = field(default_factory=dict)
    change: dict[str, Any] = field(default_factory=dict)
    phone: str = ""


# --- the clients ----------------------------------------------------------------------------------


async def knock_at_another_port(scene: Scene) -> None:
    with suppress(NotConnected):
        await DiameterClient(MME_HOST, REALM, [S6A]).connect("127.0.0.1", 9)


def introduce(**how: Any) -> Act:
    async def act(scene: Scene) -> None:
        with pytest.raises(NotConnected):
            await scene.client(**how)

    return act


async def speak_plain_to_the_tls_port(scene: Scene) -> None:
    raw = await RawPeer.open(scene.node.tls_port)
    raw.write(b"\x01\0\0\x14" + bytes(16))
    assert await raw.is_closed_by_the_node()
    await raw.close()


async def show_a_foreign_certificate(scene: Scene) -> None:
    mine = a_certificate(scene.folder, an_authority("Elsewhere CA"), MME_HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(mine.chain, mine.key)
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", scene.node.tls_port, ssl=context)
        writer.write(b"\x01")
        await writer.drain()
        await asyncio.sleep(0.2)
        writer.close()


def authenticate(phone: str, *, plmn: Plmn = HOME, resync: bytes = b"") -> Act:
    async def act(scene: Scene) -> DiameterClient:
        mme = await scene.client()
        await air(mme, phone, plmn=plmn, resync=resync)
        return mme

    return act


async def open_a_session_in_another_apn(scene: Scene) -> DiameterClient:
    gateway = await scene.client(application=GX)
    await gateway.request(
        APPLICATION_GX,
        COMMAND_CREDIT_CONTROL,
        [
            ("Session-Id", gateway.new_session_id()),
            ("Auth-Application-Id", APPLICATION_GX),
            ("Origin-Host", gateway.host),
            ("Origin-Realm", gateway.realm),
            ("Destination-Realm", REALM),
            ("CC-Request-Type", 1),
            ("CC-Request-Number", 0),
            ("Subscription-Id", [("Subscription-Id-Type", 1), ("Subscription-Id-Data", LINE)]),
            ("Called-Station-Id", "intranet"),
        ],
    )
    return gateway


CASES = [
    Broken(
        "wrong port", knock_at_another_port,
        Link.PORT, f"{MME_HOST} never knocked", "Point it at 127.0.0.1:",
    ),
    Broken(
        "unknown identity", introduce(host="mme9.epc.test"),
        Link.IDENTITY, "mme9.epc.test is no peer of any core", f"Origin-Host to {MME_HOST}",
    ),
    Broken(
        "wrong realm", introduce(realm="elsewhere.test"),
        Link.REALM, "says realm elsewhere.test", f"realm to {REALM}",
    ),
    Broken(
        "application not allowed", introduce(application=GY),
        Link.APPLICATION, "announces none of s6a", "--applications",
    ),
    Broken(
        "address not allowed", introduce(),
        Link.ADDRESS, "not from 127.0.0.1", "--address 127.0.0.1",
        peer={"addresses": ["192.0.2.0/24"]},
    ),
    Broken(
        "plain towards the TLS port", speak_plain_to_the_tls_port,
        Link.TLS, "gave no name yet", "Point it at the plain port",
    ),
    Broken(
        "wrong certificate", show_a_foreign_certificate,
        Link.TLS, "certificate is not accepted", "--certificate-authority",
        peer={"transport": "tls"},
    ),
    Broken(
        "PLMN is not ours", authenticate(LINE, plmn=FOREIGN),
        Link.PLMN, "in PLMN 262-01", "set its PLMN", phone=LINE,
    ),
    Broken(
        "APN is not in the plan", open_a_session_in_another_apn,
        Link.APN, "for APN intranet", "Set the APN in the phone",
        peer={"applications": ["s6a", "gx"]}, phone=LINE,
    ),
    Broken(
        "key mismatch", authenticate(LINE, resync=bytes(16) + b"\xa5" * 14),
        Link.KEY, "a proof that our key does not confirm", "OP and OPc", phone=LINE,
    ),
    Broken(
        "disabled peer", introduce(),
        Link.PEER, f"{MME_HOST} is disabled", "--enable", change={"is_enabled": False},
    ),
    Broken(
        "IMSI outside all ranges", authenticate(OUTSIDE),
        Link.IMSI, f"No operator's range in this core holds {OUTSIDE}", "--imsi-range",
        phone=OUTSIDE,
    ),
    Broken(
        "IMSI without a card", authenticate(UNKNOWN),
        Link.IMSI, f"{UNKNOWN} is in a range of North, and no card has it", "Import the card",
        phone=UNKNOWN,
    ),
]  # fmt: skip


# --- the stage ------------------------------------------------------------------------------------


@pytest.fixture
def scene(
    request: pytest.FixtureRequest, world: World, database: TestDatabase, tmp_path: Path
) -> Iterator[Scene]:
    """The peer is there before the node, which then knows its certificate's authority."""
    authority = an_authority("Core CA")
    ours: Files = a_certificate(tmp_path, authority, HOST)
    world.line(1)
    allow_only_at_home(database)
    add_the_mme(world, authority, request.param)
    with a_node_in_a_thread(
        database, OPENING_KEY, clock=world.clock,
        tls_certificate=str(ours.chain), tls_key=str(ours.key),
    ) as node:  # fmt: skip
        yield Scene(world, database, node, authority, tmp_path)


def allow_only_at_home(database: TestDatabase) -> None:
    with database.admin() as admin:
        admin.execute(
            "UPDATE hot_00.line SET profile = profile"
            ' || \'{"is_roaming_allowed": false, "home_plmns": ["00101"]}\''
        )


def add_the_mme(world: World, authority: Authority, broken: Broken) -> None:
    values: dict[str, Any] = {"addresses": ["127.0.0.1"], "applications": ["s6a"]} | broken.peer
    transport = values.pop("transport", "tcp")
    link = operators.Link(transport, "", authority.pem if transport == "tls" else "")
    with world.as_platform():
        peer_id = operators.add_peer(
            core="lab", identity=MME_HOST, realm=REALM, link=link, **values
        )
        if broken.change:
            operators.change_peer(peer_id, broken.change)


def patiently(scene: Scene, broken: Broken) -> Finding:
    """The first finding, as soon as what the node writes beside its work is there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        findings = scene.examine(phone=broken.phone)
        if findings[0].link is broken.link and broken.seen in findings[0].seen:
            return findings[0]
        assert time.monotonic() < deadline, findings
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("scene", "broken"),
    [pytest.param(broken, broken, id=broken.name) for broken in CASES],
    indirect=["scene"],
)
def test_a_broken_connection_is_explained(scene: Scene, broken: Broken) -> None:
    with asyncio.Runner() as runner:
        client = runner.run(broken.act(scene))

        first = patiently(scene, broken)

        if client is not None:
            runner.run(client.close())
    assert first.severity is Severity.BROKEN
    assert broken.remedy in first.remedy


@pytest.mark.parametrize("scene", [Broken("none", introduce(), Link.PORT, "", "")], indirect=True)
def test_a_sound_connection_is_said_to_work(scene: Scene) -> None:
    with asyncio.Runner() as runner:
        mme = runner.run(authenticate(LINE)(scene))

        findings = scene.examine(phone=LINE)

        runner.run(mme.close())
    assert [finding for finding in findings if finding.is_broken] == []
    assert Link.CONNECTION in {finding.link for finding in findings}
