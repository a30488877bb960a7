"""The S6a cases of examples_policy_hss.json, each asked for over a socket, by one runner."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness.clock import TravellingClock
from tests.harness.databases import TestDatabase
from tests.harness.network import MME_HOST, NOW, REALM
from tests.unit.network.enforcement.world import (
    OTHER_MME_HOST,
    Client,
    Lines,
    a_policy_node,
    until,
)
from wispgate.domain.authentication.sealing import OpeningKey
from wispgate.domain.plan.speed import Arp, Speed
from wispgate.domain.policy.profile import ApnProfile, Barring
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import encode_tbcd
from wispgate.kernel.plmn import Plmn
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.avp import AvpSequence, encode_avp
from wispgate.wire.diameter.message import AvpItem, Message

DATA = Path(__file__).parents[1] / "data" / "cases" / "examples_policy_hss.json"
AREAS = ("s6a_errors", "s6a_location")
CASES = [case for case in json.loads(DATA.read_text())["cases"] if case["area"] in AREAS]
COMMANDS = {
    "AIR": commands.COMMAND_AUTHENTICATION_INFORMATION,
    "ULR": commands.COMMAND_UPDATE_LOCATION,
    "PUR": commands.COMMAND_PURGE_UE,
}
HOSTS = {"mme1": MME_HOST, "mme2": OTHER_MME_HOST}
SENT = {commands.COMMAND_CANCEL_LOCATION: "CLR", commands.COMMAND_INSERT_SUBSCRIBER_DATA: "IDR"}
WORDS = {
    ("Cancellation-Type", 0): "MME_UPDATE_PROCEDURE",
    ("Cancellation-Type", 2): "SUBSCRIPTION_WITHDRAWAL",
    ("Subscriber-Status", 1): "OPERATOR_DETERMINED_BARRING",
}


class Runner:
    """One case: its line, its events, and what came of them."""

    def __init__(self, lines: Lines, clients: dict[str, Client], case: dict[str, Any]) -> None:
        self.lines, self.clients, self.case = lines, clients, case
        self.imsi = f"0010100000{int(case['id'][4:]):05d}"
        self.answer: Message | None = None
        self.values: list[str] = []

    async def run(self) -> list[str]:
        """What is not as the case says."""
        given = self.case["given"]
        if "not provisioned" not in given.get("imsi", "") and given.get("imsi") != "none":
            self._provision(given)
        if "registered_mme" in given:
            await self.clients[given["registered_mme"]].ulr(self.imsi)
        for client in self.clients.values():
            client.asked.clear()
        for event in self.case["events"]:
            await self._do(event)
        return self._judge()

    def _provision(self, given: dict[str, Any]) -> None:
        self.card = self.lines.add_card(self.imsi, msisdn=given.get("msisdn", ""))
        changes: dict[str, Any] = {}
        if "allowed_plmns" in given:
            changes |= {"home_plmns": tuple(given["allowed_plmns"]), "is_roaming_allowed": False}
        if given.get("sim") == "suspended":
            changes |= {"barring": Barring.NO_ATTACH}
        if "apns" in given:
            speed = Speed(given["ambr_ul"], given["ambr_dl"])
            changes |= {"speed": speed, "apns": tuple(_apn(apn, speed) for apn in given["apns"])}
        if changes:
            self.lines.change(self.card, tells=False, **changes)

    async def _do(self, event: dict[str, Any]) -> None:
        if event.get("do") == "tbcd":
            self.values.append(_tbcd(event["value"]))
        elif event.get("do") == "suspend_sim":
            self.lines.change(self.card, barring=Barring.NO_ATTACH)
            await until(lambda: bool(self.sent()))
        else:
            self.answer = await self._ask(event)

    async def _ask(self, event: dict[str, Any]) -> Message:
        client = self.clients[event.get("from", "mme1")]
        assert client.diameter is not None
        visited = self.case["given"].get("visited", "00101")
        avps: list[tuple[str, Any]] = [
            ("Session-Id", client.diameter.new_session_id()),
            ("Auth-Session-State", 1),
            ("Origin-Host", client.host),
            ("Origin-Realm", REALM),
            ("Destination-Realm", REALM),
            ("User-Name", self.imsi),
        ]
        if event["req"] != "PUR":
            avps.append(("Visited-PLMN-Id", Plmn.parse(visited).encode()))
        if event["req"] == "AIR":
            wanted = [("Number-Of-Requested-Vectors", 1)]
            avps.append(("Requested-EUTRAN-Authentication-Info", wanted))
        if event["req"] == "ULR":
            avps += [("RAT-Type", 1004), ("ULR-Flags", 34)]
        missing = self.case["given"].get("missing")
        items: list[AvpItem] = [(name, value) for name, value in avps if name != missing]
        extra = event.get("extra_avp")
        if extra is not None:
            items.append(encode_avp(extra["code"], 0, 0x40 if extra["m"] else 0, b"what"))
        return await client.request(commands.APPLICATION_S6A, COMMANDS[event["req"]], items)

    def sent(self) -> list[dict[str, str]]:
        return [_described(m) for client in self.clients.values() for m in client.asked]

    def _judge(self) -> list[str]:
        return [
            f"{self.case['id']} {name} is not {wanted!r}"
            for name, wanted in self.case["expect"].items()
            if not LOOKS[name](self, wanted)
        ]

    @property
    def reply(self) -> Message:
        assert self.answer is not None
        return self.answer

    @property
    def experimental(self) -> int | None:
        group = self.reply.find_avp("Experimental-Result")
        return group.members.get_int("Experimental-Result-Code") if group else None


# Whether something is as a case wants it, by the words of the cases. Behind a value of `values` a
# remark may stand in brackets.
LOOKS: dict[str, Callable[[Runner, Any], bool]] = {
    "experimental_result": lambda run, wanted: run.experimental == wanted,
    "experimental_result_in": lambda run, wanted: run.experimental in wanted,
    "experimental_result_present": lambda run, wanted: (run.experimental is not None) is wanted,
    "result": lambda run, wanted: run.reply.find_int("Result-Code") == wanted,
    "result_avp_present": lambda run, wanted: (
        (run.reply.find_int("Result-Code") is not None) is wanted
    ),
    "failed_avp": lambda run, wanted: (
        [avp.name for avp in run.reply.get_avp("Failed-AVP").members.avps] == [wanted]
    ),
    "vectors": lambda run, wanted: (
        (run.reply.find_avp("Authentication-Info") is not None) is bool(wanted)
    ),
    "subscription": lambda run, wanted: (
        _subscription(run.reply.get_avp("Subscription-Data").members) == wanted
    ),
    "sends": lambda run, wanted: run.sent() == wanted,
    "sends_one_of": lambda run, wanted: any(one.items() <= run.sent()[0].items() for one in wanted),
    "values": lambda run, wanted: run.values == [value.partition(" (")[0] for value in wanted],
}


def _described(message: Message) -> dict[str, str]:
    """A request of ours in the words of the cases."""
    found = {"req": SENT[message.header.command_code]}
    kind = message.find_int("Cancellation-Type")
    if kind is not None:
        found["cancellation_type"] = WORDS["Cancellation-Type", kind]
    data = message.find_avp("Subscription-Data")
    status = data.members.find_int("Subscriber-Status") if data else None
    if status:
        found["Subscriber-Status"] = WORDS["Subscriber-Status", status]
    return found


def _subscription(data: AvpSequence) -> dict[str, Any]:
    limits = data.get_avp("AMBR").members
    profile = data.get_avp("APN-Configuration-Profile").members
    ways = ("Max-Requested-Bandwidth-UL", "Max-Requested-Bandwidth-DL")
    return {
        "Subscriber-Status": data.get_int("Subscriber-Status"),
        "Network-Access-Mode": data.get_int("Network-Access-Mode"),
        "AMBR": [limits.get_int(way) for way in ways],
        "APN": [_configuration(avp.members) for avp in profile.list_avps("APN-Configuration")],
    }


def _configuration(apn: AvpSequence) -> dict[str, Any]:
    qos = apn.get_avp("EPS-Subscribed-QoS-Profile").members
    arp = qos.get_avp("Allocation-Retention-Priority").members
    names = ("Priority-Level", "Pre-emption-Capability", "Pre-emption-Vulnerability")
    return {
        "Service-Selection": apn.get_text("Service-Selection"),
        "PDN-Type": apn.get_int("PDN-Type"),
        "QCI": qos.get_int("QoS-Class-Identifier"),
    } | {name: arp.get_int(name) for name in names}


def _apn(given: dict[str, Any], speed: Speed) -> ApnProfile:
    arp = Arp(
        given["arp"],
        can_preempt=given["preempt_cap"] == "enabled",
        is_preemptable=given["preempt_vul"] == "enabled",
    )
    return ApnProfile(1, given["name"], speed, qci=given["qci"], arp=arp)


def _tbcd(text: str) -> str:
    try:
        return encode_tbcd(text).hex()
    except InvalidValue:
        return "error"


@pytest.mark.parametrize("partitions", [2], indirect=True)
async def test_every_case_of_s6a_comes_out_as_it_says(
    database: TestDatabase, partitions: int
) -> None:
    opening_key = OpeningKey(bytes(range(32)))
    lines = Lines(database, opening_key)
    lines.add_core()
    lines.add_peer(OTHER_MME_HOST)
    async with a_policy_node(database, opening_key, clock=TravellingClock(NOW)) as node:
        clients = {name: await Client(host).connect(node) for name, host in HOSTS.items()}

        faults = [fault for case in CASES for fault in await Runner(lines, clients, case).run()]

        for client in clients.values():
            await client.close()
    assert len(CASES) == 11
    assert faults == []
