"""What an error is in HTTP: the one table, and the one shape (RFC 9457 problem details).

WispgateError
├── InvalidValue
│   └── MalformedRequest        the body is not what its Content-Type says
│       ├── UnsupportedMedia    a Content-Type that the operation does not take
│       └── TooLarge            more than is taken in one request
└── MethodNotAllowed            the address exists, the method does not
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest, JsonResponse

from wispgate.business.inventory.errors import ImportRefused
from wispgate.business.subscriptions.errors import IdentifiersRefused
from wispgate.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidValue,
    Misconfigured,
    NotFound,
    Unauthenticated,
    Unavailable,
    WispgateError,
)
from wispgate.web.site.requests import request_id_of

PROBLEM_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5


class MalformedRequest(InvalidValue):
    code = "malformed_request"


class UnsupportedMedia(MalformedRequest):
    code = "unsupported_media_type"


class TooLarge(MalformedRequest):
    code = "too_large"


class MethodNotAllowed(WispgateError):
    code = "method_not_allowed"


# An error has the status of the nearest of its kinds that stands here.
STATUS: Mapping[type[WispgateError], HTTPStatus] = MappingProxyType(
    {
        MalformedRequest: HTTPStatus.BAD_REQUEST,
        UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        InvalidValue: HTTPStatus.UNPROCESSABLE_ENTITY,
        Unauthenticated: HTTPStatus.UNAUTHORIZED,
        Forbidden: HTTPStatus.FORBIDDEN,
        NotFound: HTTPStatus.NOT_FOUND,
        MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
        Conflict: HTTPStatus.CONFLICT,
        Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Misconfigured: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)


def status_of(kind: type[WispgateError]) -> HTTPStatus | None:
    """The status of an error's kind, None for one that the table forgot."""
    return next((STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS), None)


def problem_of(request: HttpRequest, error: WispgateError) -> JsonResponse:
    """The answer that tells an error to a program."""
    status = status_of(type(error)) or HTTPStatus.INTERNAL_SERVER_ERROR
    answer = problem(
        request, status, code=error.code, detail=error.message, errors=list(_particulars(error))
    )
    if status is HTTPStatus.UNAUTHORIZED:
        answer["WWW-Authenticate"] = "Bearer"
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        answer["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def problem(
    request: HttpRequest,
    status: HTTPStatus,
    *,
    code: str,
    detail: str,
    errors: Iterable[Mapping[str, Any]] = (),
) -> JsonResponse:
    """`instance` is the request's id, by which the log and the audit know it."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "instance": request_id_of(request),
    }
    listed = list(errors)
    if listed:
        body["errors"] = listed
    return JsonResponse(body, status=status, content_type=PROBLEM_TYPE)


def _particulars(error: WispgateError) -> Iterable[Mapping[str, Any]]:
    match error:
        case ImportRefused(problems=problems) | IdentifiersRefused(problems=problems):
            for one in problems:
                field = f"rows[{one.row}].{one.column}" if one.column else f"rows[{one.row}]"
                row = {"row": one.row, "column": one.column, "value": one.value}
                yield {"field": field, "message": one.rule, **row}
        case InvalidValue(field=str() as field) if field:
            yield {"field": field, "message": error.message}
