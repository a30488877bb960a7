"""The catalogue of permissions: everything that anybody may be allowed to do, in words.

A permission is named `object.action`. A view or a service that asks for one that is not here fails
at once. A new object adds its line to `SUBJECTS`, a new act its row to `_ROWS`; the reference page,
the console's role page and the access tests are made from this table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Risk(StrEnum):
    """What goes wrong if the wrong person may do it."""

    READ = "read"  # sees what is shown anyway
    CHANGE = "change"  # changes something that can be changed back
    MONEY = "money"  # moves money or what is sold for money
    HARM = "harm"  # cuts somebody off, or cannot be undone
    SECRET = "secret"  # noqa: S105 (sees what is hidden, or lets somebody in)


class Limit(StrEnum):
    """A constraint that a grant can carry. The service that acts gives the facts for it."""

    PER_ACT = "per_act"  # an amount for one act
    PER_DAY = "per_day"  # an amount for all of a person's acts on one day of the operator's
    OWN_DEALER = "own_dealer"  # only what belongs to the person's dealer
    OWN_DEPARTMENT = "own_department"  # only the person's department and those below it
    OWN_CUSTOMERS = "own_customers"  # only customers whom the person brought


AMOUNTS = frozenset({Limit.PER_ACT, Limit.PER_DAY})
OWN = frozenset({Limit.OWN_DEALER, Limit.OWN_DEPARTMENT, Limit.OWN_CUSTOMERS})
NOTHING: frozenset[Limit] = frozenset()


@dataclass(frozen=True, slots=True)
class Permission:
    """`meaning` goes on after "may". `is_of_platform`: held by the platform's own staff only."""

    name: str
    meaning: str
    risk: Risk
    limits: frozenset[Limit] = NOTHING
    is_of_platform: bool = False

    @property
    def subject(self) -> str:
        return self.name.partition(".")[0]


# The first word of a permission, the group that people see it in.
SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "subscriber": "Customers",
        "message": "Customers",
        "subscription": "Lines",
        "line": "Lines",
        "session": "Lines",
        "sim": "SIMs and numbers",
        "number": "SIMs and numbers",
        "equipment": "SIMs and numbers",
        "allotment": "SIMs and numbers",
        "plan": "Catalogue",
        "wallet": "Money",
        "data": "Money",
        "balance": "Money",
        "peer": "Network",
        "push": "Network",
        "trace": "Network",
        "audit": "Trust",
        "field": "Trust",
        "approval": "Trust",
        "staff": "People and roles",
        "role": "People and roles",
        "token": "People and roles",
        "login": "People and roles",
        "operator": "Operator",
    }
)

