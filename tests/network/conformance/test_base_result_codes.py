"""RFC 6733 section 7.1: every result code that the base protocol of ours can send, provoked."""

import ast
import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

import wispgate.network.transport
import wispgate.wire.diameter
from tests.harness.network import MME_HOST, NOW
from tests.network.conformance.stage import Stage, air_avps, request, speaker, watchdog
from wispgate.wire.diameter.avp import encode_avp
from wispgate.wire.diameter.capabilities import Application
from wispgate.wire.diameter.commands import APPLICATION_CREDIT_CONTROL, APPLICATION_GX
from wispgate.wire.diameter.header import FLAG_ERROR, FLAG_PROXIABLE, FLAG_REQUEST
from wispgate.wire.diameter.message import Message
from wispgate.wire.diameter.results import ResultCode

Scenario = Callable[[Stage], Awaitable[Message]]
SCENARIOS: dict[ResultCode, Scenario] = {}
# Codes whose answers name the AVP at fault (sections 7.1.5 and 7.5).
WITH_FAILED_AVP = {
    ResultCode.AVP_UNSUPPORTED, ResultCode.INVALID_AVP_BITS, ResultCode.INVALID_AVP_VALUE,
    ResultCode.MISSING_AVP, ResultCode.AVP_OCCURS_TOO_MANY_TIMES, ResultCode.INVALID_AVP_LENGTH,
}  # fmt: skip
# Read out of the answers of others, and never sent by these packages.
ONLY_READ = {ResultCode.LIMITED_SUCCESS}


def provokes(code: ResultCode) -> Callable[[Scenario], Scenario]:
    def remember(scenario: Scenario) -> Scenario:
        SCENARIOS[code] = scenario
        return scenario

    return remember


@provokes(ResultCode.SUCCESS)
async def a_watchdog(stage: Stage) -> Message:
    return await stage.ask(watchdog())


@provokes(ResultCode.COMMAND_UNSUPPORTED)
async def a_command_that_the_application_lacks(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(), command=4711))


@provokes(ResultCode.UNABLE_TO_DELIVER)
async def a_request_for_another_host_of_our_realm(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(Destination_Host="other.epc.test")))


@provokes(ResultCode.REALM_NOT_SERVED)
async def a_request_for_another_realm(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(Destination_Realm="elsewhere.test")))


@provokes(ResultCode.TOO_BUSY)
async def a_request_to_a_node_that_leaves(stage: Stage) -> Message:
    (connection,) = stage.node.connections
    await connection.drain()
    return await stage.ask(request(air_avps()))


@provokes(ResultCode.LOOP_DETECTED)
async def a_request_that_has_been_here(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(Route_Record="HSS.epc.test")))


@provokes(ResultCode.APPLICATION_UNSUPPORTED)
async def a_request_of_an_application_that_is_not_allowed(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(), application=APPLICATION_GX, command=272))


@provokes(ResultCode.INVALID_HDR_BITS)
async def a_request_that_says_it_is_an_error(stage: Stage) -> Message:
    flags = FLAG_REQUEST | FLAG_PROXIABLE | FLAG_ERROR
    return await stage.ask(request(air_avps(), flags=flags))


@provokes(ResultCode.INVALID_AVP_BITS)
async def an_avp_with_reserved_bits(stage: Stage) -> Message:
    return await stage.ask(request([*air_avps(), encode_avp(33, 0, 0x11, b"x")]))


@provokes(ResultCode.UNKNOWN_PEER)
async def an_introduction_of_a_stranger(stage: Stage) -> Message:
    return await stage.introduce(speaker("stranger.test").capabilities_request(NOW))


@provokes(ResultCode.ELECTION_LOST)
async def a_second_connection_of_a_peer(stage: Stage) -> Message:
    return await stage.introduce(speaker(MME_HOST).capabilities_request(NOW))


@provokes(ResultCode.AVP_UNSUPPORTED)
async def an_unknown_avp_that_must_be_understood(stage: Stage) -> Message:
    return await stage.ask(request([*air_avps(), encode_avp(65000, 0, 0x40, b"1234")]))


