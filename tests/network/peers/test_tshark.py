"""tshark decodes everything that we can send, without a malformed or an expert mark."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness.capture import dissect, require_tshark, write_capture
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, RawPeer, Rows, a_node
from tests.network.conformance.stage import air_avps, request, speaker, watchdog
from tests.network.dialogue import IMSI
from tests.network.test_fuzz import a_ccr
from tests.network.test_streams import a_ulr
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.network.transport.applications import APPLICATION_IDS
from wispgate.wire.diameter import commands, dictionary
from wispgate.wire.diameter.answers import Origin, Result, answer_to, experimental
from wispgate.wire.diameter.avp import encode_avp, example_avp
from wispgate.wire.diameter.events import DisconnectCause
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import decode_message, encode_message
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

pytestmark = pytest.mark.peers

ORIGIN = Origin("hss.epc.test", "epc.test")
# Of the example in Failed-AVP for a missing text, which has the least length: none (section 7.5).
EMPTY_EXAMPLE = "Data is empty"
# Of commands, applications and AVPs that nobody knows and that we only repeat from the request.
ECHOED = "if you know what this is you can add it to dictionary.xml"
WITH_FAILED_AVP = {5001, 5004, 5005, 5008, 5009, 5014}


def every_request() -> Iterator[bytes]:
    """One of each command of our applications, with what an answer repeats."""
    for application_id in APPLICATION_IDS.values():
        for code in sorted(vars(commands).values(), key=str):
            if not isinstance(code, int) or code > 0xFFFFFF:
                continue
            if dictionary.find_command(application_id, code, is_request=True) is None:
                continue
            header = Header(FLAG_REQUEST | FLAG_PROXIABLE, code, application_id, 1, 2)
            yield encode_message(
                header,
                [
                    ("Session-Id", "peer.epc.test;1;2;3"),
                    ("Proxy-Info", [("Proxy-Host", "dra.epc.test"), ("Proxy-State", b"state")]),
                ],
            )


def every_answer() -> Iterator[bytes]:
    """To each command, with every result that there is."""
    results = [
        Result(
            code,
            failed_avp=example_avp(1) if code in WITH_FAILED_AVP else b"",
            error_message="why",
        )
        for code in ResultCode
    ] + [experimental(code) for code in ExperimentalResultCode]
    for octets in dict.fromkeys(every_request()):
        asked = decode_message(octets)
        for result in results:
            yield answer_to(asked, result, ORIGIN)


def base_messages() -> Iterator[bytes]:
    """What the node says by itself."""
    us = speaker("hss.epc.test", origin_state_id=7)
    introduction = us.capabilities_request(NOW)
    yield from (introduction, us.watchdog_request(NOW))
    yield from (us.disconnect_request(cause, NOW) for cause in DisconnectCause)
    for result in ResultCode:
        asked = decode_message(introduction)
        yield us.capabilities_answer(asked, Result(result))
        yield us.watchdog_answer(decode_message(us.watchdog_request(NOW)), Result(result))


def test_every_kind_of_answer_is_decoded_without_a_mark(tmp_path: Path) -> None:
    tshark = require_tshark()
    messages = [*every_answer(), *base_messages()]
    write_capture(tmp_path / "all.pcap", messages)

    verdicts = dissect(tshark, tmp_path / "all.pcap")

    assert len(verdicts) == len(messages) > 2000
    assert all(verdict.command for verdict in verdicts)
    assert {verdict.faults for verdict in verdicts} == {""}
    assert {verdict.warnings for verdict in verdicts} <= {"", EMPTY_EXAMPLE}


async def test_what_a_running_node_sends_is_decoded_without_a_mark(
    database: TestDatabase, rows: Rows, opening_key: OpeningKey, tmp_path: Path
) -> None:
    tshark = require_tshark()
    rows.add_card(IMSI)
    rows.change_peer(MME_HOST, applications=["s6a", "gx", "gy"])
    sent: list[bytes] = []
    async with a_node(database, opening_key) as node:
        raw = await RawPeer.open(node.port)
        raw.write(speaker().capabilities_request(NOW))
        sent.append(await raw.read_octets())
        for asked in questions():
            raw.write(asked)
            sent.append(await raw.read_octets())
        await raw.close()
    write_capture(tmp_path / "node.pcap", sent)

    verdicts = dissect(tshark, tmp_path / "node.pcap")

    assert len(verdicts) == len(sent)
    assert [v for v in verdicts if v.faults] == []
    marked = {v.warnings for v in verdicts} - {"", EMPTY_EXAMPLE}
    assert all(warning.endswith(ECHOED) for warning in marked), marked


def questions() -> list[bytes]:
    """Good and bad requests of all our interfaces."""
    return [
        watchdog(),
        request(air_avps()),
        request(air_avps(User_Name="001019999999999")),
        request(air_avps(without="User-Name")),
        request(air_avps(Destination_Realm="elsewhere.test")),
        request([*air_avps(), encode_avp(65000, 0, 0x40, b"1234")]),
        request([*air_avps(), ("User-Name", "001010000000002")]),
        a_ulr(number=5),
        a_ccr(commands.APPLICATION_GX),
        a_ccr(commands.APPLICATION_CREDIT_CONTROL),
        request(air_avps(), command=4711),
        request(air_avps(), application=4711),
        speaker().capabilities_request(NOW),
        speaker().disconnect_request(0, NOW),
    ]
