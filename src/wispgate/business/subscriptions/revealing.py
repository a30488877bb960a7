"""Looking at a field that the role hides: with a reason, and never without the audit knowing."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from uuid import UUID

from wispgate.business.audit import services as audit
from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.subscriptions import queries
from wispgate.kernel.errors import InvalidValue, NotFound

MIN_REASON_LENGTH = 3

# By object and field: its table, the permission to see the object at all, and how it is read.
_READERS: Mapping[tuple[str, str], tuple[str, str, Callable[[UUID], str]]] = MappingProxyType(
    {
        ("subscriber", "email"): (
            *("crm_subscriber", "subscriber.read"),
            lambda key: crm.get_subscriber(key).party.email,
        ),
        ("subscriber", "phone"): (
            *("crm_subscriber", "subscriber.read"),
            lambda key: crm.get_subscriber(key).party.phone,
        ),
        ("subscription", "msisdn"): (
            *("subscriptions_subscription", "subscription.read"),
            lambda key: queries.get_subscription(key).msisdn,
        ),
    }
)


def reveal(kind: str, key: str, field: str, *, reason: str) -> str:
    """The field in clear. Raises PermissionMissing, NotFound, and InvalidValue without a reason."""
    guards.require("field.reveal")
    if len(reason.strip()) < MIN_REASON_LENGTH:
        raise InvalidValue("say why you need to see it", field="reason")
    if (kind, field) not in _READERS:
        known = ", ".join(".".join(one) for one in _READERS)
        raise InvalidValue(f"there are {known}", field="field")
    table, permission, read = _READERS[kind, field]
    guards.require(permission)
    try:
        value = read(UUID(key))
    except ValueError:
        raise NotFound(kind, key) from None
    with scopes.because(reason.strip()[:200]):
        audit.record_read(object_type=table, object_id=key, what=f"looked at the {field}")
    return value
