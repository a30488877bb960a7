"""Every address of the installation, and the permission that its view declares."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from ninja.operation import Operation, PathView

from wispgate.web.console import (
    actions,
    allotmentorders,
    approvals,
    deviceorders,
    lineorders,
    massorders,
    numberorders,
    planorders,
    roles,
    settingsorders,
    staff,
    tenantorders,
    walletorders,
)

API = "api/v1/"
# Addresses whose last part names what is done: each of them is an address of its own.
ORDERS: dict[str, dict[str, Any]] = {
    "subscribers/<str:key>/<str:name>/": dict(walletorders.ORDERS),
    "lines/<str:key>/<str:name>/": {
        **lineorders.ORDERS,
        **{name: actions.ACTIONS[name] for name in actions.ON_LINES},
    },
    "plans/<str:code>/<str:name>/": dict(planorders.ORDERS),
    "numbers/<str:name>/": dict(numberorders.ORDERS),
    "sims/<str:iccid>/<str:name>/": dict(actions.ACTIONS),
    "approvals/<str:key>/<str:name>/": dict(approvals.ORDERS),
    "staff/<str:key>/<str:name>/": dict(staff.ORDERS),
    "roles/<str:name>/<str:order>/": dict(roles.ORDERS),
    "devices/<str:name>/": dict(deviceorders.ORDERS),
    "settings/<str:name>/": dict(settingsorders.ORDERS),
    "mass-acts/<str:key>/<str:name>/": dict(massorders.ORDERS),
    "mvnos/<str:name>/": dict(allotmentorders.ORDERS),
    "operators/<str:slug>/<str:name>/": dict(tenantorders.ORDERS),
}


@dataclass(frozen=True)
class Address:
    """`key` names it in the matrix. `permission`: what its view declares, several with blanks
    between; None where it declares none."""

    key: str
    route: str
    methods: tuple[str, ...]
    permission: str | None
    order: str = ""

    @property
    def is_api(self) -> bool:
        return self.route.startswith(API)


def every_address() -> list[Address]:
    return list(_walk(get_resolver(), ""))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    seen = set()
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern, route)
        # The API has an address once for each of its methods, and the home page has two names.
        elif route not in seen:
            seen.add(route)
            yield from _addresses(pattern, route)


def _addresses(pattern: URLPattern, route: str) -> Iterator[Address]:
    operations = _operations(pattern)
    if operations:
        for operation in operations:
            permission = operation.auth_callbacks[0].permission
            for method in operation.methods:
                key = f"{method} /{route.removeprefix(API)}"
                yield Address(key, route, (method,), permission)
        return
    permission = getattr(pattern.callback, "permission", None)
    if route not in ORDERS:
        yield Address(f"/{route}", route, ("GET", "POST"), permission)
        return
    yield Address(f"/{route}", route, ("GET", "POST"), permission, order="_no_such_thing")
    for name, order in ORDERS[route].items():
        # The page says whether it is there at all, the order whether it may be done.
        needed = " ".join(sorted({str(permission), order.permission}))
        yield Address(f"/{route} {name}", route, ("GET", "POST"), needed, order=name)


def _operations(pattern: URLPattern) -> list[Operation]:
    """Of a view of the API: found through what wraps it."""
    view = pattern.callback
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            if isinstance(cell.cell_contents, PathView):
                return list(cell.cell_contents.operations)
        view = getattr(view, "__wrapped__", None)
    return []
