"""Staff, roles, hidden fields and four eyes, as programs meet them."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest

from tests.unit.business.world import Api, World, iccid
from wispgate.business.audit import queries as audit
from wispgate.business.crm import services as crm
from wispgate.business.crm.models import Organization, Subscriber
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.errors import LimitExceeded, OwnAccess
from wispgate.business.staff.permissions import CATALOGUE
from wispgate.business.subscriptions import services as lines
from wispgate.business.subscriptions.models import Subscription

TILL = {
    "title": "Till",
    "grants": [
        {"pattern": "*.read"},
        {"pattern": "wallet.top_up", "per_act": "50", "per_day": "80", "currency": "EUR"},
    ],
    "hides": ["email"],
}


def put(api: Api, path: str, body: object) -> tuple[int, dict]:
    answer = api.client.put(
        f"/api/v1{path}", data=body, content_type="application/json", headers=api._headers({})
    )
    return answer.status_code, answer.json()


def delete(api: Api, path: str) -> int:
    return api.client.delete(f"/api/v1{path}", headers=api._headers({})).status_code


def new_member(name: str = "bob", role: str = "agent") -> dict[str, str]:
    return {"email": f"{name}@north.example", "name": name.title(), "role": role}


def test_a_colleague_is_hired_with_a_first_password_and_logs_in(world: World) -> None:
    answer = world.client().post("/staff", new_member())

    assert answer.status == 201
    password = answer.json["first_password"]
    member = staff.authenticate_staff("bob@north.example", password, now=world.clock.now())
    assert (member.role, member.operator_id) == ("agent", world.north)
    listed = world.client().get("/staff").json
    assert [one["email"] for one in listed] == ["bob@north.example"]
    assert password not in str(listed)


def test_nobody_gives_what_they_do_not_hold(world: World) -> None:
    admin = world.client()
    put(admin, "/roles/chief", {"title": "Chief", "grants": [{"pattern": "staff.*"}]})
    chief = world.client("chief")

    hired = chief.post("/staff", new_member(role="agent"))
    member = admin.post("/staff", new_member()).json["member"]
    raised = chief.post(f"/staff/{member['id']}/role", {"role": "operator_admin"})
    shut_out = chief.post(f"/staff/{member['id']}/disable")

    assert [one.json["code"] for one in (hired, raised, shut_out)] == ["grants_too_much"] * 3
    with world.as_staff():
        refused = [one for one in audit.list_entries() if one.action == "refused"]
    assert len(refused) == 3


def test_a_role_may_not_gain_what_its_writer_lacks(world: World) -> None:
    put(world.client(), "/roles/scribe", {"title": "Scribe", "grants": [{"pattern": "role.*"}]})
    scribe = world.client("scribe")

    status, told = put(scribe, "/roles/scribe", {"title": "Scribe", "grants": [{"pattern": "*"}]})

    assert (status, told["code"]) == (403, "grants_too_much")
    assert put(scribe, "/roles/viewer", TILL)[0] == 403
    own = {"title": "Reader", "grants": [{"pattern": "role.read"}]}
    assert put(scribe, "/roles/reader", own)[0] == 200


def test_a_limited_role_stays_within_its_limits_at_once(world: World) -> None:
    subscriber = world.subscriber()
    till = world.client("biller")
    assert put(world.client(), "/roles/biller", TILL)[0] == 200

    def top_up(amount: str) -> tuple[int, str]:
        answer = till.post(f"/subscribers/{subscriber}/top-up", {"amount": amount})
        return answer.status, answer.json.get("code", "")

    assert top_up("50.01") == (403, "limit_exceeded")
    assert top_up("50.00") == (200, "")
    assert top_up("50.00") == (403, "limit_exceeded")
    assert top_up("30.00") == (200, "")
    with world.as_staff():
        rules = [
            (one.after or {}).get("rule") for one in audit.list_entries() if one.action == "refused"
        ]
    assert rules == ["per_day", "per_act"]
    assert delete(world.client(), "/roles/biller") == 204
    assert top_up("1000.00") == (200, "")


def test_the_last_administrator_stays(world: World) -> None:
    admin = world.client()
    ids = [
        admin.post("/staff", new_member(name, "operator_admin")).json["member"]["id"]
        for name in ("ada", "bob")
    ]

    assert admin.post(f"/staff/{ids[0]}/disable").status == 200
    for refused in (
        admin.post(f"/staff/{ids[1]}/disable"),
        admin.post(f"/staff/{ids[1]}/role", {"role": "viewer"}),
    ):
        assert (refused.status, refused.json["code"]) == (409, "last_admin")
    status, told = put(admin, "/roles/operator_admin", {"title": "Admin", "grants": []})
    assert (status, told["code"]) == (409, "last_admin")
    assert admin.post(f"/staff/{ids[0]}/enable").status == 200
    assert admin.post(f"/staff/{ids[1]}/disable").status == 200


def test_nobody_changes_their_own_role(world: World) -> None:
    ada = a_colleague(world, "ada", "operator_admin")
    a_colleague(world, "bob", "operator_admin")

    with acting(world, ada):
        for change in (lambda key: staff.give_role(key, "viewer"), staff.disable):
            with pytest.raises(OwnAccess):
                change(UUID(ada.person.removeprefix("staff:")))


def test_a_role_that_somebody_has_cannot_be_deleted(world: World) -> None:
    admin = world.client()
    put(admin, "/roles/till", TILL)
    member = admin.post("/staff", new_member(role="till")).json["member"]

    assert delete(admin, "/roles/till") == 409
    admin.post(f"/staff/{member['id']}/role", {"role": "viewer"})
    assert delete(admin, "/roles/till") == 204
    assert delete(admin, "/roles/till") == 404


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("Till!", TILL),
        ("admin", TILL),
        ("none", TILL),
        ("till", TILL | {"grants": [{"pattern": "sim.fly"}]}),
        ("till", TILL | {"grants": [{"pattern": "sim.swap", "per_act": "1", "currency": "EUR"}]}),
        ("till", TILL | {"grants": [{"pattern": "wallet.top_up", "per_act": "1"}]}),
        ("till", TILL | {"hides": ["shoe_size"]}),
    ],
)
def test_a_role_that_cannot_be_is_refused(world: World, name: str, body: dict) -> None:
    status, told = put(world.client(), f"/roles/{name}", body)

    assert (status, told["code"]) == (422, "invalid_value")


def test_the_catalogue_and_the_roles_are_told_in_words(world: World) -> None:
    api = world.client("viewer")

    permissions = api.get("/permissions").json
    roles = {role["name"]: role for role in api.get("/roles").json}

    assert [one["name"] for one in permissions] == list(CATALOGUE)
    assert len(roles) == 11
    assert "platform_admin" not in roles
    assert roles["viewer"]["hides"]
    assert roles["agent"]["permissions"] == sorted(roles["agent"]["permissions"])
    assert api.get("/roles/inventory").json["name"] == "warehouse"
    assert api.get("/roles/king").status == 404


def test_what_a_role_hides_is_nowhere_in_its_answers(world: World) -> None:
    admin, viewer = world.client(), world.client("viewer")
    made = admin.post(
        "/subscribers", {"name": "Ada", "email": "ada@secret.example", "phone": "+46709999999"}
    ).json
    line = world.line(1)
    admin.post(f"/subscriptions/{line}/msisdn", {"msisdn": "46701234567"})

    answers = [
        api.get(path).content
        for api in (viewer,)
        for path in ("/subscribers", f"/subscribers/{made['id']}", f"/subscriptions/{line}")
    ]
    answers += [viewer.get(path).content for path in ("/subscriptions", f"/lines/{line}", "/audit")]

    for answer in answers:
        for hidden in (b"secret.example", b"46709999999", b"46701234567"):
            assert hidden not in answer
    assert "46•••••••67".encode() in answers[2]
    assert admin.get(f"/subscriptions/{line}").json["msisdn"] == "46701234567"


def test_looking_behind_a_mask_needs_the_right_and_a_reason(world: World) -> None:
    made = world.client().post("/subscribers", {"name": "Ada", "email": "ada@x.example"}).json
    asked = {"object_type": "subscriber", "object_id": made["id"], "field": "email"}
    auditor = world.client("auditor")

    refused = world.client("viewer").post("/reveals", asked | {"reason": "curious"})
    without = auditor.post("/reveals", asked | {"reason": ""})
    shown = auditor.post("/reveals", asked | {"reason": "ticket 12"})

    assert (refused.status, without.status, shown.status) == (403, 422, 200)
    assert shown.json == {"field": "email", "value": "ada@x.example"}
    with world.as_staff():
        (read,) = [one for one in audit.list_entries() if one.action == "read"]
    assert (read.actor, read.reason, read.object_id) == (
        *("north auditor", "ticket 12", made["id"]),
    )


def test_an_act_that_needs_a_second_person_waits_until_another_token_approves(
    world: World,
) -> None:
    ada, bob = world.client(), world.client("senior_agent")
    line = world.line(1)
    world.stock(2)
    assert put(ada, "/approval-rules/sim.swap", {"is_on": True})[0] == 200

    asked = ada.post(f"/subscriptions/{line}/swap-sim", {"iccid": iccid(2)}, Idempotency_Key="k")
    again = ada.post(f"/subscriptions/{line}/swap-sim", {"iccid": iccid(2)}, Idempotency_Key="k")
    own = ada.post(f"/approvals/{asked.json['id']}/approve")
    waiting = bob.get("/approvals?state=asked").json["items"]
    done = bob.post(f"/approvals/{asked.json['id']}/approve", {"reason": "fine"})

    assert (asked.status, again.status, again.json) == (202, 202, asked.json)
    assert (own.status, own.json["code"]) == (403, "own_request")
    assert [one["id"] for one in waiting] == [asked.json["id"]]
    assert (done.status, done.json["state"], done.json["note"]) == (200, "done", "fine")
    assert bob.get(f"/sims/{iccid(2)}").json["state"] == "activated"
    assert bob.post(f"/approvals/{asked.json['id']}/refuse").status == 409


def test_a_dealer_sells_to_its_own_customers_only(world: World) -> None:
    shop = a_colleague(world, "shop", "dealer", dealer="shop-1")
    other = world.subscriber()

    with acting(world, shop):
        own = crm.create_subscriber(name="Walk-in")
        assert lines.create_subscription(subscriber_id=own)
        with pytest.raises(LimitExceeded, match="own dealer"):
            lines.create_subscription(subscriber_id=other)


def test_an_enterprise_manager_acts_in_the_own_department_and_below(world: World) -> None:
    company, sales = world.line(1), world.line(2)
    with world.as_staff():
        head, below = (
            Organization.objects.create(
                id=UUID(int=number),
                operator_id=world.north,
                name=name,
                created_at=world.clock.now(),
            )
            for number, name in ((1, "Engines"), (2, "Sales"))
        )
        below.parent = head
        below.save()
        for line, organization in ((company, head), (sales, below)):
            customer = Subscription.objects.get(id=line).subscriber_id
            Subscriber.objects.filter(id=customer).update(contact=None, organization=organization)
    manager = a_colleague(world, "max", "enterprise_manager", department_id=below.id)
    chief = a_colleague(world, "cho", "enterprise_manager", department_id=head.id)

    with acting(world, manager):
        lines.suspend(sales, reason="operator")
        with pytest.raises(LimitExceeded, match="own department"):
            lines.suspend(company, reason="operator")
    with acting(world, chief):
        lines.resume(sales, reason="operator")


def a_colleague(world: World, name: str, role: str, **more: object) -> staff.Principal:
    with world.as_staff():
        member_id, _password = staff.hire(**new_member(name, role), **more)  # type: ignore[arg-type]
        principal = staff.find_principal(f"staff:{member_id}")
    assert principal is not None
    return principal


@contextmanager
def acting(world: World, principal: staff.Principal) -> Iterator[None]:
    scope = scopes.Scope(
        now=world.clock.now(),
        actor=principal.actor,
        operator_id=world.north,
        authority=principal,
    )
    with scopes.within(scope):
        yield
