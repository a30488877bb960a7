"""TLS from the first octet: who is let in, who is not, and what the log and the console say."""

import ssl
from pathlib import Path

import pytest

from tests.harness.called_peer import a_called_peer
from tests.harness.certificates import Authority, Files, a_certificate, an_authority
from tests.harness.databases import TestDatabase
from tests.harness.network import HOST, MME_HOST, RawPeer, Rows, a_node, until
from tests.network.dialogue import IMSI, an_air, result_of
from tests.network.test_calls import state_of
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.node import DiameterNode

OURS = an_authority("ours")
THEIRS = an_authority("theirs")
OTHERS = an_authority("others")


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """The node's settings of its own certificate."""
    files = a_certificate(tmp_path, OURS, HOST)
    return {"tls_certificate": str(files.chain), "tls_key": str(files.key)}


@pytest.fixture
def secure(rows: Rows) -> Rows:
    """The MME is one that speaks TLS; another peer's authority is known too."""
    rows.change_peer(MME_HOST, transport="tls", certificate_authority=THEIRS.pem)
    rows.add_peer("pgw.epc.test", transport="tls", certificate_authority=OTHERS.pem)
    return rows


def client_context(files: Files | None, trusted: Authority = OURS) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=trusted.pem)
    if files is not None:
        context.load_cert_chain(files.chain, files.key)
    return context


async def connect(node: DiameterNode, files: Files | None) -> RawPeer:
    return await RawPeer.open_tls(node.tls_port, client_context(files), HOST)