_ROWS: Sequence[Permission] = (
    Permission("subscriber.read", "see customers", Risk.READ, OWN),
    Permission("subscriber.create", "take on a customer", Risk.CHANGE, OWN),
    Permission("message.read", "see what customers were told", Risk.READ, OWN),
    Permission("subscription.read", "see sub-services", Risk.READ, OWN),
    Permission("subscription.create", "open a sub-service for a customer", Risk.CHANGE, OWN),
    Permission("subscription.activate", "let a line into the network", Risk.CHANGE, OWN),
    Permission("subscription.suspend", "cut a line off, for a reason", Risk.HARM, OWN),
    Permission("subscription.resume", "lift a reason for which a line is off", Risk.CHANGE, OWN),
    Permission("subscription.terminate", "end a sub-service for good", Risk.HARM, OWN),
    Permission("subscription.number", "give a line its number, or take it", Risk.CHANGE, OWN),
    Permission("subscription.plan", "move a line to another plan", Risk.MONEY, OWN),
    Permission("subscription.mass", "act on many lines at once, as far as on each", Risk.HARM),
    Permission("line.read", "see a line as the network knows it", Risk.READ, OWN),
    Permission("session.read", "see who is online, where and with what", Risk.READ, OWN),
    Permission("sim.read", "see cards (never their keys)", Risk.READ, OWN),
    Permission("sim.import", "take a vendor's cards and keys into stock", Risk.CHANGE),
    Permission("sim.hand_over", "give cards in stock to a dealer or a department", Risk.CHANGE),
    Permission("sim.assign", "give a line a card from stock", Risk.CHANGE, OWN),
    Permission("sim.unassign", "put a card that was never active back into stock", Risk.CHANGE, OWN),
    Permission("sim.swap", "let another card take over a line", Risk.HARM, OWN),
    Permission("sim.swap_rules", "say what is held back after a swap, and how long", Risk.SECRET),
    Permission("sim.retire", "end a card for good", Risk.HARM),
    Permission("equipment.read", "see which devices may be used, and which were", Risk.READ),
    Permission("equipment.list", "put devices on the white, grey or black list", Risk.HARM),
    Permission("subscription.device", "lock a line to devices", Risk.HARM, OWN),
    Permission("number.read", "see numbers and their ranges", Risk.READ, OWN),
    Permission("number.range", "add ranges of numbers and say how long numbers rest", Risk.CHANGE),
    Permission("number.reserve", "keep a number for a while", Risk.CHANGE),
    Permission("number.release", "let a number go", Risk.CHANGE),
    Permission("number.port_in", "take a number over from another operator", Risk.CHANGE),
    Permission("number.port_out", "let a number go to another operator", Risk.HARM),
    Permission("plan.read", "see plans and their versions", Risk.READ),
    Permission("plan.draft", "write drafts of plans", Risk.CHANGE),
    Permission("plan.launch", "put a plan on sale", Risk.MONEY),
    Permission("plan.retire", "take a plan off sale", Risk.CHANGE),
    Permission("wallet.top_up", "add money to a customer's wallet", Risk.MONEY, AMOUNTS | OWN),
    Permission("data.top_up", "sell or give data to a line", Risk.MONEY, OWN),
    Permission("balance.read", "see balances and their movements", Risk.READ, OWN),
    Permission("peer.read", "see which nodes may connect and which do", Risk.READ),
    Permission(
        "peer.change", "allow nodes to connect, change and remove them", Risk.HARM,
        is_of_platform=True,
    ),
    Permission("push.read", "see what the network was told and what came of it", Risk.READ, OWN),
    Permission("trace.read", "see what passes of a line, decoded, without secrets", Risk.SECRET),
    Permission("trace.start", "begin and end traces of lines; the platform's staff of peers", Risk.SECRET),
    Permission("audit.read", "see who did what, when and why", Risk.READ),
    Permission("audit.export", "take the audit away as a file, with nothing hidden", Risk.SECRET),
    Permission("audit.retention", "say how long the audit is kept", Risk.HARM),
    Permission("field.reveal", "look at a field that the role hides, with a reason", Risk.SECRET),
    Permission("approval.read", "see what waits for a second person", Risk.READ),
    Permission("approval.decide", "approve or refuse what somebody else asked for", Risk.HARM),
    Permission("approval.rules", "say which acts need a second person", Risk.SECRET),
    Permission("staff.read", "see who works here", Risk.READ),
    Permission("staff.create", "take on staff", Risk.SECRET),
    Permission("staff.role", "give staff another role", Risk.SECRET),
    Permission("staff.disable", "let staff in no more, or again", Risk.SECRET),
    Permission("role.read", "see roles and what they allow", Risk.READ),
    Permission("role.edit", "write roles", Risk.SECRET),
    Permission("token.read", "see tokens and service accounts (never their secrets)", Risk.READ),
    Permission("token.create", "make tokens and service accounts", Risk.SECRET),
    Permission("token.revoke", "end tokens and service accounts", Risk.HARM),
    Permission("login.read", "see how staff log in, and who is locked out", Risk.READ),
    Permission("login.rules", "say how staff log in: factors, sessions, sign-on", Risk.SECRET),
    Permission("login.help", "unlock staff, end their sessions, take lost factors away", Risk.SECRET),
    Permission("allotment.read", "see MVNOs by their counts, and what was allotted", Risk.READ),
    Permission("allotment.create", "give SIMs and numbers to an MVNO", Risk.CHANGE),
    Permission("allotment.take_back", "take unused SIMs and numbers back from an MVNO", Risk.CHANGE),
    Permission("operator.read", "see operators and what they have set", Risk.READ),
    Permission("operator.update", "set the operator's brand, domains, taxes and series", Risk.CHANGE),
    Permission("operator.gateway", "say where customers pay, and with which credentials", Risk.SECRET),
    Permission("operator.create", "make operators", Risk.CHANGE, is_of_platform=True),
    Permission("operator.host", "say which host an MVNO hangs under", Risk.SECRET, is_of_platform=True),
    Permission("operator.suspend", "turn a whole operator off", Risk.HARM, is_of_platform=True),
    Permission("operator.resume", "turn a whole operator on again", Risk.CHANGE, is_of_platform=True),
    Permission("operator.export", "take out everything an operator has", Risk.SECRET, is_of_platform=True),
    Permission("operator.delete", "remove an operator for good", Risk.HARM, is_of_platform=True),
)  # fmt: skip

CATALOGUE: Mapping[str, Permission] = MappingProxyType({row.name: row for row in _ROWS})


# What is read of customers and of stock. A role reads all of it, or of all of it what is its
# people's own: the database shows a person one and the same part of every table.
OWN_READS = frozenset(row.name for row in _ROWS if row.risk is Risk.READ and row.limits)
# Shows more than what is anybody's own: a role that is limited in what it reads has none of it.
BEYOND_OWN = frozenset(
    {"audit.read", "audit.export", "trace.read", "trace.start", "approval.read", "equipment.read"}
)


def permission_named(name: str) -> Permission:
    """Raises LookupError: code that asks for a permission that nobody can hold is wrong."""
    try:
        return CATALOGUE[name]
    except KeyError:
        raise LookupError(f"{name!r} is not in the catalogue of permissions") from None


def matching(pattern: str) -> frozenset[str]:
    """The permissions that a pattern names: `*`, `sim.*`, `*.read` or one by its name."""
    return frozenset(name for name in CATALOGUE if does_match(pattern, name))


def does_match(pattern: str, name: str) -> bool:
    subject, _, action = name.partition(".")
    return pattern in ("*", name, f"{subject}.*", f"*.{action}")
