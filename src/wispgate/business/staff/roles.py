"""Roles: sets of grants, and what they hide. The ready ones, and the names that mean them.

An operator may write over a ready role or add its own (`role_queries` joins both).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from wispgate.business.staff.grants import Grant, Limits, grants_of, is_as_tight
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.permissions import (
    CATALOGUE,
    OWN_READS,
    Limit,
    does_match,
    permission_named,
)

NONE: frozenset[FieldKind] = frozenset()
PERSONAL = frozenset(FieldKind)
PAPERS = frozenset({FieldKind.DOCUMENT, FieldKind.PUK})


@dataclass(frozen=True, slots=True)
class Role:
    """What its people may do and what is hidden from them.

    `is_of_platform`: for the platform's own staff. `is_changed`: not as it was delivered.
    """

    name: str
    title: str
    about: str
    grants: Sequence[Grant]
    hides: frozenset[FieldKind] = NONE
    is_of_platform: bool = False
    is_ready: bool = True
    is_changed: bool = False

    def grants_for(self, permission: str) -> Sequence[Grant]:
        """The grants by which it holds a permission, the freest first; none where it does not."""
        if permission_named(permission).is_of_platform and not self.is_of_platform:
            return ()
        return grants_of(self.grants, permission)

    def holds(self, permission: str) -> bool:
        return bool(self.grants_for(permission))

    @property
    def bounds(self) -> frozenset[Limit]:
        """What limits everything that its people see of customers and stock; nothing, mostly."""
        read = [self.grants_for(name) for name in sorted(OWN_READS)]
        return frozenset().union(*(grants[0].limits.own for grants in read if grants))

    def permissions(self) -> frozenset[str]:
        return frozenset(name for name in CATALOGUE if self.holds(name))


# Nobody's role: of a name that means nothing (any more).
NO_ROLE = Role("none", "No role", "May do nothing.", ())


def lacks(holder: Role, wanted: Role) -> Sequence[str]:
    """What `wanted` has and `holder` has not, or only within tighter limits, or does not see."""
    missing = [
        name
        for name in sorted(wanted.permissions())
        if not all(
            any(is_as_tight(given.limits, held.limits) for held in holder.grants_for(name))
            for given in wanted.grants_for(name)
        )
    ]
    return missing + sorted(f"field {kind}" for kind in holder.hides - wanted.hides)


def _grants(*patterns: str, own: frozenset[Limit] = frozenset()) -> tuple[Grant, ...]:
    """Limits go to the permissions that can carry them."""
    return tuple(
        Grant(pattern, Limits(own=own & _carried(pattern))) if own else Grant(pattern)
        for pattern in patterns
    )


def _carried(pattern: str) -> frozenset[Limit]:
    every = [one.limits for name, one in CATALOGUE.items() if does_match(pattern, name)]
    return frozenset.intersection(*every) if every else frozenset()


_CARE = (
    *("*.read", "subscriber.create", "subscription.create", "subscription.number"),
    *("subscription.activate", "subscription.suspend", "subscription.resume", "subscription.plan"),
    *("sim.assign", "sim.unassign", "sim.swap", "wallet.top_up", "data.top_up", "number.reserve"),
)

# What somebody sees who sees only what is their own.
_OWN = tuple(sorted(OWN_READS))

_ROWS: Sequence[Role] = (
    Role(
        "platform_admin", "Platform administrator",
        "Runs the installation: operators, cores, peers, and all that operators may do.",
        _grants("*"), is_of_platform=True,
    ),
    Role(
        "operator_admin", "Operator administrator",
        "Runs one operator: everything that is the operator's own.",
        _grants("*"),
    ),
    Role(
        "agent", "Agent", "Serves customers: takes them on, repairs, swaps, tops up.",
        _grants(*_CARE), PAPERS,
    ),
    Role(
        "senior_agent", "Senior agent",
        "An agent who also ends things, ports numbers, sees what is hidden and decides requests.",
        _grants(
            *_CARE, "subscription.terminate", "sim.retire", "number.release", "number.port_in",
            "number.port_out", "field.reveal", "approval.decide", "equipment.list",
            "subscription.device", "subscription.mass",
        ),
        PAPERS,
    ),
    Role(
        "biller", "Biller", "Bills, takes payments, credits and chases debts.",
        _grants("*.read", "wallet.top_up", "data.top_up"), PAPERS,
    ),
    Role(
        "network_engineer", "Network engineer",
        "Sees peers, sessions and pushes; lets lines in and cuts them off.",
        _grants(
            "*.read", "subscription.activate", "subscription.suspend", "subscription.resume",
            "subscription.device", "equipment.list", "trace.start",
        ),
        PAPERS,
    ),
    Role(
        "warehouse", "Warehouse", "Keeps cards and numbers: imports, retires, reserves, ports.",
        _grants(
            "*.read", "sim.import", "sim.hand_over", "sim.retire", "number.range", "number.reserve",
            "number.release", "number.port_in", "number.port_out", "allotment.create",
            "allotment.take_back",
        ),
        PAPERS,
    ),
    Role(
        "dealer", "Dealer", "Sells at a shop: its own customers, their lines and top-ups.",
        _grants(
            "plan.read", *_OWN, "subscriber.create", "subscription.create", "subscription.activate",
            "subscription.number", "subscription.plan", "subscription.mass", "sim.assign",
            "wallet.top_up", "data.top_up", own=frozenset({Limit.OWN_DEALER}),
        ),
        PAPERS,
    ),
    Role(
        "product_manager", "Product manager", "Drafts, launches and retires plans.",
        _grants("*.read", "plan.draft", "plan.launch", "plan.retire"), PERSONAL,
    ),
    Role(
        "auditor", "Auditor", "Sees everything, changes nothing, and may look behind what is hidden.",
        _grants("*.read", "field.reveal", "audit.export"), PERSONAL,
    ),
    Role(
        "enterprise_manager", "Enterprise manager",
        "Runs the own department and those below it: their lines, cards and money.",
        _grants(
            "plan.read", *_OWN, "subscriber.create", "subscription.create",
            "subscription.activate", "subscription.number", "subscription.suspend",
            "subscription.resume", "subscription.plan", "subscription.mass", "sim.assign",
            "sim.swap", own=frozenset({Limit.OWN_DEPARTMENT}),
        ),
        PAPERS,
    ),
    Role(
        "viewer", "Viewer", "Sees, changes nothing; personal fields are hidden.",
        _grants("*.read"), PERSONAL,
    ),
)  # fmt: skip

READY: Mapping[str, Role] = MappingProxyType({role.name: role for role in _ROWS})

# Names that were used before, or that people use, for a ready role of an operator's.
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "admin": "operator_admin",
        "administrator": "operator_admin",
        "founder": "operator_admin",
        "mvno_manager": "operator_admin",
        "inventory": "warehouse",
        "billing": "biller",
        "billing_clerk": "biller",
        "finance": "biller",
        "care_agent": "agent",
        "support": "senior_agent",
        "supervisor": "senior_agent",
        "engineer": "network_engineer",
        "noc": "network_engineer",
    }
)
_ADMINS = frozenset({"admin", "administrator"})
NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


def canonical(name: str, *, is_platform: bool) -> str:
    """Our name for a role: `admin` is the platform's or an operator's, by where it is asked for."""
    plain = name.strip().lower().replace(" ", "_").replace("-", "_")
    if is_platform and plain in _ADMINS:
        return "platform_admin"
    return ALIASES.get(plain, plain)
