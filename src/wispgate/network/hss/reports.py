"""S6a reports of serving nodes: Purge-UE and Notify (TS 29.272 sections 5.2.1.3 and 5.2.5)."""

from typing import Final

import structlog

from wispgate.domain.equipment.lists import DEVICE_DIGITS
from wispgate.network.hss.answers import RESULTS, SUCCESS, s6a_answer, unknown_as
from wispgate.network.hss.locations import Subject
from wispgate.network.hss.presence import Noted, Notice, Presence, Purge
from wispgate.network.hss.requests import (
    ServingNode,
    gateways_of,
    identity_of,
    imei_of,
    imsi_of,
    is_single_registration,
    purged_nodes_of,
)
from wispgate.network.transport.applications import LineChanges, Request
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.equipment import Card, Equipment, LockedLine, Sighting
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, experimental
from wispgate.wire.diameter.results import ExperimentalResultCode, ResultCode

_log = structlog.get_logger("s6a")

# PUA-Flags, section 7.3.48: the node may not give the TMSI to another phone yet.
_FREEZES: Final = {ServingNode.MME: 1, ServingNode.SGSN: 2}
_UNKNOWN_SERVING_NODE: Final = experimental(ExperimentalResultCode.UNKNOWN_SERVING_NODE)
_APN_NOT_SUBSCRIBED: Final = Result(
    ResultCode.UNABLE_TO_COMPLY, error_message="the APN is not subscribed to"
)
# How often a card that the directory and its partition do not agree about is looked up.
_ATTEMPTS: Final = 3


class Reports:
    """Handles what needs no decision about the subscription, only knowledge of it."""

    def __init__(self, directory: Directory, presence: Presence, equipment: Equipment) -> None:
        self._directory = directory
        self._presence = presence
        self._equipment = equipment

    async def purge(self, request: Request) -> bytes:
        """PUR: a phone that was switched off, or not heard of for long, has no context there."""
        message = request.message
        subject = Subject(request.peer.core_id, imsi_of(message))
        host = identity_of(message, commands.AVP_ORIGIN_HOST)
        purge = Purge(subject, host, purged_nodes_of(message))
        for _ in range(_ATTEMPTS):
            place = await self._find(subject)
            if place is None:
                return self._unknown(request)
            was_here = await self._presence.purge(purge, place)
            if was_here is not None:
                _log.debug("purge", peer=request.peer.identity, imsi=subject.imsi.digits)
                flags = sum(_FREEZES[node] for node in was_here)
                return s6a_answer(request, SUCCESS, [("PUA-Flags", flags)])
            self._forget(subject)
        raise LineChanges("the directory and the partition do not agree about a card")

    async def notify(self, request: Request) -> bytes:
        """NOR: another device, the gateway of an APN, and that the phone is reachable."""
        message = request.message
        subject = Subject(request.peer.core_id, imsi_of(message))
        host = identity_of(message, commands.AVP_ORIGIN_HOST)
        is_leaving = is_single_registration(message)
        notice = Notice(subject, host, imei_of(message), gateways_of(message), is_leaving)
        for _ in range(_ATTEMPTS):
            place = await self._find(subject)
            if place is None:
                return self._unknown(request)
            noted = await self._presence.note(notice, place)
            if noted is not None:
                return await self._noted(request, notice, noted, place)
            self._forget(subject)
        raise LineChanges("the directory and the partition do not agree about a card")

    async def _noted(self, request: Request, notice: Notice, noted: Noted, place: Place) -> bytes:
        if not noted.is_here:
            return s6a_answer(request, _UNKNOWN_SERVING_NODE)
        if any(noted.line.profile.find_apn(apn) is None for apn in notice.gateways):
            return s6a_answer(request, _APN_NOT_SUBSCRIBED)
        line = LockedLine(noted.line.line_id, noted.operator_id, noted.account_id, ())
        await self.see(notice.subject, line, place, imei=notice.imei, before=noted.previous_imei)
        return s6a_answer(request, SUCCESS)

    def is_new_device(self, imei: str | None, before: str | None) -> bool:
        """Whether a phone says that it is another one than was known."""
        return imei is not None and imei[:DEVICE_DIGITS] != (before or "")[:DEVICE_DIGITS]

    async def see(
        self, subject: Subject, line: LockedLine, place: Place,
        *, imei: str | None, before: str | None,
    ) -> None:  # fmt: skip
        """Notes the device of a card, where it is another one than was known."""
        if imei is None or not self.is_new_device(imei, before):
            return
        version = imei[DEVICE_DIGITS:] if len(imei) == DEVICE_DIGITS + 2 else ""
        card = Card(subject.core_id, subject.imsi)
        await self._equipment.see(Sighting(card, line, imei[:DEVICE_DIGITS], version), place)

    async def _find(self, subject: Subject) -> Place | None:
        return await self._directory.find(_identity(subject))

    def _forget(self, subject: Subject) -> None:
        self._directory.forget(_identity(subject))

    def _unknown(self, request: Request) -> bytes:
        return s6a_answer(request, RESULTS[unknown_as(request.peer.unknown_imsi)])


def _identity(subject: Subject) -> Identity:
    return Identity(subject.core_id, "imsi", subject.imsi.digits)
