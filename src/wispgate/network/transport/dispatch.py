"""Brings a request to its function and makes an answer of whatever comes of it."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime

import structlog

from wispgate.kernel.errors import InvalidValue, Unavailable
from wispgate.network.transport.applications import (
    Application,
    HotApplication,
    RemotePeer,
    Request,
)
from wispgate.wire.diameter.answers import Origin, Result, answer_to
from wispgate.wire.diameter.commands import (
    APPLICATION_BASE,
    AVP_DESTINATION_HOST,
    AVP_DESTINATION_REALM,
)
from wispgate.wire.diameter.errors import DiameterError
from wispgate.wire.diameter.header import Header
from wispgate.wire.diameter.message import Message, decode_message
from wispgate.wire.diameter.results import ResultCode
from wispgate.wire.diameter.validation import check_request

_log = structlog.get_logger("diameter")


class Dispatcher:
    """The functions of one local identity."""

    def __init__(self, applications: Mapping[int, Application], origin: Origin) -> None:
        self._applications = applications
        self._hot_applications = {
            application_id: application
            for application_id, application in applications.items()
            if isinstance(application, HotApplication)
        }
        self.origin = origin
        self._host = origin.host.lower()
        self._realm = origin.realm.lower()

    def dispatch(
        self, raw: bytes, header: Header, peer: RemotePeer, *, now: datetime
    ) -> bytes | Awaitable[bytes]:
        """The answer to a request of an admitted peer, now or later. Never raises."""
        try:
            request = self._decode(raw, header, peer, now)
        except DiameterError as error:
            return self._refuse(header, error.result_code, error.failed_avp, error.message)
        try:
            answer = self._handle(request)
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            return self._answer_for(error, request)
        return answer if isinstance(answer, bytes) else self._await(answer, request)

    def too_busy(self, header: Header) -> bytes:
        """The answer of a node that cannot take more, made without reading the request."""
        return self._refuse(header, ResultCode.TOO_BUSY, b"", "")

    def _decode(self, raw: bytes, header: Header, peer: RemotePeer, now: datetime) -> Request:
        """By the application's own decoder, if it has one, takes the message and is allowed."""
        application = self._hot_applications.get(header.application_id)
        if application is not None and application.application_id in peer.application_ids:
            hot = application.decode(raw)
            if hot is not None:
                return Request.from_hot(hot, peer, self.origin, now)
        return Request(decode_message(raw), peer, self.origin, now)

    def _handle(self, request: Request) -> bytes | Awaitable[bytes]:
        hot = request.hot
        if hot is None:
            return self._handle_generic(request)
        wrong_way = self._wrong_way(hot.destination_host, hot.destination_realm)
        if wrong_way is not None:
            return self._refuse(request.message, wrong_way, b"", "")
        return self._hot_applications[hot.application_id].handle(request)

    def _handle_generic(self, request: Request) -> bytes | Awaitable[bytes]:
        message = request.message
        application_id = message.header.application_id
        if application_id == APPLICATION_BASE:
            return self._refuse(message, ResultCode.COMMAND_UNSUPPORTED, b"", "")
        application = self._applications.get(application_id)
        if application is None or application.application_id not in request.peer.application_ids:
            return self._refuse(message, ResultCode.APPLICATION_UNSUPPORTED, b"", "")
        violation = check_request(message)
        if violation is not None:
            return self._refuse(
                message, violation.result_code, violation.failed_avp, violation.message
            )
        wrong_way = self._wrong_way(
            message.find_text(AVP_DESTINATION_HOST), message.find_text(AVP_DESTINATION_REALM)
        )
        if wrong_way is not None:
            return self._refuse(message, wrong_way, b"", "")
        return application.handle(request)

    async def _await(self, answer: Awaitable[bytes], request: Request) -> bytes:
        try:
            return await answer
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 (the top of a request: it must be answered)
            return self._answer_for(error, request)

    def _wrong_way(self, host: str | None, realm: str | None) -> ResultCode | None:
        """Not meant for us (RFC 6733 section 6.1.4); nothing is relayed yet."""
        if host is not None and host.lower() != self._host:
            return ResultCode.UNABLE_TO_DELIVER
        if realm is not None and realm.lower() != self._realm:
            return ResultCode.REALM_NOT_SERVED
        return None

    def _answer_for(self, error: Exception, request: Request) -> bytes:
        message, peer = request.message, request.peer
        match error:
            case DiameterError() if error.is_theirs:
                return self._refuse(message, error.result_code, error.failed_avp, error.message)
            case InvalidValue():
                return self._refuse(message, ResultCode.INVALID_AVP_VALUE, b"", error.message)
            case Unavailable():
                _log.warning("request shed", peer=peer.identity, cause=error.code)
                return self._refuse(message, ResultCode.TOO_BUSY, b"", "")
            case _:
                _log.error("request failed", peer=peer.identity, exc_info=error)
                return self._refuse(message, ResultCode.UNABLE_TO_COMPLY, b"", "")

    def _refuse(
        self, request: Message | Header, code: int, failed_avp: bytes, message: str
    ) -> bytes:
        result = Result(code, failed_avp=failed_avp, error_message=message)
        return answer_to(request, result, self.origin)
