"""HSS, PCRF and OCS of a few lines on an AnsweringNode, and a simulated EPC that is its guest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from tests.harness.answering_node import REALM, AnsweringNode, Reply
from wispgate.domain.authentication.milenage import Milenage
from wispgate.domain.authentication.sqn import next_sqn
from wispgate.domain.authentication.vectors import compute_eutran_vector
from wispgate.kernel.plmn import Plmn
from wispgate.simulator.clocks import SimulatedTime, VirtualTime
from wispgate.simulator.dialects import OPEN5GS, Dialect
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.ue import UE
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, experimental
from wispgate.wire.diameter.message import AvpItem, Message

PLMN = Plmn("001", "01")
IMSI = "001010000000001"
K = bytes(range(16))
OPC = bytes(range(16, 32))
MME = "mme.epc.test"
SMF = "smf.epc.test"
GY = commands.APPLICATION_CREDIT_CONTROL
GX = commands.APPLICATION_GX
S6A = commands.APPLICATION_S6A


def a_grant(*avps: AvpItem, octets: int | None = None, group: int | None = None) -> AvpItem:
    """An MSCC of an answer: the octets, the group, and what else it says."""
    granted: list[AvpItem] = []
    if octets is not None:
        granted.append(("Granted-Service-Unit", [("CC-Total-Octets", octets)]))
    if group is not None:
        granted.append(("Rating-Group", group))
    return ("Multiple-Services-Credit-Control", [*granted, *avps, ("Result-Code", 2001)])


def a_denial(result_code: int = 4012, *avps: AvpItem, group: int | None = None) -> AvpItem:
    members: list[AvpItem] = [] if group is None else [("Rating-Group", group)]
    return ("Multiple-Services-Credit-Control", [*members, *avps, ("Result-Code", result_code)])


def a_final_unit(action: int = 0, *avps: AvpItem) -> AvpItem:
    return ("Final-Unit-Indication", [("Final-Unit-Action", action), *avps])


def ambr_of(down_bps: int, up_bps: int | None = None) -> AvpItem:
    return (
        "AMBR",
        [
            ("Max-Requested-Bandwidth-UL", down_bps if up_bps is None else up_bps),
            ("Max-Requested-Bandwidth-DL", down_bps),
        ],
    )


@dataclass
class HomeNetwork:
    """What it answers; tests change the fields. `grants` is used up one by one, the last stays."""

    node: AnsweringNode
    aia: Result | int = 2001
    ula: Result | int = 2001
    ula_is_full: bool = True
    gx: Result | int = 2001
    gy: Result | int = 2001
    ambr_bps: int = 80_000_000
    extra_subscription: list[AvpItem] = field(default_factory=list)
    policy: list[AvpItem] = field(default_factory=list)
    grants: list[list[AvpItem]] = field(default_factory=lambda: [[a_grant(octets=10**15)]])
    silent: set[int] = field(default_factory=set)
    sqn: int = 0

    def __post_init__(self) -> None:
        handlers = self.node.handlers
        handlers[S6A, commands.COMMAND_AUTHENTICATION_INFORMATION] = self._authenticate
        handlers[S6A, commands.COMMAND_UPDATE_LOCATION] = self._update_location
        handlers[S6A, commands.COMMAND_PURGE_UE] = lambda _: Reply()
        handlers[GX, commands.COMMAND_CREDIT_CONTROL] = self._decide_policy
        handlers[GY, commands.COMMAND_CREDIT_CONTROL] = self._charge

    def subscription(self) -> list[AvpItem]:
        qos: AvpItem = (
            "EPS-Subscribed-QoS-Profile",
            [
                ("QoS-Class-Identifier", 9),
                (
                    "Allocation-Retention-Priority",
                    [
                        ("Priority-Level", 8),
                        ("Pre-emption-Capability", 1),
                        ("Pre-emption-Vulnerability", 1),
                    ],
                ),
            ],
        )
        apn: list[AvpItem] = [
            ("Context-Identifier", 1),
            ("PDN-Type", 0),
            ("Service-Selection", "internet"),
            qos,
            ambr_of(1_000_000_000),
        ]
        profile: list[AvpItem] = [
            ("Context-Identifier", 1),
            ("All-APN-Configurations-Included-Indicator", 0),
            ("APN-Configuration", apn),
        ]
        return [
            ("MSISDN", bytes.fromhex("5155100000f1")),
            ambr_of(self.ambr_bps),
            ("APN-Configuration-Profile", profile),
            *self.extra_subscription,
        ]

    def _authenticate(self, request: Message) -> Reply:
        if self.aia != 2001:
            return Reply(self.aia, [("Auth-Session-State", 1)])
        wanted = request.get_avp("Requested-EUTRAN-Authentication-Info").members
        resynchronisation = wanted.find_octets("Re-Synchronization-Info")
        milenage = Milenage(K, OPC)
        if resynchronisation is not None:
            rand, auts = resynchronisation[:16], resynchronisation[16:]
            self.sqn = int.from_bytes(auts[:6], "big") ^ milenage.f5_star(rand)
        self.sqn = next_sqn(self.sqn, 0)
        rand = self.sqn.to_bytes(16, "big")
        vector = compute_eutran_vector(milenage, rand=rand, sqn=self.sqn, amf=0, plmn=PLMN)
        members: list[AvpItem] = [
            ("RAND", rand), ("XRES", vector.xres), ("AUTN", vector.autn), ("KASME", vector.kasme),
        ]  # fmt: skip
        return Reply(2001, [("Authentication-Info", [("E-UTRAN-Vector", members)])])

    def _update_location(self, _: Message) -> Reply:
        data: list[AvpItem] = [("ULA-Flags", 1), ("Subscription-Data", self.subscription())]
        return Reply(self.ula, data if self.ula_is_full else [])

    def _decide_policy(self, request: Message) -> Reply:
        echo = _echo(request)
        is_initial = request.get_int("CC-Request-Type") == 1
        return Reply(
            self.gx, [*echo, *(self.policy if is_initial else [])], is_silent=GX in self.silent
        )

    def _charge(self, request: Message) -> Reply:
        echo = _echo(request)
        is_silent = GY in self.silent
        if self.gy != 2001 or request.get_int("CC-Request-Type") == 3:
            return Reply(self.gy, echo, is_silent=is_silent)
        grants = self.grants.pop(0) if len(self.grants) > 1 else self.grants[0]
        return Reply(2001, [*echo, *grants], is_silent=is_silent)

    # --- what it asks -------------------------------------------------------------------------

    async def cancel(self, kind: int = 2, *, flags: int | None = None, imsi: str = IMSI) -> Message:
        avps = self._to_mme(imsi, [("Cancellation-Type", kind)])
        if flags is not None:
            avps.append(("CLR-Flags", flags))
        return await self.node.ask(MME, S6A, commands.COMMAND_CANCEL_LOCATION, avps)

    async def insert(self, *data: AvpItem, imsi: str = IMSI) -> Message:
        avps = self._to_mme(imsi, [("Subscription-Data", list(data))])
        return await self.node.ask(MME, S6A, commands.COMMAND_INSERT_SUBSCRIBER_DATA, avps)

    async def s6a(self, command_code: int, *avps: AvpItem) -> Message:
        return await self.node.ask(MME, S6A, command_code, self._to_mme(IMSI, list(avps)))

    async def to_gateway(
        self, application_id: int, *avps: AvpItem, command_code: int = commands.COMMAND_RE_AUTH,
        session_id: str = "",
    ) -> Message:  # fmt: skip
        """A RAR, or an ASR, for the newest session of that application."""
        newest = self.node.credit_controls(application_id)[-1].get_text("Session-Id")
        head: list[AvpItem] = [
            ("Session-Id", session_id or newest),
            ("Origin-Host", "node.epc.test"),
            ("Origin-Realm", REALM),
            ("Destination-Realm", REALM),
            ("Destination-Host", SMF),
            ("Auth-Application-Id", application_id),
            ("Re-Auth-Request-Type", 0),
        ]
        return await self.node.ask(SMF, application_id, command_code, [*head, *avps])

    @staticmethod
    def _to_mme(imsi: str, avps: list[AvpItem]) -> list[AvpItem]:
        return [
            ("Session-Id", "node.epc.test;1;1"),
            ("Auth-Session-State", 1),
            ("Origin-Host", "node.epc.test"),
            ("Origin-Realm", REALM),
            ("Destination-Host", MME),
            ("Destination-Realm", REALM),
            ("User-Name", imsi),
            *avps,
        ]


def _echo(request: Message) -> list[AvpItem]:
    return [
        ("Auth-Application-Id", request.header.application_id),
        ("CC-Request-Type", request.get_int("CC-Request-Type")),
        ("CC-Request-Number", request.get_int("CC-Request-Number")),
    ]


@dataclass
class Guest:
    """An EPC, the network that it talks to, and one phone."""

    epc: SimulatedEpc
    home: HomeNetwork
    phone: UE

    def charged(self) -> list[Message]:
        """All CCRs on Gy."""
        return self.home.node.credit_controls(GY)

    def policed(self) -> list[Message]:
        """All CCRs on Gx."""
        return self.home.node.credit_controls(GX)


@asynccontextmanager
async def a_guest(
    dialect: Dialect = OPEN5GS, *, time: SimulatedTime | None = None, patience: float = 10.0
) -> AsyncIterator[Guest]:
    """Connected, the phone switched off."""
    async with AnsweringNode() as node:
        settings = EpcSettings(
            address="127.0.0.1", port=node.port, realm=REALM, mme_host=MME, smf_host=SMF,
            plmn=PLMN, dialect=dialect, patience=patience,
        )  # fmt: skip
        home = HomeNetwork(node)
        epc = SimulatedEpc(settings, time=time or VirtualTime(), random=Random(1))  # noqa: S311
        async with epc:
            yield Guest(epc, home, epc.add_ue(IMSI, K, OPC))


def refused(code: int) -> Result:
    """A 3GPP refusal."""
    return experimental(code)
