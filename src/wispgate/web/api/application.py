"""The API put together: its operations, what they answer when something is wrong, its description."""

import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.operation import Operation

from wispgate.business.approvals import services as approvals
from wispgate.business.approvals.errors import ApprovalNeeded
from wispgate.business.audit import services as audit
from wispgate.business.inventory import number_queries as numbers
from wispgate.business.inventory import queries as sims
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidValue,
    NotFound,
    Unavailable,
    WispgateError,
)
from wispgate.web.api import errors
from wispgate.web.api.allotments import router as allotments
from wispgate.web.api.approvals import ApprovalOut
from wispgate.web.api.approvals import router as requests
from wispgate.web.api.audits import router as audits
from wispgate.web.api.bodies import JsonParser
from wispgate.web.api.description import describe
from wispgate.web.api.door import guarded
from wispgate.web.api.equipment import router as equipment
from wispgate.web.api.massacts import router as mass_acts
from wispgate.web.api.messages import router as messages
from wispgate.web.api.money import router as money
from wispgate.web.api.network import router as network
from wispgate.web.api.numbers import router as number_stock
from wispgate.web.api.peers import router as peers
from wispgate.web.api.plans import router as plans
from wispgate.web.api.reveals import router as reveals
from wispgate.web.api.sims import router as sim_stock
from wispgate.web.api.staff import router as people
from wispgate.web.api.subscribers import router as subscribers
from wispgate.web.api.subscriptions import router as subscriptions
from wispgate.web.api.tenants import router as tenants
from wispgate.web.api.tokens import router as tokens
from wispgate.web.api.traces import router as traces
from wispgate.web.site import refusals

_log = structlog.get_logger(__name__)

# The audit knows objects by their tables.
_TABLES = {
    "subscribers": "crm_subscriber",
    "sims": "inventory_sim",
    "subscriptions": "subscriptions_subscription",
    "plans": "catalogue_plan",
    "numbers": "inventory_number",
    "number-ranges": "inventory_numberrange",
    "operators": "operators_operator",
    "operator": "operators_operator",
    "allotments": "tenants_allotment",
    "tokens": "staff_apitoken",
    "service-accounts": "staff_staffmember",
    "staff": "staff_staffmember",
    "roles": "staff_storedrole",
    "approvals": "approvals_approval",
    "traces": "tracing_trace",
}
_PLACE = re.compile(r"/api/v1/(?P<collection>[a-z-]+)(/(?P<key>[^/]+))?")


class RestApi(NinjaAPI):
    """Describes what every operation may answer beside its own results."""

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The function's name: stable, and short in generated clients."""
        name: str = operation.view_func.__name__
        return name

    def get_openapi_schema(self, **options: Any) -> Any:
        return describe(super().get_openapi_schema(**options))


def handle_refusal(request: HttpRequest, error: WispgateError) -> HttpResponse:
    """Tells a refusal, and writes the ones that somebody may have to explain into the audit.

    What needs a second person is no refusal: it is asked for.
    """
    if isinstance(error, ApprovalNeeded):
        asked = ApprovalOut.show(approvals.ask(error.asked), now=scopes.current().now)
        return JsonResponse(asked.model_dump(mode="json"), status=HTTPStatus.ACCEPTED)
    if isinstance(error, Conflict | Forbidden):
        object_type, object_id = _object_of(request)
        refusals.record(error, object_type=object_type, object_id=object_id)
    return errors.problem_of(request, error)


def handle_invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """Wrong fields by their paths. What was given is not repeated: it may be a secret."""
    wrong = [{"field": _path(one["loc"]), "message": one["msg"]} for one in error.errors]
    return errors.problem(
        request,
        errors.STATUS[InvalidValue],
        code=InvalidValue.code,
        detail="some values are wrong",
        errors=wrong,
    )


def _path(steps: Sequence[int | str]) -> str:
    """`name` for a field of the body, `query.limit` for one beside it."""
    # The framework says "body", then the parameter's name, then the field.
    inner = steps[2:] if steps[0] == "body" else steps
    if steps[0] == "query" and len(steps) > 2:
        inner = (steps[0], *steps[2:])
    return ".".join(str(step) for step in inner) or "body"


def handle_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    """The framework wraps what our parser raised; its own words are for broken bodies only."""
    cause = error.__cause__
    if not isinstance(cause, WispgateError):
        cause = errors.MalformedRequest(str(error))
    return errors.problem_of(request, cause)


def handle_too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return errors.problem_of(request, errors.TooLarge("the body is larger than is taken at once"))


def handle_broken_off(request: HttpRequest, error: UnreadablePostError) -> HttpResponse:
    return errors.problem_of(request, errors.MalformedRequest("the body broke off"))


def handle_missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return errors.problem_of(request, NotFound("address", request.path))


def handle_lost_database(request: HttpRequest, error: Exception) -> HttpResponse:
    _log.warning("the database was lost in a request", error=str(error))
    return errors.problem_of(request, Unavailable("the database does not answer"))


def handle_bug(request: HttpRequest, error: Exception) -> HttpResponse:
    """The top of an API call: anything else is our fault, told without particulars."""
    _log.error("an API call failed", path=request.path, exc_info=error)
    return errors.problem(
        request,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code="internal_error",
        detail="something is broken on our side; the log knows this request by its instance",
    )


def _object_of(request: HttpRequest) -> tuple[str, str]:
    found = _PLACE.match(audit.storable(request.path))
    if found is None:
        return "", ""
    collection, key = found["collection"], found["key"] or ""
    if collection == "sims" and (sim := sims.find_sim(key)):
        key = str(sim.id)
    if collection == "numbers" and (number_id := numbers.find_number_id(key.removeprefix("+"))):
        key = str(number_id)
    return _TABLES.get(collection, collection), key


_HANDLERS: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = MappingProxyType(
    {
        WispgateError: handle_refusal,
        ValidationError: handle_invalid,
        HttpError: handle_http_error,
        RequestDataTooBig: handle_too_large,
        UnreadablePostError: handle_broken_off,
        Http404: handle_missing,
        OperationalError: handle_lost_database,
        InterfaceError: handle_lost_database,
        Exception: handle_bug,
    }
)


def build() -> NinjaAPI:
    """The API with all its routers."""
    api = RestApi(
        title="WISPGate",
        version="1",
        description="Business and operations of an LTE operator.",
        docs_url=None,
        parser=JsonParser(),
        urls_namespace="api",
    )
    api.add_decorator(guarded, mode="view")
    api.add_router("/subscribers", subscribers)
    api.add_router("/sims", sim_stock)
    api.add_router("/subscriptions", subscriptions)
    api.add_router("/plans", plans)
    api.add_router("", money)
    api.add_router("/messages", messages)
    api.add_router("/audit", audits)
    api.add_router("", network)
    api.add_router("/peers", peers)
    api.add_router("", number_stock)
    api.add_router("", equipment)
    api.add_router("", tenants)
    api.add_router("", allotments)
    api.add_router("", tokens)
    api.add_router("", people)
    api.add_router("", requests)
    api.add_router("", reveals)
    api.add_router("/traces", traces)
    api.add_router("/mass-acts", mass_acts)
    for kind, handler in _HANDLERS.items():
        api.add_exception_handler(kind, handler)
    return api
