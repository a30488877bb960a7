"""How a call enters: its token, its operator, one transaction, and once per Idempotency-Key.

The transaction is the outermost thing: a refusal's savepoint is undone inside it, what the audit
says of the refusal is kept, and an answer of 500 or more undoes all.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from ninja.security import HttpBearer

from wispgate.business.audit import services as audit
from wispgate.business.operators import queries as operators
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards, masking
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import TokenRefused
from wispgate.kernel.errors import InvalidValue, NotFound, Unavailable, WispgateError
from wispgate.web.api import bodies, errors
from wispgate.web.site.requests import address_of, request_id_of

OPERATOR_HEADER = "X-Operator"
JSON = "application/json"
KEY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
_SECRET_FIELD = "wispgate.secret_field"  # noqa: S105 (a name in the request)
_KEY = re.compile(r"[!-~]{1,255}")

Run = Callable[..., HttpResponse]


class BearerToken(HttpBearer):
    """The permission that an operation needs, and whether it needs an operator to work for."""

    def __init__(self, permission: str, *, needs_operator: bool = True) -> None:
        super().__init__()
        self.permission = permission
        self.needs_operator = needs_operator

    def __call__(self, request: HttpRequest) -> staff.Principal:
        principal = principal_of(request)
        principal.require(self.permission)
        if self.needs_operator and scopes.current().operator_id is None:
            raise InvalidValue(
                "a token of the platform names the operator that it works for",
                field=OPERATOR_HEADER,
            )
        return principal

    def authenticate(self, request: HttpRequest, token: str) -> staff.Principal:
        return staff.authenticate_token(
            token, address=address_of(request), now=settings.WISPGATE_CLOCK.now()
        )


def principal_of(request: HttpRequest) -> staff.Principal:
    """Who called; set by `guarded` before anything else runs."""
    principal: staff.Principal = request.META["wispgate.principal"]
    return principal


def guarded(run: Run) -> Run:
    """Wraps an operation: everything that it does is one transaction in its caller's scope."""

    @wraps(run)
    def enter(request: HttpRequest, **path: Any) -> HttpResponse:
        try:
            scope = _open(request)
            with scopes.within(scope):
                guards.narrow(principal_of(request))
                answer = _masked(_answer(run, request, path), principal_of(request))
                if answer.status_code >= 500:
                    transaction.set_rollback(True)
        except WispgateError as error:
            return errors.problem_of(request, error)
        except (OperationalError, InterfaceError):
            return errors.problem_of(request, Unavailable("the database does not answer"))
        return answer

    return enter


def _masked(answer: HttpResponse, principal: staff.Principal) -> HttpResponse:
    """Without what the role hides, whatever the operation answered."""
    hidden = principal.holding.hides
    if hidden and answer.status_code < 300 and answer.get("Content-Type", "").startswith(JSON):
        shown = masking.mask_tree(json.loads(answer.content), hidden)
        answer.content = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()
    return answer


def _open(request: HttpRequest) -> scopes.Scope:
    word, _, secret = request.headers.get("Authorization", "").partition(" ")
    if word.lower() != "bearer" or not secret:
        raise TokenRefused("this needs a token: Authorization: Bearer …")
    now = settings.WISPGATE_CLOCK.now()
    try:
        principal = staff.authenticate_token(secret, address=address_of(request), now=now)
    except TokenRefused as error:
        _record_refused(request, error, now)
        raise
    request.META["wispgate.principal"] = principal
    scope = scopes.Scope(
        now=now,
        actor=principal.actor,
        operator_id=principal.operator_id,
        is_platform=principal.is_platform,
        request_id=request_id_of(request),
        authority=principal,
    )
    return _choose_operator(scope, request) if scope.is_platform else scope


def _record_refused(request: HttpRequest, error: TokenRefused, now: datetime) -> None:
    """Somebody tried a token that is none of ours, or is one no more. `limiting` bounds how often.

    The entry belongs to no tenant; of the token nothing is told.
    """
    actor = scopes.Actor("token", "unknown", address_of(request))
    scope = scopes.Scope(now=now, actor=actor, is_platform=True, request_id=request_id_of(request))
    with scopes.within(scope):
        audit.record_refusal(error, object_type="page", object_id=request.path[:200])


def _choose_operator(scope: scopes.Scope, request: HttpRequest) -> scopes.Scope:
    """The platform's tokens name an operator; where there is but one, they need not."""
    slug = request.headers.get(OPERATOR_HEADER, "")
    with scopes.within(scope):
        if slug:
            try:
                chosen = operators.get_operator(slug)
            except NotFound as error:
                raise InvalidValue(error.message, field=OPERATOR_HEADER) from None
            return replace(scope, operator_id=chosen.id)
        known = operators.list_operators()
    return replace(scope, operator_id=known[0].id) if len(known) == 1 else scope


def _answer(run: Run, request: HttpRequest, path: dict[str, Any]) -> HttpResponse:
    key = request.headers.get(KEY_HEADER)
    if key is None or request.method != "POST":
        return run(request, **path)
    if not _KEY.fullmatch(key):
        raise InvalidValue("a key has 1 to 255 ASCII letters, digits and signs", field=KEY_HEADER)
    digest = bodies.digest_of(request)
    stored = staff.find_answer(key, request_hash=digest)
    if stored is not None:
        return _replayed(stored)
    answer = run(request, **path)
    if _is_kept(answer.status_code):
        kept = staff.StoredAnswer(
            answer.status_code, _without_secrets(request, answer), answer["Content-Type"]
        )
        staff.remember_answer(key, request_hash=digest, answer=kept)
    return answer


def answer_holds_secret(request: HttpRequest, field: str) -> None:
    """Says that the answer's `field` is shown once: it is not kept to be given again."""
    request.META[_SECRET_FIELD] = field


def _without_secrets(request: HttpRequest, answer: HttpResponse) -> bytes:
    field = request.META.get(_SECRET_FIELD)
    if field is None:
        return answer.content
    return json.dumps(json.loads(answer.content) | {field: None}).encode()


def _replayed(stored: staff.StoredAnswer) -> HttpResponse:
    answer = HttpResponse(stored.body, status=stored.status, content_type=stored.content_type)
    answer[REPLAYED_HEADER] = "true"
    return answer


def _is_kept(status: int) -> bool:
    """What was done or decided; not what was never tried, so that the key is good for a repair."""
    return status < 400 or status in (404, 409)
