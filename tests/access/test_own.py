"""A dealer and an enterprise's manager: they see and do what is their own, and nothing else is there.

`own` in `tests/data/access/matrix.json` says by role where it meets its own things, and which. At
every address of the installation they then ask for somebody else's things of the same operator.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from tests.access.people import MSISDN, NAME, PASSWORD, PLACE, Place, Walker, a_place, undone
from tests.access.test_matrix import MATRIX, OWN_NAMES, REFUSED, may, told, walked
from tests.harness.databases import TestDatabase
from tests.unit.business.world import Api, World, iccid, imsi
from wispgate.business.crm import queries as customers
from wispgate.business.crm import services as crm
from wispgate.business.inventory import services as inventory
from wispgate.business.inventory.errors import SimNotInStock
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import guards
from wispgate.business.staff import services as staff
from wispgate.business.staff.grants import Grant, Limits
from wispgate.business.staff.models import StaffMember
from wispgate.business.staff.permissions import OWN_READS, Limit
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import InvalidValue, NotFound

SHOP = "shop-one"
OWN_MSISDN = "46701234599"

# Refused for the plan, which is not on sale, before the line is looked for.
PLAN_IS_ASKED_FIRST = {"POST /subscriptions/<subscription_id>/plan"}


@dataclass
class Owner:
    """Somebody limited to their own, and what of north's is: by the names that the matrix uses."""

    place: Place
    walker: Walker
    principal: staff.Principal
    keys: dict[str, str] = field(default_factory=dict)
    things: dict[str, str] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        return Api(self.walker.token)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """As behind either door."""
        world = self.place.world
        scope = scopes.Scope(
            now=world.clock.now(),
            actor=self.principal.actor,
            operator_id=world.north,
            authority=self.principal,
        )
        with scopes.within(scope):
            guards.narrow(self.principal)
            yield


def a_dealer(place: Place) -> Owner:
    owner = _hired(place, "dealer", dealer=SHOP)
    place.world.stock(21, 22)
    with place.world.as_staff():
        inventory.hand_over([iccid(21), iccid(22)], inventory.Keeper(dealer=SHOP))
    with owner.at_work():
        mine = crm.create_subscriber(name="Dora Dealt")
    return _with_line(owner, mine, "Dora Dealt", (21, 22))


def a_manager(place: Place) -> Owner:
    """Of the plant, a department of an enterprise; the line is of a team below it."""
    with place.world.as_staff():
        firm = crm.create_subscriber(name="Firm", party="organization")
        plant = crm.create_subscriber(name="Plant", party="organization", parent_id=firm)
        plant_id = customers.get_subscriber(plant).organization_id
    owner = _hired(place, "enterprise_manager", department_id=plant_id)
    place.world.stock(21, 22)
    with place.world.as_staff():
        keeper = inventory.Keeper(department_id=plant_id)
        inventory.hand_over([iccid(21), iccid(22)], keeper)
    with owner.at_work():
        team = crm.create_subscriber(name="Night Shift", party="organization", parent_id=plant)
    place.markers.add(str(firm))
    return _with_line(owner, team, "Night Shift", (21, 22))


def _hired(
    place: Place, role: str, *, dealer: str = "", department_id: UUID | None = None
) -> Owner:
    world = place.world
    with world.as_platform():
        member_id = staff.create_staff(
            email=f"own-{role}@walk.example", name=role, role=role, password=PASSWORD,
            operator="north",
        )  # fmt: skip
        member = StaffMember.objects.get(id=member_id)
        member.dealer, member.department_id = dealer, department_id
        member.save()
        token = staff.make_token_of(member, name="till").secret
    browser = Client()
    browser.post("/login/", {"email": member.email, "password": PASSWORD})
    with world.as_staff():
        principal = staff.find_principal(f"staff:{member_id}")
    assert principal is not None
    return Owner(place, Walker(role, browser, token), principal)


def _with_line(owner: Owner, customer: UUID, name: str, cards: tuple[int, int]) -> Owner:
    with owner.at_work():
        line = subscriptions.create_subscription(subscriber_id=customer)
        subscriptions.assign_sim(line, iccid=iccid(cards[0]))
        subscriptions.set_msisdn(line, msisdn=OWN_MSISDN)
        subscriptions.activate(line)
    owner.keys = owner.place.keys | {
        "subscriber_id": str(customer),
        "subscription_id": str(line),
        "iccid": iccid(cards[0]),
        "msisdn": OWN_MSISDN,
        "subscribers.key": str(customer),
        "line_id": str(line),
        "lines.key": str(line),
    }
    owner.things = {
        "customer": name, "line": str(line), "number": OWN_MSISDN, "card": iccid(cards[0]),
        "IMSI": imsi(cards[0]), "stock": iccid(cards[1]),
    }  # fmt: skip
    # The catalogue is everybody's; a shop's devices and staff are asked for by nobody here.
    owner.place.markers -= {"north-gold", "North Gold"}
    return owner


@pytest.fixture
def place(world: World, business: TestDatabase, settings: Any) -> Place:
    settings.PASSWORD_HASHERS = [PLACE]
    return a_place(world, business, is_peopled=False)


@pytest.fixture(params=["dealer", "enterprise_manager"])
def owner(place: Place, request: Any) -> Owner:
    return {"dealer": a_dealer, "enterprise_manager": a_manager}[request.param](place)


def test_they_meet_their_own_things_where_the_matrix_says(owner: Owner) -> None:
    expected = MATRIX["own"][owner.walker.name]
    owner.place.keys = owner.keys

    met: dict[str, list[str]] = {}
    for address, method in walked():
        if method != "GET" or not may(owner.walker.name, address) or address.order:
            continue
        answer = owner.walker.ask(address, owner.place.path_of(address), method)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        text = content.decode("utf-8", "replace")
        found = sorted(name for name, value in owner.things.items() if value in text)
        if answer.status_code == 200 and found:
            met[address.key] = found

    assert met == expected


