"""`wispgate simulate` against a node on a real socket, and phones in live time."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tests.harness.answering_node import REALM, AnsweringNode
from tests.harness.home_network import GY, IMSI, OPC, HomeNetwork, K, a_grant, a_guest, refused
from wispgate.kernel.errors import InvalidValue
from wispgate.main import simulate
from wispgate.simulator.clocks import LiveTime
from wispgate.simulator.diameter import NotConnected

MB = 1_000_000


@pytest.fixture
async def home() -> AsyncIterator[HomeNetwork]:
    async with AnsweringNode() as node:
        yield HomeNetwork(node)


async def run(home: HomeNetwork, command: str, *options: str, imsi: str = "--imsi") -> Result:
    """The command in a thread of its own, as it brings its own event loop."""
    app = typer.Typer()
    app.add_typer(simulate.app, name="simulate")
    line = [
        "simulate", command, "--peer", f"127.0.0.1:{home.node.port}", "--realm", REALM,
        "--ki", K.hex(), "--opc", OPC.hex(), *([imsi, IMSI] if imsi else []), *options,
    ]  # fmt: skip
    return await asyncio.to_thread(CliRunner().invoke, app, line)


async def test_attach_says_what_became_of_the_phone(home: HomeNetwork) -> None:
    result = await run(home, "attach")

    assert result.exit_code == 0
    assert "is attached as 10.45.0.2" in result.output
    assert "APN internet, address 10.45.0.2" in result.output
    assert "speed 80 Mbit/s down, 80 Mbit/s up" in result.output
    assert result.output.endswith("detached\n")
    assert K.hex() not in result.output


async def test_a_refusal_is_told_with_what_the_phone_does_next(home: HomeNetwork) -> None:
    home.aia = refused(5001)

    result = await run(home, "attach")

    assert result.exit_code == 1
    assert "EMM cause 8 (EPS services and non-EPS services not allowed" in result.output
    assert "silent until it is switched off and on" in result.output


async def test_traffic_ends_when_all_came_through(home: HomeNetwork) -> None:
    home.grants = [[a_grant(octets=100_000)]]

    result = await run(home, "traffic", "--rate", "8 Mbit/s", "--octets", "250 kB", "--for", "20s")

    assert result.exit_code == 0
    assert "250 kB of 250 kB came through" in result.output
    assert len(home.node.credit_controls(GY)) == 4


async def test_a_fleet_attaches_and_transfers(home: HomeNetwork) -> None:
    options = ("--count", "5", "--imsi-base", IMSI, "--for", "2s", "--dialect", "generic3gpp")

    result = await run(home, "fleet", *options, imsi="")

    assert result.exit_code == 0
    assert "5 of 5 attached" in result.output


async def test_a_fleet_takes_its_cards_from_a_file(home: HomeNetwork, tmp_path: Path) -> None:
    cards = tmp_path / "cards.csv"
    cards.write_text(f"IMSI,Ki,OPc\n{IMSI},{K.hex()},{OPC.hex()}\n")

    result = await run(home, "fleet", "--cards", str(cards), "--for", "1s", imsi="")

    assert "1 of 1 attached" in result.output


@pytest.mark.parametrize(
    ("command", "options", "field"),
    [
        ("attach", ("--peer", "nowhere"), "peer"),
        ("attach", ("--ki", "abc"), "ki"),
        ("attach", ("--imsi", "12"), "imsi"),
        ("attach", ("--dialect", "klingon"), "dialect"),
        ("traffic", ("--rate", "fast"), "rate"),
        ("traffic", ("--for", "long"), "for"),
        ("fleet", ("--cards", "/nowhere"), "cards"),
    ],
)
async def test_what_is_typed_wrongly_is_named(
    home: HomeNetwork, command: str, options: tuple[str, str], field: str
) -> None:
    imsi = "--imsi-base" if command == "fleet" else "--imsi"

    result = await run(home, command, *options, imsi=imsi)

    assert isinstance(result.exception, InvalidValue)
    assert result.exception.field == field


async def test_a_file_without_a_column_is_refused(home: HomeNetwork, tmp_path: Path) -> None:
    cards = tmp_path / "cards.csv"
    cards.write_text("imsi,ki\n1,2\n")

    result = await run(home, "fleet", "--cards", str(cards), imsi="")

    assert isinstance(result.exception, InvalidValue)
    assert "opc" in result.exception.message


async def test_a_node_that_is_not_there_is_said_so(home: HomeNetwork) -> None:
    result = await run(home, "attach", "--peer", "127.0.0.1:1")

    assert isinstance(result.exception, NotConnected)
    assert "127.0.0.1:1 does not answer" in result.exception.message


async def test_an_identity_that_the_node_refuses_is_said_so(home: HomeNetwork) -> None:
    home.node.refuses = True

    result = await run(home, "attach")

    assert isinstance(result.exception, NotConnected)
    assert "wispgate peer add" in result.exception.message


async def test_phones_live_in_passing_time_too() -> None:
    async with a_guest(time=LiveTime(speed=600)) as guest:
        guest.home.grants = [[a_grant(("Validity-Time", 60), octets=10**12)]]
        phones = guest.epc.fleet(5, first_imsi="001010000000100", keys=lambda _: (K, OPC))
        for phone in phones:
            phone.traffic(MB)
        guest.epc.switch_on(*phones, within=timedelta(minutes=1))

        await guest.epc.run(timedelta(minutes=5))

        await asyncio.gather(*(guest.epc.detach(phone) for phone in phones))
        used = 0
        for message in guest.charged():
            for avp in message.list_avps("Multiple-Services-Credit-Control"):
                for unit in avp.members.list_avps("Used-Service-Unit"):
                    used += unit.members.get_int("CC-Output-Octets")
    assert used == sum(phone.octets for phone in phones)
    assert used > 5 * MB


async def test_a_live_core_finds_its_node_again() -> None:
    async with a_guest(time=LiveTime(speed=600)) as guest:
        await guest.epc.attach(guest.phone)
        guest.home.node.drop()
        await guest.epc.until(lambda: not guest.epc.is_connected)

        await guest.epc.run(timedelta(minutes=2))

        assert guest.epc.is_connected
        assert (await guest.home.cancel(2)).get_int("Result-Code") == 2001
