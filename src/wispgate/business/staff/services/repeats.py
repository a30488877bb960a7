"""Remembering the answers to requests that carried an Idempotency-Key."""

from dataclasses import dataclass

from wispgate.business.operators import ids, locks
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff.errors import IdempotencyMismatch
from wispgate.business.staff.models import IdempotentRequest


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    status: int
    body: bytes
    content_type: str


def find_answer(key: str, *, request_hash: str) -> StoredAnswer | None:
    """The answer given before under `key` to this very request.

    Raises IdempotencyMismatch if the key was used for another one. Two requests at once are held
    apart by an advisory lock until the first one's transaction ends.
    """
    scope, caller = scopes.current(), _caller()
    locks.hold(f"idempotency:{scope.operator_id}:{caller}:{key}")
    found = IdempotentRequest.objects.filter(
        operator_id=scope.operator_id,  # type: ignore[misc]  # None is IS NULL
        actor=caller,
        key=key,
    ).first()
    if found is None:
        return None
    if found.request_hash != request_hash:
        raise IdempotencyMismatch("this Idempotency-Key was used for another request", key=key)
    return StoredAnswer(found.status, bytes(found.body), found.content_type)


def remember_answer(key: str, *, request_hash: str, answer: StoredAnswer) -> None:
    scope = scopes.current()
    IdempotentRequest.objects.create(
        id=ids.new_id(scope.now),
        operator_id=scope.operator_id,
        actor=_caller(),
        key=key,
        request_hash=request_hash,
        status=answer.status,
        body=answer.body,
        content_type=answer.content_type,
        created_at=scope.now,
    )


def _caller() -> str:
    """A token by its id: two tokens of one name do not answer each other's requests."""
    principal = guards.acting()
    return principal.caller if principal else scopes.current().actor.name