def test_nothing_of_others_is_there_for_them_at_any_address(owner: Owner) -> None:
    before = owner.place.checksums()
    foreign = {owner.place.keys[name] for name in ("subscriber_id", "subscription_id", "iccid")}

    wrong: list[Any] = []
    for address, method in walked():
        # What the role may not at all is walked by the test of the matrix.
        if not may(owner.walker.name, address) or address.key in PLAN_IS_ASKED_FIRST:
            continue
        path = owner.place.path_of(address)
        with undone():
            answer = owner.walker.ask(address, path, method)
        markers = owner.place.markers
        wrong += [
            (method, address.key, one) for _t, _p, one in told(address, answer, path, markers)
        ]
        is_foreign = any(part in foreign | {MSISDN} for part in path.split("/"))
        if (
            is_foreign
            and address.key not in OWN_NAMES
            and answer.status_code not in {404, *REFUSED}
        ):
            wrong.append((method, address.key, answer.status_code))

    assert not wrong, "\n".join(map(str, wrong))
    assert owner.place.checksums() == before


def test_without_the_walls_between_customers_the_same_walk_finds_others(owner: Owner) -> None:
    """The control."""
    with owner.place.without_walls():
        page = owner.walker.browser.get("/subscribers/")
        listed = owner.api.get("/sims")

    assert NAME in page.content.decode()
    assert iccid(1) in {card["iccid"] for card in listed.json["items"]}


def test_they_search_count_and_work_with_their_own_only(owner: Owner) -> None:
    browser, api, word = owner.walker.browser, owner.api, NAME.split()[0]
    others = UUID(owner.place.keys["subscription_id"])

    found = browser.get("/search/", {"q": word}).content.decode()
    own = browser.get("/search/", {"q": OWN_MSISDN})
    lines = api.get("/subscriptions").json["items"]
    line = api.post("/subscriptions", {"subscriber_id": owner.keys["subscriber_id"]}).json["id"]
    of_the_store = api.post(f"/subscriptions/{line}/assign-sim", {"iccid": iccid(3)})
    of_their_own = api.post(f"/subscriptions/{line}/assign-sim", {"iccid": iccid(22)})

    assert NAME not in found
    assert own["Location"] == f"/lines/{OWN_MSISDN}/"
    assert [each["id"] for each in lines] == [owner.things["line"]]
    assert of_the_store.status == 404
    assert of_their_own.json["state"] == "pending"
    with pytest.raises(NotFound), owner.at_work():
        subscriptions.suspend(others, reason="fraud")


def test_somebody_who_belongs_nowhere_sees_nothing(place: Place) -> None:
    a_dealer(place)
    nobody = _hired(place, "enterprise_manager")

    assert nobody.api.get("/subscribers").json["items"] == []
    assert nobody.api.get("/sims").json["items"] == []


def test_a_role_sees_its_own_in_everything_or_is_not_written(world: World) -> None:
    dealers = Limits(own=frozenset({Limit.OWN_DEALER}))

    with world.as_staff():
        staff.write_role(
            "till", title="Till", grants=[Grant(name, dealers) for name in sorted(OWN_READS)]
        )
        with pytest.raises(InvalidValue, match="limit all of it alike"):
            staff.write_role(
                "till", title="T", grants=[Grant("sim.read"), Grant("line.read", dealers)]
            )
        with pytest.raises(InvalidValue, match=r"has no audit\.read"):
            staff.write_role(
                "till", title="T", grants=[Grant("audit.read"), Grant("line.read", dealers)]
            )


def test_only_cards_in_stock_are_handed_over_and_to_one_keeper(world: World) -> None:
    line = world.line(1)
    world.stock(2)
    with world.as_staff():
        with pytest.raises(SimNotInStock):
            inventory.hand_over([iccid(2), iccid(1)], inventory.Keeper(dealer=SHOP))
        changed = inventory.hand_over([iccid(2)], inventory.Keeper(dealer=SHOP))
        again = inventory.hand_over([iccid(2)], inventory.Keeper(dealer=SHOP))
        with pytest.raises(InvalidValue, match="at a dealer or in a department"):
            inventory.Keeper(dealer=SHOP, department_id=line)
        with pytest.raises(InvalidValue, match="only an organization is a department"):
            crm.create_subscriber(
                name="X", parent_id=crm.create_subscriber(name="Ada"), party="organization"
            )

    assert (changed, again) == (1, 0)


def test_for_a_mass_act_they_choose_among_their_own_lines_only(owner: Owner) -> None:
    browser, keys = owner.walker.browser, owner.place.keys
    others, act = keys["subscription_id"], keys["act_id"]

    foreign = browser.post("/mass-acts/_choose/", {"line": [others]})
    mixed = browser.post("/mass-acts/_choose/", {"line": [others, owner.things["line"]]})
    chosen = browser.post("/mass-acts/_choose/", {"all": "yes"})
    page = browser.get(chosen["Location"]).content.decode()

    assert (foreign.status_code, mixed.status_code) == (409, 409)
    assert "1 line chosen" in page
    assert OWN_MSISDN in page
    assert browser.get(f"/mass-acts/{act}/").status_code == 404
    assert owner.api.get(f"/mass-acts/{act}").status == 404
    listed = [each["id"] for each in owner.api.get("/mass-acts").json["items"]]
    assert listed == [str(chosen["Location"]).rstrip("/").rpartition("/")[2]]
