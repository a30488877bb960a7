"""S13 and S13' requests of serving nodes: ME-Identity-Check (TS 29.272 section 6.2.1).

A fault of ours is never an answer about the device: a node that hears nothing good lets its own
setting decide, while a black answer would bar an honest phone.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import structlog

from wispgate.domain.equipment.lists import (
    Checked,
    Colour,
    UnknownEquipment,
    decide_equipment,
    device_of,
)
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imei, Imsi
from wispgate.network.transport.applications import LineChanges, Request
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.equipment import Card, Equipment, LockedLine, Question, Sighting
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, answer_to, experimental
from wispgate.wire.diameter.errors import InvalidAvpValue, MissingAvp
from wispgate.wire.diameter.message import AvpItem, Message, encode_avps
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

_log = structlog.get_logger("s13")

_COMMAND_UNSUPPORTED: Final = Result(ResultCode.COMMAND_UNSUPPORTED)
_UNKNOWN: Final = experimental(ExperimentalResultCode.EQUIPMENT_UNKNOWN)
_SUCCESS: Final = Result(ResultCode.SUCCESS)
# Equipment-Status, section 7.3.51.
_STATUS: Final[Mapping[Colour, int]] = MappingProxyType(
    {Colour.WHITE: 0, Colour.BLACK: 1, Colour.GREY: 2}
)
_COMMON: Final = encode_avps(
    [
        ("Auth-Session-State", 1),
        (
            "Vendor-Specific-Application-Id",
            [
                ("Vendor-Id", commands.VENDOR_3GPP),
                ("Auth-Application-Id", commands.APPLICATION_S13),
            ],
        ),
    ]
)
# How often a card that the directory and its partition do not agree about is looked up.
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class _Found:
    """The line of the card in the device."""

    place: Place
    line: LockedLine


class S13:
    """The S13 application of the node."""

    application_id = commands.APPLICATION_S13
    vendor_id = commands.VENDOR_3GPP

    def __init__(self, directory: Directory, equipment: Equipment) -> None:
        self._directory = directory
        self._equipment = equipment

    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        """ECR; other commands are answered 3001."""
        if request.message.header.command_code != commands.COMMAND_ME_IDENTITY_CHECK:
            return _answer(request, _COMMAND_UNSUPPORTED)
        return self._identity_check(request)

    async def _identity_check(self, request: Request) -> bytes:
        imei = imei_of(request.message)
        card = _card_of(request)
        found = await self._find(card) if card else None
        checked = await self._check(request, device_of(imei), found)
        if card is not None and found is not None:
            seen = Sighting(card, found.line, device_of(imei), imei.software_version)
            await self._equipment.see(seen, found.place)
        _log.debug(
            "identity check",
            peer=request.peer.identity,
            imei=str(imei),
            imsi=card.imsi.digits if card else "",
            outcome=str(getattr(checked, "colour", "unknown")),
        )
        match checked:
            case UnknownEquipment():
                return _answer(request, _UNKNOWN)
            case Checked(colour=colour):
                return _answer(request, _SUCCESS, [("Equipment-Status", _STATUS[colour])])

    async def _check(
        self, request: Request, device: str, found: _Found | None
    ) -> Checked | UnknownEquipment:
        operator_id = found.line.operator_id if found else None
        listed = await self._equipment.read_lists(
            Question(request.peer.core_id, device, operator_id)
        )
        return decide_equipment(
            device,
            listed.ranges,
            lock=found.line.devices if found else (),
            unknown_as=listed.unknown_as,
        )

    async def _find(self, card: Card) -> _Found | None:
        """The card's line; None for a card that is not ours: a guest's device is checked too."""
        identity = Identity(card.core_id, "imsi", card.imsi.digits)
        for _ in range(_ATTEMPTS):
            place = await self._directory.find(identity)
            if place is None:
                return None
            line = await self._equipment.read_line(card, place)
            if line is not None:
                return _Found(place, line)
            self._directory.forget(identity)
        raise LineChanges("the directory and the partition do not agree about a card")


def imei_of(message: Message) -> Imei:
    """Terminal-Information as an IMEI with its software version.

    Raises MissingAvp without an IMEI and InvalidAvpValue for one that is none.
    """
    terminal = message.get_avp("Terminal-Information")
    imei = terminal.members.find_avp("IMEI")
    if imei is None:
        missing = encode_avps([("Terminal-Information", [("IMEI", "0" * 14)])])
        raise MissingAvp("Terminal-Information has no IMEI", failed_avp=missing)
    version = terminal.members.find_text("Software-Version") or ""
    try:
        return Imei.parse(terminal.members.get_text("IMEI")[:14] + version)
    except InvalidValue as error:
        failed = terminal.around(imei.encode())
        raise InvalidAvpValue(error.message, failed_avp=failed) from None


def _card_of(request: Request) -> Card | None:
    """User-Name may be there, and is the IMSI. Raises InvalidAvpValue where it is none."""
    avp = request.message.find_avp("User-Name")
    if avp is None:
        return None
    try:
        return Card(request.peer.core_id, Imsi(request.message.get_text("User-Name")))
    except InvalidValue as error:
        raise InvalidAvpValue(error.message, failed_avp=avp.encode()) from None


def _answer(request: Request, result: Result, avps: list[AvpItem] | None = None) -> bytes:
    return answer_to(request.message, result, request.origin, [_COMMON, *(avps or [])])
