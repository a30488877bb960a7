"""A tenant gone for good: only when its slug was typed, and no phone of it is online.

The removal itself is `operators.removal`'s; here stands what is asked before, and what a removal
by tables does not see.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.db import connection

from wispgate.business.hotplane.models import EveryChargingSession, EveryPolicySession
from wispgate.business.operators import queries, removal
from wispgate.business.operators import scope as scopes
from wispgate.business.tenants.errors import HasMvnos, SessionsLive
from wispgate.kernel.errors import InvalidValue

# What the platform was answered about the tenant, kept for repeated calls.
_FORGET_ANSWERS: Final = """
DELETE FROM staff_idempotentrequest
WHERE operator_id IS NULL AND position(convert_to(%s, 'UTF8') IN body) > 0
"""


def delete(
    slug: str, *, typed_slug: str, is_forced: bool = False, scope: scopes.Scope | None = None
) -> Mapping[str, int]:
    """Removes a tenant with everything it has; how many rows of which table went.

    Raises InvalidValue where the slug was not typed, HasMvnos for a host, SessionsLive while
    phones are online unless it is forced. `scope` is for who is in no transaction: the removal
    then makes its own, chunk by chunk.
    """
    acting = replace(scope or scopes.current(), is_platform=True)
    with scopes.within(acting):
        operator = queries.get_operator(slug)
        if typed_slug != slug:
            raise InvalidValue(f"to delete it, type its short name: {slug}", field="typed_slug")
        mvnos = queries.list_mvnos(operator.id)
        if mvnos:
            raise HasMvnos(
                f"it is the host of {', '.join(one.slug for one in mvnos)}: free or delete them first"
            )
    with scopes.within(replace(acting, operator_id=operator.id)):
        live = count_live_sessions()
        if live and not is_forced:
            raise SessionsLive(
                f"{live} sessions of its phones are open: suspend the operator and wait, or force it",
                sessions=live,
            )
    gone = removal.remove_operator(replace(acting, operator_id=None), operator.id)
    with scopes.within(replace(acting, operator_id=None)), connection.cursor() as cursor:
        cursor.execute(_FORGET_ANSWERS, [str(operator.id)])
    return gone


def count_live_sessions() -> int:
    """Open data sessions of the scope's tenant, as charging or policy knows them."""
    charged = EveryChargingSession.objects.filter(is_open=True)
    ruled = EveryPolicySession.objects.filter(is_open=True)
    return max(charged.count(), ruled.count())
