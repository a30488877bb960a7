"""What a role may do. A permission is named `object.action`; `*` stands for any."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from wispgate.kernel.errors import InvalidValue


class Role(StrEnum):
    """Ready roles. One without an operator rules over the platform."""

    ADMIN = "admin"
    AGENT = "agent"
    INVENTORY = "inventory"
    BILLING = "billing"
    VIEWER = "viewer"


PERMISSIONS: Mapping[Role, frozenset[str]] = MappingProxyType(
    {
        Role.ADMIN: frozenset({"*"}),
        Role.AGENT: frozenset(
            {"*.read", "subscriber.create", "subscription.create", "subscription.number"}
            | {"sim.assign", "sim.unassign", "sim.swap"}
            | {"subscription.activate", "subscription.suspend", "subscription.resume"}
            | {"subscription.plan", "wallet.top_up", "data.top_up", "number.reserve"}
        ),
        Role.INVENTORY: frozenset(
            {"*.read", "sim.import", "sim.retire"}
            | {"number.range", "number.reserve", "number.release"}
            | {"number.port_in", "number.port_out"}
        ),
        Role.BILLING: frozenset({"*.read", "wallet.top_up", "data.top_up"}),
        Role.VIEWER: frozenset({"*.read"}),
    }
)


def is_allowed(role: str, permission: str) -> bool:
    """Whether a role holds `object.action`. An unknown role holds nothing."""
    granted = PERMISSIONS.get(Role(role), frozenset()) if role in list(Role) else frozenset()
    subject, _, action = permission.partition(".")
    return bool({"*", permission, f"{subject}.*", f"*.{action}"} & granted)


def require_role(role: str) -> None:
    """Raises InvalidValue where there is no such role."""
    if role not in list(Role):
        raise InvalidValue(f"no such role: {role!r}; there are {', '.join(Role)}", field="role")
