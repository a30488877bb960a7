"""Refusals for the audit: of a tenant's in its chain, of the platform's own acts in the platform's.

What somebody was refused about a whole operator, or about a request of the platform's, has to be
there still when the operator is gone.
"""

from dataclasses import replace
from uuid import UUID

from wispgate.business.approvals import queries as approvals
from wispgate.business.audit import services as audit
from wispgate.business.operators import scope as scopes
from wispgate.kernel.errors import WispgateError

_OF_PLATFORM = frozenset({"operators_operator", "tenants_tenantdeletion"})


def record(error: WispgateError, *, object_type: str, object_id: str) -> None:
    """Call it outside the refused service's savepoint."""
    scope = scopes.current()
    if scope.is_platform and scope.operator_id and _is_of_platform(object_type, object_id):
        scope = replace(scope, operator_id=None)
    with scopes.within(scope):
        audit.record_refusal(error, object_type=object_type, object_id=object_id)


def _is_of_platform(object_type: str, object_id: str) -> bool:
    if object_type != "approvals_approval":
        return object_type in _OF_PLATFORM
    try:
        return approvals.is_of_platform(UUID(object_id))
    except ValueError:
        return False
