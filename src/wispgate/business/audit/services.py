"""Writing what no trigger sees: refusals, logins, the reading of secrets."""

from wispgate.business.audit.models import AuditEntry
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import WispgateError


def record_refusal(error: WispgateError, *, object_type: str, object_id: str) -> None:
    """Says that the scope's actor was refused. Call it outside the refused service's savepoint."""
    facts = {name: storable(str(value)) for name, value in error.facts.items()}
    _record(
        AuditEntry.Action.REFUSED,
        object_type=object_type,
        object_id=storable(object_id),
        message=storable(error.message),
        after={"code": error.code, **facts},
    )


def record_login(*, object_id: str, message: str) -> None:
    _record(AuditEntry.Action.LOGIN, object_type="staff", object_id=object_id, message=message)


def record_read(*, object_type: str, object_id: str, what: str) -> None:
    """Says that the scope's actor saw something secret, or took much at once: an export."""
    _record(AuditEntry.Action.READ, object_type=object_type, object_id=object_id, message=what)


def record_removal(*, object_id: str, message: str) -> None:
    """Says that retention removed audit entries; no trigger watches the audit itself."""
    _record(
        AuditEntry.Action.DELETE,
        object_type="audit_auditentry",
        object_id=object_id,
        message=message,
    )


def storable(text: str) -> str:
    """What somebody tried may have a NUL in it, which the database knows not."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _record(
    action: str, *, object_type: str, object_id: str, message: str, after: object = None
) -> None:
    scope = scopes.current()
    AuditEntry.objects.create(
        operator_id=scope.operator_id,
        at=scope.now,
        actor_kind=scope.actor.kind,
        actor=scope.actor.name,
        address=scope.actor.address,
        request_id=scope.request_id,
        reason=scope.reason,
        action=action,
        object_type=object_type,
        object_id=object_id,
        after=after,
        message=message,
    )
