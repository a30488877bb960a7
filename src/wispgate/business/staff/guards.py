"""Where services ask whether the one who acts may do this, with the facts that only they know."""

from collections.abc import Callable

from wispgate.business.operators import scope as scopes
from wispgate.business.staff.grants import Facts
from wispgate.business.staff.masking import FIELDS, FieldKind, mask
from wispgate.business.staff.principals import Principal


def acting() -> Principal | None:
    """Who acts in this transaction; None for the system's own work and for commands at a shell."""
    authority = scopes.current().authority
    return authority if isinstance(authority, Principal) else None


def require(permission: str, facts: Callable[[], Facts] = Facts) -> None:
    """Raises PermissionMissing or LimitExceeded. The facts are asked for where a limit needs them.

    Call it inside the act's own transaction: a daily limit counts what is done.
    """
    principal = acting()
    if principal is not None:
        principal.require(permission, facts)


def narrow(principal: Principal) -> None:
    """Lets the running transaction see no further than the principal's own, where that is a limit.

    Called once by each door, before anything else is read.
    """
    reach = principal.reach
    if reach:
        scopes.narrow(reach)


def shown(kind: FieldKind, value: str) -> str:
    """A field as the one who acts may see it."""
    principal = acting()
    return mask(kind, value) if principal is not None and principal.hides(kind) else value


def is_hidden(name: str) -> bool:
    """Whether the field of that name is hidden from the one who acts."""
    principal, kind = acting(), FIELDS.get(name)
    return principal is not None and kind is not None and principal.hides(kind)
