"""The Open5GS dialect against messages that an Open5GS sent: the same AVPs, nested the same way."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from tests.harness.home_network import (
    GX,
    GY,
    IMSI,
    OPC,
    S6A,
    K,
    a_denial,
    a_grant,
    a_guest,
    ambr_of,
)
from wispgate.domain.authentication.sqn import UsimSequence
from wispgate.simulator.usim import Usim
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import Avp
from wispgate.wire.diameter.message import Message, decode_message

CAPTURES = Path(__file__).parents[1] / "data" / "diameter" / "open5gs.jsonl"


def captured(interface: str, command: str, note: str, *, without: str = "") -> list[Message]:
    """Messages of the core itself, by what the capture's list says of them."""
    rows = [json.loads(line) for line in CAPTURES.read_text().splitlines()]
    found = [
        decode_message(bytes.fromhex(row["hex"]))
        for row in rows
        if (row["interface"], row["command"]) == (interface, command)
        and row["sender"] != "stub"
        and note in row["note"]
        and not (without and without in row["note"])
    ]
    assert found
    return found


def shape_of(avps: Sequence[Avp], depth: int = 0) -> list[str]:
    """One line per AVP, in the order in which they stand: depth, name and flags."""
    lines = []
    for avp in avps:
        lines.append(f"{'  ' * depth}{avp.name} {avp.flags:#04x}")
        if _is_group(avp):
            lines += shape_of(avp.members.avps, depth + 1)
    return lines


def _is_group(avp: Avp) -> bool:
    return avp.definition is not None and avp.definition.is_grouped


def unordered(avps: Sequence[Avp]) -> list[list[str]]:
    return sorted(shape_of([avp]) for avp in avps)


def has_one_address(message: Message) -> bool:
    """Of an IPv4 session: the simulated phones have no other."""
    if message.find("Framed-IPv6-Prefix") is not None:
        return False
    service = message.find_avp("Service-Information")
    information = service.members.find_avp("PS-Information") if service else None
    return information is None or len(information.members.list_avps("PDP-Address")) == 1


def assert_same_shape(sent: Message, examples: Sequence[Message]) -> None:
    """As one of the examples; there are few, and the last is the one that a failure shows."""
    shape = shape_of(sent.avps)
    shapes = [shape_of(message.avps) for message in examples if has_one_address(message)]
    assert shapes
    if shape not in shapes:
        assert "\n".join(shape) == "\n".join(shapes[-1])
    assert sent.header.flags in {message.header.flags for message in examples}


async def test_attach_and_detach_send_what_the_captured_core_sends() -> None:
    async with a_guest() as guest:
        guest.home.grants = [[a_grant(octets=10**9)]]
        await guest.epc.attach(guest.phone)
        await guest.epc.detach(guest.phone)

        (air,) = guest.home.node.requests_of(S6A, commands.COMMAND_AUTHENTICATION_INFORMATION)
        (ulr,) = guest.home.node.requests_of(S6A, commands.COMMAND_UPDATE_LOCATION)
        gx, gy = guest.policed(), guest.charged()
    assert_same_shape(air, captured("S6a", "AIR", "")[:1])
    assert_same_shape(ulr, captured("S6a", "ULR", ""))
    assert_same_shape(gx[0], captured("Gx", "CCR", "INITIAL; APN internet"))
    assert_same_shape(gx[1], captured("Gx", "CCR", "TERMINATION"))
    assert_same_shape(gy[0], captured("Gy", "CCR", "INITIAL"))
    assert_same_shape(gy[1], captured("Gy", "CCR", "TERMINATION; Reporting-Reason 2"))


async def test_a_resynchronising_request_has_the_captured_shape() -> None:
    async with a_guest() as guest:
        ahead = UsimSequence().find_after(5000 << 5)
        guest.phone.usim = Usim(IMSI, K, OPC, sequence=ahead)

        await guest.epc.attach(guest.phone)

        again = guest.home.node.requests_of(S6A, commands.COMMAND_AUTHENTICATION_INFORMATION)[1]
    assert_same_shape(again, captured("S6a", "AIR", "")[1:])


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        ([a_grant(("Volume-Quota-Threshold", 40_000), octets=200_000)], 0),
        ([a_grant(octets=100_000)], 3),
        ([a_grant(("Validity-Time", 3), octets=10**9)], 4),
        ([a_grant(("Granted-Service-Unit", [("CC-Time", 3)]))], 3),
    ],
    ids=["threshold", "volume", "validity", "time"],
)
async def test_each_report_has_the_captured_shape(grant: list[object], reason: int) -> None:
    async with a_guest() as guest:
        guest.home.grants = [grant]  # type: ignore[list-item]
        await guest.epc.attach(guest.phone)
        guest.phone.traffic(10_000, up_octets_per_second=10_000)

        await guest.epc.run(timedelta(seconds=10))

        update = guest.charged()[1]
    assert update.get_int("CC-Request-Type") == 2
    assert_same_shape(update, captured("Gy", "CCR", f"UPDATE; Reporting-Reason {reason}"))


@pytest.mark.parametrize("is_answered", [True, False])
async def test_the_goodbye_of_a_refused_session_has_the_captured_shape(is_answered: bool) -> None:
    async with a_guest(patience=0.05) as guest:
        guest.home.grants = [[a_denial(4012)]]
        guest.home.silent = set() if is_answered else {GY}

        await guest.epc.attach(guest.phone)

        goodbye = guest.charged()[-1]
    examples = captured("Gy", "CCR", "TERMINATION", without="Reporting-Reason")
    fitting = [e for e in examples if (e.find("Destination-Host") is not None) == is_answered]
    assert_same_shape(goodbye, fitting)


async def test_answers_to_the_hss_have_the_captured_shape() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        answers = {
            ("IDA", "2001"): await guest.home.insert(ambr_of(1_000_000)),
            ("IDA", "5012"): await guest.home.insert(),
            ("CLA", "5001"): await guest.home.cancel(2, imsi="001010000000099"),
            ("CLA", "2001"): await guest.home.cancel(2),
        }
    for (command, result), answer in answers.items():
        (example,) = captured("S6a", command, f"result {result}")
        assert unordered(answer.avps) == unordered(example.avps)


@pytest.mark.parametrize(("name", "application_id"), [("Gx", GX), ("Gy", GY)])
@pytest.mark.parametrize(("result", "session_id"), [(2001, ""), (5002, "nobody;1;2")])
async def test_answers_to_reauthorisation_have_the_captured_shape(
    name: str, application_id: int, result: int, session_id: str
) -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        answer = await guest.home.to_gateway(application_id, session_id=session_id)

    (example,) = captured(name, "RAA", f"result {result}")
    assert unordered(answer.avps) == unordered(example.avps)


async def test_session_ids_look_like_those_of_open5gs() -> None:
    async with a_guest() as guest:
        await guest.epc.attach(guest.phone)

        (gx,), (gy,) = guest.policed(), guest.charged()
    assert gx.get_text("Session-Id") == "smf.epc.test;1772366400;1;app_gx"
    assert gy.get_text("Session-Id") == "smf.epc.test;1772366400;2;app_gy"
