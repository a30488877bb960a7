"""A node with an MME connected, whose every octet a test writes."""

from dataclasses import dataclass

from tests.harness.network import MME_HOST, NOW, REALM, RawPeer, Rows
from tests.network.dialogue import IMSI, PLMN
from wispgate.network.transport.node import DiameterNode
from wispgate.wire.diameter.base_messages import BaseMessages
from wispgate.wire.diameter.capabilities import Application, LocalNode
from wispgate.wire.diameter.commands import (
    APPLICATION_S6A,
    COMMAND_AUTHENTICATION_INFORMATION,
    VENDOR_3GPP,
)
from wispgate.wire.diameter.header import FLAG_PROXIABLE, FLAG_REQUEST, Header
from wispgate.wire.diameter.message import AvpItem, Message, encode_message
from wispgate.wire.diameter.types import Address

S6A = Application(APPLICATION_S6A, VENDOR_3GPP)
_NUMBERS = (0xABCDEF01, 0x12345678)


@dataclass
class Stage:
    node: DiameterNode
    rows: Rows
    raw: RawPeer

    async def ask(self, octets: bytes) -> Message:
        """What comes back for these octets."""
        self.raw.write(octets)
        return await self.raw.read()

    async def introduce(self, octets: bytes) -> Message:
        """The answer to a first message on a connection of its own."""
        raw = await RawPeer.open(self.node.port)
        raw.write(octets)
        answer = await raw.read()
        await raw.close()
        return answer


def request(
    avps: list[AvpItem], *, command: int = COMMAND_AUTHENTICATION_INFORMATION,
    application: int = APPLICATION_S6A, flags: int = FLAG_REQUEST | FLAG_PROXIABLE,
) -> bytes:  # fmt: skip
    return encode_message(Header(flags, command, application, *_NUMBERS), avps)


def air_avps(without: str = "", **instead: object) -> list[AvpItem]:
    """Those of a good AIR; `instead` by their names, with _ for -."""
    given = {name.replace("_", "-"): value for name, value in instead.items()}
    usual: list[tuple[str, object]] = [
        ("Session-Id", f"{MME_HOST};1;1"),
        ("Auth-Session-State", 1),
        ("Origin-Host", MME_HOST),
        ("Origin-Realm", REALM),
        ("Destination-Realm", REALM),
        ("User-Name", IMSI),
        ("Requested-EUTRAN-Authentication-Info", [("Number-Of-Requested-Vectors", 1)]),
        ("Visited-PLMN-Id", PLMN.encode()),
    ]
    names = {name for name, _ in usual}
    avps = [(name, given.get(name, value)) for name, value in usual if name != without]
    avps += [(name, value) for name, value in given.items() if name not in names]
    return avps  # type: ignore[return-value]


def speaker(
    host: str = MME_HOST, *, applications: tuple[Application, ...] = (S6A,),
    origin_state_id: int | None = None,
) -> BaseMessages:  # fmt: skip
    """The base protocol of a client."""
    local = LocalNode(
        host, REALM, (Address.parse("127.0.0.1"),), applications, product_name="test",
        origin_state_id=origin_state_id,
    )  # fmt: skip
    return BaseMessages(local, seed=1)


def watchdog(**particulars: int) -> bytes:
    return speaker(**particulars).watchdog_request(NOW)
