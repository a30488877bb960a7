"""Brings a request to its function and makes an answer of whatever comes of it."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime
from functools import lru_cache

import structlog

from wispgate.kernel.errors import InvalidValue, Unavailable
from wispgate.network.transport.applications import (
    Answer,
    Application,
    HotApplication,
    PendingAnswer,
    RemotePeer,
    Request,
)
from wispgate.store.hot import RowHeld
from wispgate.wire.diameter.answers import Origin, Result, Unreadable, answer_to
from wispgate.wire.diameter.commands import (
    APPLICATION_BASE,
    AVP_DESTINATION_HOST,
    AVP_DESTINATION_REALM,
    AVP_ROUTE_RECORD,
)
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.hot.answers import UnreadAnswers
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.occasion import result_of
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.routing import decide_misdirection, has_route_record
from wispgate.wire.diameter.validation import check_request, violation_of

_log = structlog.get_logger("diameter")


class _Identity:
    """A local identity, ready to be compared with what requests say."""

    __slots__ = ("host", "octets", "origin", "realm")

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.host = origin.host.lower()
        self.realm = origin.realm.lower()
        self.octets = self.host.encode()


class Dispatcher:
    """The functions of a node. `origin` is who it is towards peers whose core says nothing else."""

    def __init__(self, applications: Mapping[int, Application], origin: Origin) -> None:
        self._applications = applications
        self._hot_applications = {
            application_id: application
            for application_id, application in applications.items()
            if isinstance(application, HotApplication)
        }
        self.origin = origin
        self._own = _Identity(origin)
        self._others: dict[Origin, _Identity] = {}

    def dispatch(self, raw: bytes, header: Header, peer: RemotePeer, *, now: datetime) -> Answer:
        """The answer to a request of an admitted peer, now or later. Never raises."""
        try:
            request = self._decode(raw, header, peer, now)
        except DiameterError as error:
            origin = self._identity(peer).origin
            return answer_to(Unreadable(header, raw), result_of(violation_of(error)), origin)
        try:
            answer = self._handle(request)
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            return self._answer_for(error, request)
        if isinstance(answer, bytes):
            return answer
        if isinstance(answer, PendingAnswer):
            answer.refuse = self._answer_for
            return answer
        return self._await(answer, request)

    def too_busy(self, raw: bytes, header: Header, peer: RemotePeer) -> bytes:
        """The answer of a node that cannot take more, made without reading the request."""
        return _too_busy_of(self._identity(peer).origin).encode(raw, header)

    def _identity(self, peer: RemotePeer) -> _Identity:
        origin = peer.origin
        if origin is None:
            return self._own
        identity = self._others.get(origin)
        if identity is None:
            identity = self._others[origin] = _Identity(origin)
        return identity

    def _decode(self, raw: bytes, header: Header, peer: RemotePeer, now: datetime) -> Request:
        """By the application's own decoder, if it has one, takes the message and is allowed."""
        application = self._hot_applications.get(header.application_id)
        if application is not None and application.application_id in peer.application_ids:
            hot = application.decode(raw)
            if hot is not None:
                return Request.from_hot(hot, peer, self._identity(peer).origin, now)
        return Request(decode_message(raw), peer, self._identity(peer).origin, now)

    def _handle(self, request: Request) -> Answer:
        hot = request.hot
        if hot is None:
            return self._handle_generic(request)
        identity = self._identity(request.peer)
        if has_route_record(hot.raw, identity.octets):
            return _refusal(request.message, identity.origin, ResultCode.LOOP_DETECTED)
        misdirection = decide_misdirection(
            hot.destination_host, hot.destination_realm,
            our_host=identity.host, our_realm=identity.realm,
        )  # fmt: skip
        if misdirection is not None:
            return _refusal(request.message, identity.origin, misdirection)
        return self._hot_applications[hot.application_id].handle(request)

    def _handle_generic(self, request: Request) -> Answer:
        message, origin = request.message, request.origin
        application_id = message.header.application_id
        if application_id == APPLICATION_BASE:
            return _refusal(message, origin, ResultCode.COMMAND_UNSUPPORTED)
        application = self._applications.get(application_id)
        if application is None or application.application_id not in request.peer.application_ids:
            return _refusal(message, origin, ResultCode.APPLICATION_UNSUPPORTED)
        violation = check_request(message)
        if violation is not None:
            return answer_to(message, result_of(violation), origin)
        misdirection = self._find_misdirection(request)
        if misdirection is not None:
            return _refusal(message, origin, misdirection)
        return application.handle(request)

    def _find_misdirection(self, request: Request) -> ResultCode | None:
        message, identity = request.message, self._identity(request.peer)
        passed = {avp.data.lower() for avp in message.list_avps(AVP_ROUTE_RECORD)}
        if identity.octets in passed:
            return ResultCode.LOOP_DETECTED
        return decide_misdirection(
            message.find_text(AVP_DESTINATION_HOST), message.find_text(AVP_DESTINATION_REALM),
            our_host=identity.host, our_realm=identity.realm,
        )  # fmt: skip

    async def _await(self, answer: Awaitable[bytes], request: Request) -> bytes:
        try:
            return await answer
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            return self._answer_for(error, request)

    def _answer_for(self, error: Exception, request: Request) -> bytes:
        message, peer, origin = request.message, request.peer, request.origin
        match error:
            case DiameterError() if error.is_theirs:
                return answer_to(message, result_of(violation_of(error)), origin)
            case InvalidValue():
                result = Result(ResultCode.INVALID_AVP_VALUE, error_message=error.message)
                return answer_to(message, result, origin)
            case Unavailable() | RowHeld():
                _log.warning("request shed", peer=peer.identity, cause=error.code)
                return _refusal(message, origin, ResultCode.TOO_BUSY)
            case _:
                _log.error("request failed", peer=peer.identity, exc_info=error)
                return _refusal(message, origin, ResultCode.UNABLE_TO_COMPLY)


def _refusal(request: Message | Header, origin: Origin, code: ResultCode) -> bytes:
    return answer_to(request, Result(code), origin)


@lru_cache(maxsize=64)
def _too_busy_of(origin: Origin) -> UnreadAnswers:
    return UnreadAnswers(origin, ResultCode.TOO_BUSY)
