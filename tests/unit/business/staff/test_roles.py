"""Roles, grants and their limits; what is masked."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.unit.business.world import World
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.errors import LimitExceeded, PermissionMissing
from wispgate.business.staff.grants import (
    Facts,
    Grant,
    Limits,
    Standing,
    decode,
    encode,
    find_breach,
    in_words,
    is_as_tight,
)
from wispgate.business.staff.masking import FieldKind, mask, mask_tree
from wispgate.business.staff.models import StoredRole
from wispgate.business.staff.permissions import CATALOGUE, Limit, matching
from wispgate.business.staff.principals import Principal
from wispgate.business.staff.roles import READY, Role, canonical, lacks
from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.money import Money

SALES, SHOP = UUID(int=7), "shop-1"


def eur(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def a_principal(world: World, role: str, *, is_platform: bool = False) -> Principal:
    actor = scopes.Actor("staff", "ada@north.example")
    operator_id = None if is_platform else world.north
    return Principal(actor, operator_id, role, is_platform=is_platform)


def write_role(world: World, name: str, *grants: Grant) -> None:
    with world.as_staff():
        StoredRole.objects.create(
            id=UUID(int=len(name)),
            operator_id=world.north,
            name=name,
            title=name,
            grants=[encode(grant) for grant in grants],
            changed_at=world.clock.now(),
            changed_by="ada",
        )


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("operator_admin", "sim.import", True),
        ("viewer", "sim.read", True),
        ("viewer", "sim.retire", False),
        ("agent", "sim.swap", True),
        ("agent", "subscription.terminate", False),
        ("senior_agent", "subscription.terminate", True),
        ("warehouse", "sim.import", True),
        ("warehouse", "sim.assign", False),
        ("biller", "subscriber.create", False),
        ("auditor", "audit.read", True),
        ("auditor", "subscriber.create", False),
        ("dealer", "subscriber.read", True),
        ("dealer", "audit.read", False),
    ],
)
def test_a_ready_role_holds_what_its_words_say(role: str, permission: str, allowed: bool) -> None:
    assert READY[role].holds(permission) is allowed


def test_each_ready_role_names_permissions_that_there_are() -> None:
    patterns = [grant.pattern for role in READY.values() for grant in role.grants]

    assert len(READY) == 12
    assert [pattern for pattern in patterns if not matching(pattern)] == []
    assert READY["platform_admin"].permissions() == set(CATALOGUE)


@pytest.mark.parametrize(
    ("name", "is_platform", "meant"),
    [
        ("admin", False, "operator_admin"),
        ("admin", True, "platform_admin"),
        ("Senior Agent", False, "senior_agent"),
        ("inventory", False, "warehouse"),
        ("billing", False, "biller"),
        ("support", False, "senior_agent"),
        ("viewer", True, "viewer"),
        ("shop-keeper", False, "shop_keeper"),
    ],
)
def test_names_that_were_used_before_mean_a_ready_role(
    name: str, is_platform: bool, meant: str
) -> None:
    assert canonical(name, is_platform=is_platform) == meant


def test_a_permission_that_nobody_can_hold_is_a_mistake_of_the_code() -> None:
    with pytest.raises(LookupError, match="not in the catalogue"):
        READY["viewer"].holds("sim.launch")


@pytest.mark.parametrize(
    ("limits", "facts", "broken"),
    [
        (Limits(), Facts(), None),
        (Limits(per_act=eur("100")), Facts(amount=eur("100.00")), None),
        (Limits(per_act=eur("100")), Facts(amount=eur("100.01")), Limit.PER_ACT),
        (Limits(per_act=eur("100")), Facts(amount=Money(Decimal(1), "SEK")), Limit.PER_ACT),
        (Limits(per_act=eur("100")), Facts(), Limit.PER_ACT),
        (Limits(per_day=eur("50")), Facts(amount=eur("51")), Limit.PER_DAY),
        (Limits(own=frozenset({Limit.OWN_DEALER})), Facts(dealer=SHOP), None),
        (Limits(own=frozenset({Limit.OWN_DEALER})), Facts(dealer="shop-2"), Limit.OWN_DEALER),
        (Limits(own=frozenset({Limit.OWN_DEALER})), Facts(), Limit.OWN_DEALER),
        (
            Limits(own=frozenset({Limit.OWN_DEPARTMENT})),
            Facts(departments=(UUID(int=9), SALES)),
            None,
        ),
        (Limits(own=frozenset({Limit.OWN_DEPARTMENT})), Facts(), Limit.OWN_DEPARTMENT),
        (Limits(own=frozenset({Limit.OWN_CUSTOMERS})), Facts(customer_of="staff:1"), None),
        (
            Limits(own=frozenset({Limit.OWN_CUSTOMERS})),
            Facts(customer_of="staff:2"),
            Limit.OWN_CUSTOMERS,
        ),
    ],
)
def test_a_limit_holds_or_names_itself(limits: Limits, facts: Facts, broken: Limit | None) -> None:
    breach = find_breach(limits, facts, Standing("staff:1", SHOP, SALES))

    assert (breach.rule if breach else None) == broken


def test_who_belongs_nowhere_owns_nothing() -> None:
    for own in (Limit.OWN_DEALER, Limit.OWN_DEPARTMENT, Limit.OWN_CUSTOMERS):
        limits, facts = Limits(own=frozenset({own})), Facts(dealer="", customer_of="")
        assert find_breach(limits, facts, Standing()) is not None


def test_a_grant_is_stored_and_read_back_the_same() -> None:
    own = frozenset({Limit.OWN_CUSTOMERS})
    grant = Grant("wallet.top_up", Limits(eur("100.50"), eur("500"), own))

    assert decode(encode(grant)) == grant
    assert decode({"pattern": "*"}) == Grant("*")
    assert in_words(grant.limits) == (
        "for own customers only, up to 100.50 EUR at a time, up to 500.00 EUR a day"
    )


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"pattern": 3},
        {"pattern": "*", "more": 1},
        {"pattern": "*", "own": ["own_moon"]},
        {"pattern": "*", "per_act": "1"},
        {"pattern": "*", "per_act": "-1", "currency": "EUR"},
        {"pattern": "*", "per_act": "much", "currency": "EUR"},
    ],
)
def test_what_is_no_grant_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(InvalidValue):
        decode(given)


def test_limits_of_two_currencies_in_one_grant_are_refused() -> None:
    with pytest.raises(InvalidValue, match="one currency"):
        Limits(eur("1"), Money(Decimal(1), "SEK"))


def test_tighter_limits_allow_nothing_more() -> None:
    own = frozenset({Limit.OWN_DEALER})

    assert is_as_tight(Limits(eur("10")), Limits(eur("10")))
    assert is_as_tight(Limits(eur("10"), own=own), Limits(eur("20")))
    assert not is_as_tight(Limits(), Limits(eur("10")))
    assert not is_as_tight(Limits(eur("11")), Limits(eur("10")))
    assert not is_as_tight(Limits(Money(Decimal(1), "SEK")), Limits(eur("10")))
    assert not is_as_tight(Limits(eur("1")), Limits(eur("1"), own=own))


def test_what_a_role_lacks_of_another_is_named() -> None:
    till = Role("till", "Till", "", (Grant("wallet.top_up", Limits(eur("10"))),))
    open_till = Role("open", "Open", "", (Grant("wallet.top_up"),))
    blind = Role("blind", "Blind", "", (Grant("*"),), frozenset({FieldKind.EMAIL}))

    assert lacks(READY["operator_admin"], READY["agent"]) == []
    assert "sim.retire" in lacks(READY["agent"], READY["warehouse"])
    assert (lacks(till, open_till), lacks(open_till, till)) == (["wallet.top_up"], [])
    assert lacks(blind, open_till) == ["field email"]


def test_a_role_that_was_written_over_holds_at_once(world: World) -> None:
    write_role(world, "agent", Grant("sim.read"))

    with world.as_staff():
        north = a_principal(world, "agent")
        assert (north.may("sim.read"), north.may("sim.swap")) == (True, False)
        assert north.holding.is_changed
    with world.as_staff(world.south):
        south = Principal(scopes.Actor("staff", "b"), world.south, "agent")
        assert south.may("sim.swap")


def test_a_role_that_is_not_there_any_more_holds_nothing(world: World) -> None:
    with world.as_staff():
        for gone in ("none", "platform_admin"):
            with pytest.raises(PermissionMissing):
                a_principal(world, gone).require("sim.read")


def test_a_role_is_never_read_where_its_rows_cannot_be_seen(world: World) -> None:
    with world.as_staff(world.south), pytest.raises(LookupError):
        a_principal(world, "agent").may("sim.read")
    with world.as_staff(), pytest.raises(LookupError):
        a_principal(world, "admin", is_platform=True).may("sim.read")


def test_a_days_sum_is_counted_per_person_until_midnight_of_the_operator(world: World) -> None:
    write_role(world, "till", Grant("wallet.top_up", Limits(eur("60"), eur("100"))))

    def facts() -> Facts:
        return Facts(amount=eur("60"))

    with world.as_staff():
        a_principal(world, "till").require("wallet.top_up", facts)
        with pytest.raises(LimitExceeded) as refused:
            a_principal(world, "till").require("wallet.top_up", facts)
        a_principal(world, "till").require("wallet.top_up", lambda: Facts(amount=eur("40")))
        other = Principal(scopes.Actor("staff", "bob@north.example"), world.north, "till")
        other.require("wallet.top_up", facts)
    world.clock.advance(seconds=timedelta(days=1).total_seconds())
    with world.as_staff():
        a_principal(world, "till").require("wallet.top_up", facts)

    assert refused.value.facts["rule"] is Limit.PER_DAY
    assert refused.value.facts["limit"] == "up to 100.00 EUR a day"


def test_of_two_grants_the_freer_one_counts(world: World) -> None:
    write_role(world, "both", Grant("wallet.top_up", Limits(eur("1"))), Grant("wallet.*"))

    with world.as_staff():
        a_principal(world, "both").require("wallet.top_up", lambda: Facts(amount=eur("1000")))


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (FieldKind.MSISDN, "46701000001", "46•••••••01"),
        (FieldKind.MSISDN, "112", "•••"),
        (FieldKind.PHONE, "+46701", "+4••01"),
        (FieldKind.EMAIL, "ada@north.example", "a•••@•••.example"),
        (FieldKind.EMAIL, "nonsense", "••••••••"),
        (FieldKind.DOCUMENT, "AB123456", "••••••56"),
        (FieldKind.DOCUMENT, "AB12", "••••"),
        (FieldKind.PUK, "12345678", "••••••••"),
        (FieldKind.ADDRESS, "Street 1", "••••••••"),
        (FieldKind.BIRTH_DATE, "1990-01-01", "••••••••"),
        (FieldKind.EMAIL, "", ""),
    ],
)
def test_a_masked_field_tells_two_apart_and_no_more(
    kind: FieldKind, value: str, shown: str
) -> None:
    assert mask(kind, value) == shown


def test_fields_are_masked_however_deep_they_lie() -> None:
    answer = {"items": [{"msisdn": "46701000001", "name": "Ada", "contact": {"email": "a@b.se"}}]}

    shown = mask_tree(answer, {FieldKind.MSISDN})

    assert shown == {
        "items": [{"msisdn": "46•••••••01", "name": "Ada", "contact": {"email": "a@b.se"}}]
    }


def test_dealers_and_managers_of_enterprises_reach_their_own_and_others_everything() -> None:
    assert READY["dealer"].bounds == {Limit.OWN_DEALER}
    assert READY["enterprise_manager"].bounds == {Limit.OWN_DEPARTMENT}
    assert all(not READY[name].bounds for name in READY.keys() - {"dealer", "enterprise_manager"})