async def test_a_peer_with_its_certificate_is_served(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    secure.add_card(IMSI)
    async with a_node(database, opening_key, **own) as node:
        raw = await connect(node, a_certificate(tmp_path, THEIRS, MME_HOST))

        introduction = await raw.introduce()
        raw.write(an_air(number=1))

        assert introduction.get_int("Result-Code") == 2001
        assert result_of(await raw.read()) == 2001
        with database.admin() as connection:
            (transport,) = connection.execute("SELECT transport FROM peer_connection").fetchone()
        assert transport == "tls"
        await raw.close()


@pytest.mark.parametrize(
    ("authority", "name", "reason"),
    [
        (THEIRS, "pgw.epc.test", "its certificate is for pgw.epc.test, not for mme.epc.test"),
        (OTHERS, MME_HOST, "issued by CN=others, which is not this peer's authority"),
    ],
)
async def test_a_certificate_of_somebody_else_is_refused(
    secure: Rows, own: dict[str, str], tmp_path: Path, authority: Authority, name: str, reason: str
) -> None:
    database, opening_key = secure.database, secure.opening_key
    async with a_node(database, opening_key, **own) as node:
        raw = await connect(node, a_certificate(tmp_path, authority, name))

        answer = await raw.introduce()

        assert answer.get_int("Result-Code") == 3010
        assert await raw.is_closed_by_the_node()
        assert reason in secure.refusals()[0][1]
        await raw.close()


@pytest.mark.parametrize("which", ["none", "unknown authority", "ended"])
async def test_a_handshake_that_fails_is_written_down(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path, which: str,
) -> None:  # fmt: skip
    files = {
        "none": None,
        "unknown authority": a_certificate(tmp_path, an_authority("theirs"), MME_HOST),
        "ended": a_certificate(tmp_path, THEIRS, MME_HOST, begins_in=-20, days=-10),
    }[which]
    async with a_node(database, opening_key, **own) as node:
        # With TLS 1.3 the client learns of it with its first read.
        try:
            raw = await connect(node, files)
            assert await raw.is_closed_by_the_node()
            await raw.close()
        except (ssl.SSLError, ConnectionError):
            pass

        await until(lambda: bool(secure.refusals()))

    ((name, reason, attempts),) = secure.refusals()
    assert (name, attempts) == ("(no name yet)", 1)
    assert "certificate" in reason.lower() or "handshake" in reason


async def test_an_authority_that_came_later_is_known_without_a_restart(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    fresh = an_authority("fresh")
    async with a_node(database, opening_key, **own) as node:
        secure.change_peer(MME_HOST, certificate_authority=fresh.pem)
        await node.refresh()
        raw = await connect(node, a_certificate(tmp_path, fresh, MME_HOST))

        assert (await raw.introduce()).get_int("Result-Code") == 2001
        await raw.close()


async def test_an_authority_may_be_an_intermediate_one(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    middle = an_authority("middle", an_authority("root"))
    secure.change_peer(MME_HOST, certificate_authority=middle.pem)
    async with a_node(database, opening_key, **own) as node:
        raw = await connect(node, a_certificate(tmp_path, middle, MME_HOST))

        assert (await raw.introduce()).get_int("Result-Code") == 2001
        await raw.close()


async def test_a_peer_of_tls_is_refused_in_the_clear_and_the_other_way_round(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    secure.add_peer("plain.epc.test")
    async with a_node(database, opening_key, **own) as node:
        clear = await RawPeer.open(node.port)
        covered = await connect(node, a_certificate(tmp_path, THEIRS, "plain.epc.test"))

        codes = [
            (await clear.introduce()).get_int("Result-Code"),
            (await covered.introduce("plain.epc.test")).get_int("Result-Code"),
        ]

        assert codes == [3010, 3010]
        reasons = [reason for _, reason, _ in secure.refusals()]
        assert "mme.epc.test: it is to use TLS, and came over TCP" in reasons
        assert "plain.epc.test: it is to use TCP, and came over TLS" in reasons
        await clear.close()
        await covered.close()


async def test_plain_diameter_at_the_tls_port_is_refused_and_harms_nobody(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    async with a_node(database, opening_key, **own) as node:
        raw = await RawPeer.open(node.tls_port)
        raw.write(b"\x01\x00\x00\x14" + bytes(16))
        assert await raw.is_closed_by_the_node()
        await raw.close()
        good = await connect(node, a_certificate(tmp_path, THEIRS, MME_HOST))

        assert (await good.introduce()).get_int("Result-Code") == 2001
        await good.close()


async def test_a_peer_is_called_over_tls_and_both_show_who_they_are(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey, own: dict[str, str],
    tmp_path: Path,
) -> None:  # fmt: skip
    files = a_certificate(tmp_path, THEIRS, MME_HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    context.load_verify_locations(cadata=OURS.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    async with a_called_peer(MME_HOST, tls=context) as peer:
        secure.change_peer(MME_HOST, connect_to=f"127.0.0.1:{peer.port}")
        async with a_node(database, opening_key, **own) as node:
            line = await peer.next_call()
            await peer.welcome(line)

            await until(lambda: bool(node.open_peers))

            shown = line.writer.get_extra_info("peercert")
            assert shown["subjectAltName"] == (("DNS", HOST),)
            await line.close()


@pytest.mark.parametrize(
    ("authority", "name"), [(OTHERS, MME_HOST), (THEIRS, "pgw.epc.test")], ids=["issuer", "name"]
)
async def test_a_called_peer_that_is_somebody_else_is_left(
    secure: Rows, own: dict[str, str], tmp_path: Path, authority: Authority, name: str
) -> None:
    database, opening_key = secure.database, secure.opening_key
    files = a_certificate(tmp_path, authority, name)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    async with a_called_peer(MME_HOST, tls=context) as peer:
        secure.change_peer(MME_HOST, connect_to=f"127.0.0.1:{peer.port}")
        async with a_node(database, opening_key, **own) as node:
            await until(lambda: state_of(secure, MME_HOST)[1] == "closed")

            assert node.open_peers == []
    assert "its certificate is not accepted" in state_of(secure, MME_HOST)[2]


async def test_without_a_certificate_of_ours_a_tls_peer_is_not_called(
    database: TestDatabase, secure: Rows, opening_key: OpeningKey
) -> None:
    secure.change_peer(MME_HOST, connect_to="127.0.0.1:1")
    async with a_node(database, opening_key) as node:
        await until(lambda: state_of(secure, MME_HOST)[1] == "closed")

        assert node.tls_port == 0
    assert "this node has no certificate" in state_of(secure, MME_HOST)[2]
