"""Tokens over REST: shown once, bounded, and never more than who makes them may do."""

from datetime import timedelta

from tests.unit.business.world import Api, World
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import IdempotentRequest


def own_role(world: World, *permissions: str) -> Api:
    """A client that holds these permissions of an administrator's only."""
    with world.as_platform():
        bounds = staff.Bounds(permissions)
        made = staff.make_token(role="admin", name="narrow", operator="north", bounds=bounds)
    return Api(made.secret)


def test_a_token_is_made_used_listed_rotated_and_revoked(world: World) -> None:
    admin = world.client()
    made = admin.post("/tokens", {"name": "nightly", "permissions": ["sim.*"]}).json
    program = Api(made["token"])
    seen = [program.get("/sims").status, program.get("/plans").status]
    rotated = Api(admin.post(f"/tokens/{made['id']}/rotate").json["token"])
    seen += [program.get("/sims").status, rotated.get("/sims").status]
    listed = admin.get("/tokens").json["items"]

    ended = admin.post(f"/tokens/{made['id']}/revoke").json

    assert seen == [200, 403, 401, 200]
    (nightly,) = [one for one in listed if one["name"] == "nightly"]
    assert nightly["last_used_from"] == "127.0.0.1"
    assert made["token"] not in str(listed)
    assert ended["revoked_at"] is not None
    assert rotated.get("/sims").status == 401
    assert admin.post(f"/tokens/{made['id']}/rotate").status == 404


def test_a_repeated_answer_does_not_show_the_token_again(world: World) -> None:
    admin = world.client()

    first, second = (admin.post("/tokens", {"name": "once"}, Idempotency_Key="k") for _ in range(2))

    assert first.json["id"] == second.json["id"]
    assert (first.json["token"][:3], second.json["token"]) == ("wg_", None)
    with world.as_staff():
        (kept,) = IdempotentRequest.objects.all()
    assert b"wg_" not in bytes(kept.body)


def test_keys_belong_to_the_token_and_not_to_its_name(world: World) -> None:
    one, other = world.client(), world.client()

    answers = [
        api.post("/subscribers", {"name": name}, Idempotency_Key="k")
        for api, name in ((one, "Ada"), (other, "Bob"), (one, "Ada"))
    ]

    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [answer.json["name"] for answer in answers] == ["Ada", "Bob", "Ada"]
    assert answers[2].headers["Idempotent-Replayed"] == "true"


def test_a_narrow_token_makes_no_wider_one(world: World) -> None:
    narrow = own_role(world, "token.*", "sim.read")

    wider = narrow.post("/tokens", {"name": "x", "permissions": ["*"]})
    same = narrow.post("/tokens", {"name": "x"})

    assert (wider.status, wider.json["code"]) == (403, "permission_missing")
    made = Api(same.json["token"])
    assert (made.get("/sims").status, made.get("/plans").status) == (200, 403)


def test_nobody_gets_rights_by_anothers_token(world: World) -> None:
    admin, narrow = world.client(), own_role(world, "token.*", "sim.read")
    powerful = admin.post("/service-accounts", {"name": "Sync", "role": "operator_admin"}).json
    token = admin.post("/tokens", {"name": "all"}).json

    answers = [
        narrow.post("/tokens", {"name": "x", "service_account_id": powerful["id"]}),
        narrow.post(f"/tokens/{token['id']}/rotate"),
    ]

    assert [answer.status for answer in answers] == [403, 403]
    assert Api(token["token"]).get("/sims").status == 200


def test_a_narrow_token_may_give_itself_a_new_secret(world: World) -> None:
    narrow = own_role(world, "token.*", "sim.read")
    with world.as_staff():
        (token,) = queries.list_tokens(world.north)

    renewed = Api(narrow.post(f"/tokens/{token.id}/rotate").json["token"])

    assert (narrow.get("/sims").status, renewed.get("/sims").status) == (401, 200)


def test_what_is_wrong_with_a_token_is_named(world: World) -> None:
    admin, past = world.client(), (world.clock.now() - timedelta(days=1)).isoformat()

    for body, field in (
        ({"name": "x", "permissions": ["sim.fly"]}, "permissions"),
        ({"name": "x", "networks": ["10.0.0.1/8"]}, "networks"),
        ({"name": "x", "expires_at": past}, "expires_at"),
        ({"name": ""}, "name"),
    ):
        answer = admin.post("/tokens", body)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, field)


def test_a_token_ends_by_our_clock_and_with_its_account(world: World) -> None:
    admin = world.client()
    account = admin.post("/service-accounts", {"name": "Sync", "role": "viewer"}).json
    until = (world.clock.now() + timedelta(hours=1)).isoformat()
    body = {"name": "x", "service_account_id": account["id"], "expires_at": until}
    program = Api(admin.post("/tokens", body).json["token"])
    seen = [program.get("/sims").status]
    admin.post(f"/service-accounts/{account['id']}/disable")
    seen.append(program.get("/sims").status)
    admin.post(f"/service-accounts/{account['id']}/enable")
    seen.append(program.get("/sims").status)

    world.clock.advance(hours=1)

    assert [*seen, program.get("/sims").status] == [200, 401, 200, 401]
    assert [one["name"] for one in admin.get("/service-accounts").json["items"]] == ["Sync"]


def test_a_token_of_a_network_is_nothing_elsewhere() -> None:
    from wispgate.business.staff.services.tokens import is_allowed_from  # noqa: PLC0415

    networks = ["192.0.2.0/24", "2001:db8::/32"]

    assert is_allowed_from([], "anything")
    assert is_allowed_from(networks, "192.0.2.9")
    assert is_allowed_from(networks, "::ffff:192.0.2.9")
    assert is_allowed_from(networks, "2001:db8::1")
    assert not is_allowed_from(networks, "198.51.100.1")
    assert not is_allowed_from(networks, "")


def test_another_operator_sees_no_token(world: World) -> None:
    made = world.client().post("/tokens", {"name": "north's"}).json
    south = world.client("admin", "south")

    answers = [
        south.get(f"/tokens/{made['id']}"),
        south.post(f"/tokens/{made['id']}/rotate"),
        south.post(f"/tokens/{made['id']}/revoke"),
    ]

    assert [answer.status for answer in answers] == [404, 404, 404]
    assert "north's" not in str(south.get("/tokens").json)
    with world.as_staff():
        assert scopes.current().operator_id == world.north
        assert len(queries.list_tokens(world.north)) == 2