@provokes(ResultCode.INVALID_AVP_VALUE)
async def a_name_that_is_no_text(stage: Stage) -> Message:
    name = encode_avp(1, 0, 0x40, b"\xff\xfe")
    return await stage.ask(request([*air_avps(without="User-Name"), name]))


@provokes(ResultCode.MISSING_AVP)
async def a_request_without_a_name(stage: Stage) -> Message:
    return await stage.ask(request(air_avps(without="User-Name")))


@provokes(ResultCode.AVP_OCCURS_TOO_MANY_TIMES)
async def a_request_with_two_names(stage: Stage) -> Message:
    return await stage.ask(request([*air_avps(), ("User-Name", "001010000000002")]))


@provokes(ResultCode.NO_COMMON_APPLICATION)
async def an_introduction_with_other_applications(stage: Stage) -> Message:
    stage.rows.add_peer("ocs.epc.test")
    gy = (Application(APPLICATION_CREDIT_CONTROL),)
    other = speaker("ocs.epc.test", applications=gy)
    return await stage.introduce(other.capabilities_request(NOW))


@provokes(ResultCode.UNSUPPORTED_VERSION)
async def a_message_of_another_version(stage: Stage) -> Message:
    return await stage.ask(b"\x02" + request(air_avps())[1:])


@provokes(ResultCode.UNABLE_TO_COMPLY)
async def a_second_introduction(stage: Stage) -> Message:
    return await stage.ask(speaker().capabilities_request(NOW))


@provokes(ResultCode.INVALID_AVP_LENGTH)
async def an_avp_longer_than_its_message(stage: Stage) -> Message:
    last = bytearray(encode_avp(1, 0, 0x40, b"1234"))
    last[7] = 200
    return await stage.ask(request([*air_avps(without="User-Name"), bytes(last)]))


@provokes(ResultCode.INVALID_MESSAGE_LENGTH)
async def a_message_whose_length_is_no_multiple_of_four(stage: Stage) -> Message:
    return await stage.ask(b"\x01\x00\x00\x16" + request(air_avps())[4:])


@provokes(ResultCode.NO_COMMON_SECURITY)
async def an_introduction_that_insists_on_inband_security(stage: Stage) -> Message:
    stage.rows.add_peer("secure.epc.test")
    introduction = speaker("secure.epc.test").capabilities_request(NOW)
    inband = encode_avp(299, 0, 0x40, bytes([0, 0, 0, 1]))
    length = (len(introduction) + len(inband)).to_bytes(3, "big")
    return await stage.introduce(introduction[:1] + length + introduction[4:] + inband)


@pytest.mark.parametrize("code", SCENARIOS, ids=lambda code: code.name)
async def test_the_code_comes_with_what_belongs_to_it(stage: Stage, code: ResultCode) -> None:
    async with asyncio.timeout(60):
        answer = await SCENARIOS[code](stage)

    assert not answer.header.is_request
    assert answer.get_int("Result-Code") == code
    assert answer.header.is_error is (3000 <= code < 4000)
    assert not answer.header.is_retransmitted
    assert answer.get_text("Origin-Host") == "hss.epc.test"
    assert answer.get_text("Origin-Realm") == "epc.test"
    assert (answer.find_avp("Failed-AVP") is not None) is (code in WITH_FAILED_AVP)


def test_the_list_of_codes_is_complete() -> None:
    named = set()
    for package in (wispgate.wire.diameter, wispgate.network.transport):
        for file in Path(package.__path__[0]).rglob("*.py"):
            if file.name != "results.py":
                named |= codes_named_in(file)

    assert len(named) > 15
    assert named - ONLY_READ == set(SCENARIOS)


def codes_named_in(file: Path) -> set[ResultCode]:
    return {
        ResultCode[node.attr]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "ResultCode"
        and node.attr in ResultCode.__members__
    }
