"""Service accounts and tokens in the console, and what they may do then."""

import re

from django.test import Client

from tests.unit.business.world import Api
from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries

FORM = {"name": "nightly", "permissions": "", "networks": "", "days": "90"}


def secret_in(page: str) -> str:
    found = re.search(r"wg_[\w-]{43}", page)
    assert found is not None
    return found[0]


def a_service_token(admin: Client, role: str = "viewer", **form: str) -> str:
    made = admin.post("/programs/new/", {"name": "Export", "role": role})
    page = admin.post(made["Location"], FORM | form).content.decode()
    return secret_in(page)


def test_a_service_account_gets_a_token_that_its_role_bounds(
    world: World, alpha: Seat, admin: Client
):
    api = Api(a_service_token(admin))

    assert api.get("/sims").status == 200
    assert api.post("/subscribers", {"name": "x"}).status == 403
    assert "1 token can be used now; 1 service account." in text_of(admin.get("/programs/"))


def test_permissions_and_networks_bound_it_further(world: World, alpha: Seat, admin: Client):
    narrow = Api(a_service_token(admin, permissions="sim.read, plan.*"))
    elsewhere = Api(a_service_token(admin, networks="192.0.2.0/24"))

    assert [narrow.get(path).status for path in ("/sims", "/plans", "/subscribers")] == [
        200, 200, 403,
    ]  # fmt: skip
    assert elsewhere.get("/sims").status == 401


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    world: World, alpha: Seat, admin: Client
):
    made = admin.post("/programs/new/", {"name": "Export", "role": "viewer"})["Location"]
    for field, value, words in (
        ("permissions", "sim.fly", "no permission is named"),
        ("networks", "10.0.0.1/8", "not an address or a network"),
        ("name", "", "say what it is for"),
        ("days", "7", "choose how long"),
    ):
        answer = admin.post(made, FORM | {field: value})
        assert (answer.status_code, words in text_of(answer).lower()) == (409, True)
        assert value in answer.content.decode()


def test_a_token_ends_with_its_account_and_comes_back_with_it(
    world: World, alpha: Seat, admin: Client
):
    api = Api(a_service_token(admin))
    with scopes.within(world.tenant(alpha)):
        (account,) = queries.list_service_accounts(alpha.operator_id)

    admin.post(f"/programs/{account.id}/disable/")
    off = api.get("/sims").status
    admin.post(f"/programs/{account.id}/enable/")

    assert (off, api.get("/sims").status) == (401, 200)


def test_a_token_is_rotated_and_revoked(world: World, alpha: Seat, admin: Client):
    old = a_service_token(admin)
    with scopes.within(world.tenant(alpha)):
        (token,) = queries.list_tokens(alpha.operator_id)
    page = admin.post(f"/tokens/{token.id}/rotate/").content.decode()
    new = secret_in(page)

    seen = [Api(old).get("/sims").status, Api(new).get("/sims").status]
    admin.post(f"/tokens/{token.id}/revoke/")

    assert [*seen, Api(new).get("/sims").status] == [401, 200, 401]
    assert "revoked" in text_of(admin.get("/programs/"))
    assert admin.get(f"/tokens/{token.id}/fly/").status_code == 404


def test_ones_own_token_may_do_what_oneself_may(world: World, alpha: Seat, viewer: Client):
    api = Api(secret_in(viewer.post("/me/tokens/new/", FORM).content.decode()))

    assert api.get("/sims").status == 200
    assert api.post("/subscribers", {"name": "x"}).status == 403
    assert "nightly" in text_of(viewer.get("/me/"))
    assert viewer.get("/programs/new/").status_code == 403


def test_others_tokens_are_ended_by_who_may_only(world: World, alpha: Seat, admin: Client):
    a_service_token(admin)
    with scopes.within(world.tenant(alpha)):
        (token,) = queries.list_tokens(alpha.operator_id)
    viewer = logged_in(alpha.viewer)

    assert viewer.post(f"/tokens/{token.id}/revoke/").status_code == 403
    assert viewer.post(f"/tokens/{token.id}/rotate/").status_code == 403


def test_a_service_account_cannot_log_in(world: World, alpha: Seat, admin: Client):
    a_service_token(admin)
    with scopes.within(world.tenant(alpha)):
        (account,) = queries.list_service_accounts(alpha.operator_id)

    answer = Client().post("/login/", {"email": account.email, "password": "!"})

    assert "or the password is wrong" in answer.content.decode()


def test_another_operators_accounts_are_not_there(world: World, alpha: Seat, admin: Client):
    a_service_token(admin)
    beta = world.an_operator("beta", name="Beta Net", range_="001012")
    with scopes.within(world.tenant(alpha)):
        (account,) = queries.list_service_accounts(alpha.operator_id)
        (token,) = queries.list_tokens(alpha.operator_id)
    other = logged_in(beta.admin)

    answers = [
        other.get(path).status_code
        for path in (
            f"/programs/{account.id}/new-token/", f"/programs/{account.id}/disable/",
            f"/tokens/{token.id}/revoke/",
        )
    ]  # fmt: skip

    assert answers == [404, 404, 404]
    assert "nightly" not in other.get("/programs/").content.decode()
