"""The words of messages: one table, and how an event's facts are said in plain words.

Nothing is read here. What an event does not carry (a line's number, a plan's name) is given.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from wispgate.domain.plan.tariff import UnitKind
from wispgate.kernel.money import Money
from wispgate.kernel.units import format_octets

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called: the line ("your line 15550100001"), its plan, the currency."""

    line: str
    plan: str
    currency: str


@dataclass(frozen=True, slots=True)
class Words:
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """`facts` says the payload's particulars; `{line}` is always there."""

    subject: str
    text: str
    facts: Callable[[Payload, Names], Mapping[str, str]]


_REASONS: Mapping[str, str] = MappingProxyType(
    {
        "overdue": "an invoice is overdue",
        "customer_request": "you asked for it",
        "fraud": "we saw unusual use",
        "lost_sim": "its SIM was reported lost or stolen",
        "operator": "we decided so",
    }
)


def write(kind: str, payload: Payload, names: Names) -> Words:
    """What to tell of an event of one of the `KINDS`."""
    template = TEMPLATES[_variant(kind, payload)]
    facts = {"line": names.line, **template.facts(payload, names)}
    text = template.text.format_map(facts)
    return Words(template.subject.format_map(facts), text[:1].upper() + text[1:])


def _variant(kind: str, payload: Payload) -> str:
    """The table's key: what a second suspension or a first of two lifted reasons is, is said apart."""
    if kind == "subscription.suspended" and not payload["is_first"]:
        return f"{kind}:again"
    if kind == "subscription.resumed" and payload["remaining"]:
        return f"{kind}:in_part"
    return kind


def _nothing(payload: Payload, names: Names) -> Mapping[str, str]:
    return {}


def _quota(payload: Payload, names: Names) -> Mapping[str, str]:
    unit = UnitKind(payload["unit"])
    left = _amount(Decimal(payload["remaining"]), unit, names.currency)
    return {"percent": str(payload["percent"]), "what": _ALLOWANCES[unit], "left": left}


_ALLOWANCES: Mapping[UnitKind, str] = MappingProxyType(
    {
        UnitKind.OCTETS: "data",
        UnitKind.SECONDS: "call time",
        UnitKind.MESSAGES: "messages",
        UnitKind.MONEY: "credit",
    }
)


def _amount(amount: Decimal, unit: UnitKind, currency: str) -> str:
    """An amount of a bucket as people write it."""
    match unit:
        case UnitKind.OCTETS:
            return format_octets(int(amount))
        case UnitKind.SECONDS:
            return f"{int(amount) // 60} min {int(amount) % 60} s"
        case UnitKind.MESSAGES:
            return _counted(int(amount), "message")
        case UnitKind.MONEY:
            return str(Money(amount, currency))


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _suspended(payload: Payload, names: Names) -> Mapping[str, str]:
    effect = "it cannot connect" if payload["suspension"] == "hard" else "it gets no data"
    return {"because": _said([payload["reason"]]), "effect": effect}


def _resumed(payload: Payload, names: Names) -> Mapping[str, str]:
    return {"lifted": _said([payload["reason"]]), "because": _said(payload["remaining"])}


def _said(reasons: Sequence[str]) -> str:
    return " and ".join(_REASONS.get(reason, reason.replace("_", " ")) for reason in reasons)


def _plan(payload: Payload, names: Names) -> Mapping[str, str]:
    return {"plan": names.plan or str(payload["plan_code"])}


def _data(payload: Payload, names: Names) -> Mapping[str, str]:
    return {"added": format_octets(payload["octets"])}


def _wallet(payload: Payload, names: Names) -> Mapping[str, str]:
    amount = payload["amount"]
    return {"added": str(Money.parse(amount["amount"], amount["currency"]))}


TEMPLATES: Final[Mapping[str, Template]] = MappingProxyType(
    {
        "charging.quota_threshold_reached": Template(
            "{percent} % of your {what} is used",
            "{line} has used {percent} % of its {what}. What is left: {left}.",
            _quota,
        ),
        "charging.quota_exhausted": Template(
            "Your data is used up",
            "the data of {line} is used up. Top up or change the plan to go on as before.",
            _nothing,
        ),
        "charging.quota_restored": Template(
            "You have data again", "{line} has data again.", _nothing
        ),
        "subscription.suspended": Template(
            "Your line is suspended", "{line} is suspended because {because}: {effect}.", _suspended
        ),
        "subscription.suspended:again": Template(
            "One more reason why your line is suspended",
            "{line} stays suspended, now also because {because}.",
            _suspended,
        ),
        "subscription.resumed": Template(
            "Your line is on again", "{line} is not suspended any more.", _resumed
        ),
        "subscription.resumed:in_part": Template(
            "Your line is still suspended",
            "one reason is settled ({lifted}), but {line} stays suspended because {because}.",
            _resumed,
        ),
        "subscription.plan_changed": Template(
            "Your plan is now {plan}", "{line} has the plan {plan} now.", _plan
        ),
        "data.topped_up": Template("{added} of data added", "{line} got {added} of data.", _data),
        "wallet.topped_up": Template(
            "{added} added to your wallet", "your wallet got {added}.", _wallet
        ),
    }
)

KINDS: Final = frozenset(key.partition(":")[0] for key in TEMPLATES)
