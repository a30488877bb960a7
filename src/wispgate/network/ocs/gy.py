"""Gy and Ro: the Diameter Credit-Control application (RFC 8506, TS 32.299)."""

from collections.abc import Awaitable
from typing import Final

import structlog

from wispgate.domain.charging.requests import RequestKind
from wispgate.domain.policy.capabilities import get_core_profile
from wispgate.network.ocs.answers import build_answer, build_hot_answer, build_refusal
from wispgate.network.ocs.charging import Charging
from wispgate.network.ocs.stored import StoredAnswer
from wispgate.network.ocs.translation import (
    CreditControl,
    UnknownService,
    UnservedAction,
    read_request,
)
from wispgate.network.ocs.usual import read_hot
from wispgate.network.ocs.work import Work
from wispgate.network.transport.applications import Request
from wispgate.store.directory import Directory, Identity, Place
from wispgate.store.hot import HotStore
from wispgate.wire.diameter import commands
from wispgate.wire.diameter.answers import Result, answer_to
from wispgate.wire.diameter.hot.credit_control import HotCcr, decode_ccr
from wispgate.wire.diameter.results import ResultCode

_log = structlog.get_logger("gy")

# A line that moved to another partition is looked up once more.
_ATTEMPTS: Final = 2
_USER_UNKNOWN: Final = StoredAnswer(result_code=ResultCode.USER_UNKNOWN)


class Gy:
    """The credit-control application of the node."""

    application_id = commands.APPLICATION_CREDIT_CONTROL
    vendor_id = 0

    def __init__(self, store: HotStore, directory: Directory, charging: Charging) -> None:
        self._store = store
        self._directory = directory
        self._charging = charging

    def decode(self, raw: bytes) -> HotCcr | None:
        """A CCR by the hot codec, unless it is unusual."""
        return decode_ccr(raw)

    def handle(self, request: Request) -> bytes | Awaitable[bytes]:
        """CCR; other commands are answered 3001."""
        hot = request.hot
        if hot is None and request.message.header.command_code != commands.COMMAND_CREDIT_CONTROL:
            return answer_to(request.message, ResultCode.COMMAND_UNSUPPORTED, request.origin)
        try:
            asked = read_hot(hot) if isinstance(hot, HotCcr) else read_request(request.message)
        except (UnknownService, UnservedAction) as error:
            result = Result(error.result_code, failed_avp=error.failed_avp)
            return build_refusal(request.message, request.origin, result)
        return self._credit_control(request, asked)

    async def _credit_control(self, request: Request, asked: CreditControl) -> bytes:
        answer = await self._charge(request, asked)
        _log.debug(
            "credit control",
            peer=request.peer.identity,
            session=asked.charge.session_id,
            number=asked.charge.number,
            result=int(answer.result_code),
        )
        hot = request.hot
        if isinstance(hot, HotCcr):
            return build_hot_answer(hot, request.origin, asked, answer)
        return build_answer(request.message, request.origin, asked, answer)

    async def _charge(self, request: Request, asked: CreditControl) -> StoredAnswer:
        peer = request.peer
        core = get_core_profile(peer.profile)
        for _ in range(_ATTEMPTS):
            identity = Identity(peer.core_id, *asked.identities[0]) if asked.identities else None
            place = self._directory.find_known(identity) if identity is not None else None
            if place is None:
                identity, place = await self._find(request, asked)
            if place is None:
                return _USER_UNKNOWN
            work = Work(asked, place.line_id, peer.core_id, peer.identity, core)
            answer = await self._charging.charge(work, place)
            if answer is not None:
                return answer
            if identity is not None:
                self._directory.forget(identity)
        return _USER_UNKNOWN

    async def _find(
        self, request: Request, asked: CreditControl
    ) -> tuple[Identity | None, Place | None]:
        """The place of the first identity that anybody has; else that of the session itself."""
        for kind, value in asked.identities:
            identity = Identity(request.peer.core_id, kind, value)
            place = await self._directory.find(identity)
            if place is not None:
                return identity, place
        if asked.charge.kind in (RequestKind.UPDATE, RequestKind.TERMINATION):
            return None, await self._find_by_session(request, asked.charge.session_id)
        return None, None

    async def _find_by_session(self, request: Request, session_id: str) -> Place | None:
        """Who lost the identity meanwhile, by a swap of SIMs, still pays for what was used."""
        values = {"session_id": session_id, "core_id": request.peer.core_id}
        for partition in self._store.partitions:
            rows = await partition.fetch("find_charging_session", values)
            for row in rows:
                return Place(
                    row["operator_id"], row["account_id"], row["line_id"], partition.number
                )
        return None
