"""What a grant allows and where it ends. Pure: facts in, the broken rule out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from wispgate.business.staff.permissions import NOTHING, Limit, does_match
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money

_KEYS = {"pattern", "per_act", "per_day", "currency", "own"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What an act is about, as far as its service knows. A limit without its fact refuses."""

    amount: Money | None = None
    dealer: str | None = None
    # The customer's department and all above it.
    departments: Collection[UUID] | None = None
    # The person who brought the customer.
    customer_of: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Whom a person belongs to: what "own" means for them."""

    person: str = ""
    dealer: str = ""
    department_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """The constraints of one grant; all of them must hold."""

    per_act: Money | None = None
    per_day: Money | None = None
    own: frozenset[Limit] = NOTHING

    def __post_init__(self) -> None:
        for amount in (self.per_act, self.per_day):
            if amount is not None and amount.amount < 0:
                raise InvalidValue("a limit is not negative", field="limits")
        if len({one.currency for one in (self.per_act, self.per_day) if one}) > 1:
            raise InvalidValue("the limits of a grant have one currency", field="limits")

    def __bool__(self) -> bool:
        return self.kinds != NOTHING

    @property
    def kinds(self) -> frozenset[Limit]:
        amounts = {Limit.PER_ACT: self.per_act, Limit.PER_DAY: self.per_day}
        return self.own | {kind for kind, amount in amounts.items() if amount is not None}


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Grant:
    """A pattern of permissions, and the limits within which they are held."""

    pattern: str
    limits: Limits = field(default=NO_LIMITS)


@dataclass(frozen=True, slots=True)
class Breach:
    """The rule that an act breaks, and its limit in words."""

    rule: Limit
    limit: str


def grants_of(grants: Iterable[Grant], permission: str) -> list[Grant]:
    """Those that name the permission, the freest first."""
    found = [grant for grant in grants if does_match(grant.pattern, permission)]
    return sorted(found, key=lambda grant: len(grant.limits.kinds))


def find_breach(limits: Limits, facts: Facts, standing: Standing) -> Breach | None:
    """The first limit that the facts break; the day's sum is counted where it is kept."""
    for rule in sorted(limits.kinds):
        if not _HOLDS[rule](limits, facts, standing):
            return Breach(rule, _in_words(rule, limits, standing))
    return None


def _is_within_act(limits: Limits, facts: Facts, _standing: Standing) -> bool:
    return _is_within(limits.per_act, facts.amount)


def _is_within_day(limits: Limits, facts: Facts, _standing: Standing) -> bool:
    return _is_within(limits.per_day, facts.amount)


def _is_within(limit: Money | None, amount: Money | None) -> bool:
    """An amount that is not known, or of another currency, is over every limit."""
    if limit is None:
        return True
    return amount is not None and amount.currency == limit.currency and amount <= limit


def _is_own_dealer(_limits: Limits, facts: Facts, standing: Standing) -> bool:
    return bool(standing.dealer) and facts.dealer == standing.dealer


def _is_own_department(_limits: Limits, facts: Facts, standing: Standing) -> bool:
    return standing.department_id is not None and standing.department_id in (
        facts.departments or ()
    )


def _is_own_customer(_limits: Limits, facts: Facts, standing: Standing) -> bool:
    return bool(standing.person) and facts.customer_of == standing.person


_HOLDS = {
    Limit.PER_ACT: _is_within_act,
    Limit.PER_DAY: _is_within_day,
    Limit.OWN_DEALER: _is_own_dealer,
    Limit.OWN_DEPARTMENT: _is_own_department,
    Limit.OWN_CUSTOMERS: _is_own_customer,
}

IN_WORDS: Mapping[Limit, str] = {
    Limit.PER_ACT: "up to {} at a time",
    Limit.PER_DAY: "up to {} a day",
    Limit.OWN_DEALER: "for the own dealer only",
    Limit.OWN_DEPARTMENT: "for the own department only",
    Limit.OWN_CUSTOMERS: "for own customers only",
}


def _in_words(rule: Limit, limits: Limits, standing: Standing) -> str:
    amounts = {Limit.PER_ACT: limits.per_act, Limit.PER_DAY: limits.per_day}
    return IN_WORDS[rule].format(amounts.get(rule, ""))


def in_words(limits: Limits) -> str:
    """`up to 100.00 EUR at a time, for own customers only`; nothing where there is no limit."""
    return ", ".join(_in_words(rule, limits, Standing()) for rule in sorted(limits.kinds))


def is_as_tight(inner: Limits, outer: Limits) -> bool:
    """Whether `inner` allows nothing that `outer` does not."""
    return (
        outer.own <= inner.own
        and _is_no_more(inner.per_act, outer.per_act)
        and _is_no_more(inner.per_day, outer.per_day)
    )


def _is_no_more(inner: Money | None, outer: Money | None) -> bool:
    if outer is None:
        return True
    return inner is not None and inner.currency == outer.currency and inner <= outer


def encode(grant: Grant) -> dict[str, Any]:
    """As it is stored, and as the API shows it."""
    limits = grant.limits
    shown: dict[str, Any] = {"pattern": grant.pattern}
    for name, amount in (("per_act", limits.per_act), ("per_day", limits.per_day)):
        if amount is not None:
            shown |= {name: f"{amount.amount:f}", "currency": amount.currency}
    return shown | ({"own": sorted(limits.own)} if limits.own else {})


def decode(given: Mapping[str, Any]) -> Grant:
    """Raises InvalidValue for anything but what `encode` makes."""
    if given.keys() - _KEYS or not isinstance(given.get("pattern"), str):
        raise InvalidValue(f"a grant has a pattern and of {sorted(_KEYS)} only", field="grants")
    currency = str(given.get("currency", ""))
    amounts = {
        name: Money.parse(str(given[name]), currency)
        for name in ("per_act", "per_day")
        if given.get(name) is not None
    }
    try:
        own = frozenset(Limit(name) for name in given.get("own", ()))
    except ValueError as error:
        raise InvalidValue(str(error), field="grants") from None
    return Grant(given["pattern"], Limits(own=own, **amounts))
