"""The way in: every step that is asked, and that none can be left out."""

import re
from base64 import b32decode
from datetime import timedelta

import pytest
from django.contrib import auth
from django.http import HttpResponse
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import PASSWORD, Seat, World
from wispgate.business.login.services import factors, passwords, policies
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import StaffMember
from wispgate.domain.login import totp
from wispgate.domain.login.lifetimes import Lifetime

SECRET = b"12345678901234567890"
NEW = "a bicycle in the rain"


def member(world: World, email: str) -> StaffMember:
    with scopes.within(world.platform()):
        return staff.get_person(email)


def code(world: World) -> str:
    world.clock.advance(seconds=30)
    return totp.code_of(SECRET, totp.step_at(world.clock.now()))


def with_app(world: World, seat: Seat) -> None:
    with scopes.within(world.tenant(seat)):
        owner = member(world, seat.admin)
        factors.enrol_app(owner, secret=SECRET, code=code(world), name="Phone")


def knock(email: str, password: str = PASSWORD) -> tuple[Client, HttpResponse]:
    client = Client()
    return client, client.post("/login/", {"email": email, "password": password, "next": "/sims/"})


def is_in(client: Client) -> bool:
    return client.get("/sims/").status_code == 200


def demand(world: World, seat: Seat, *roles: str) -> None:
    with scopes.within(world.tenant(seat)):
        policies.set_policy(seat.operator_id, lifetime=Lifetime(), mfa_roles=roles)


def test_with_a_factor_the_password_leads_to_the_second_step_only(world: World, alpha: Seat):
    with_app(world, alpha)

    client, answer = knock(alpha.admin)

    assert answer["Location"] == "/login/factor/"
    assert not is_in(client)
    assert client.get("/me/").status_code == 302
    assert "Code of your app" in client.get("/login/factor/").content.decode()


def test_the_right_code_leads_to_the_wanted_page(world: World, alpha: Seat):
    with_app(world, alpha)
    client, _ = knock(alpha.admin)

    answer = client.post("/login/factor/", {"code": code(world)})

    assert answer["Location"] == "/sims/"
    assert is_in(client)


def test_a_wrong_code_is_told_and_lets_nobody_in(world: World, alpha: Seat):
    with_app(world, alpha)
    client, _ = knock(alpha.admin)

    seen = [client.post("/login/factor/", {"code": "000000"}).status_code for _ in range(6)]

    assert seen == [200] * 5 + [429]
    assert not is_in(client)


@pytest.mark.parametrize("path", ["/login/enrol/", "/login/new-password/", "/login/onward/"])
def test_no_other_step_leads_round_the_factor(world: World, alpha: Seat, path: str):
    with_app(world, alpha)
    client, _ = knock(alpha.admin)

    answer = client.post(path, {"password": NEW, "again": NEW, "code": code(world)})

    assert answer["Location"] == "/login/factor/"
    assert not is_in(client)


def test_the_doorstep_is_left_after_a_quarter_of_an_hour(world: World, alpha: Seat):
    with_app(world, alpha)
    client, _ = knock(alpha.admin)
    world.clock.advance(minutes=14)
    client.get("/login/factor/")
    world.clock.advance(minutes=1)

    assert client.post("/login/factor/", {"code": code(world)})["Location"] == "/login/"


def test_a_demanded_factor_is_set_up_before_the_first_page(world: World, alpha: Seat):
    demand(world, alpha, "operator_admin")
    client, answer = knock(alpha.admin)
    page = client.get("/login/enrol/").content.decode()
    shown = re.search(r'wg-secret">([A-Z2-7 ]+)<', page)
    assert shown is not None
    secret = b32decode(shown[1].replace(" ", ""))
    given = totp.code_of(secret, totp.step_at(world.clock.now()))

    codes = client.post("/login/enrol/", {"code": given}).content.decode()

    assert answer["Location"] == "/login/enrol/"
    assert "<svg" in page
    assert len(re.findall(r"<li>[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}</li>", codes)) == 10
    assert client.get("/login/onward/")["Location"] == "/sims/"
    assert is_in(client)


def test_a_role_of_which_no_factor_is_demanded_goes_straight_in(world: World, alpha: Seat):
    demand(world, alpha, "operator_admin")

    client, _ = knock(alpha.viewer)

    assert is_in(client)


def test_a_made_up_password_is_changed_first(world: World, alpha: Seat):
    with scopes.within(world.platform()):
        staff.create_staff(
            email="new@alpha.example", name="New", role="agent", password=PASSWORD,
            operator="alpha", is_made_up=True,
        )  # fmt: skip
    client, answer = knock("new@alpha.example")
    weak = client.post("/login/new-password/", {"password": "short", "again": "short"})
    unlike = client.post("/login/new-password/", {"password": NEW, "again": NEW + "!"})

    done = client.post("/login/new-password/", {"password": NEW, "again": NEW})

    assert answer["Location"] == "/login/new-password/"
    assert "at least 12 characters" in weak.content.decode()
    assert "differ" in unlike.content.decode()
    assert done["Location"] == "/sims/"
    assert is_in(client)
    assert is_in(knock("new@alpha.example", NEW)[0])


def test_the_session_gets_a_new_key_at_each_step(world: World, alpha: Seat):
    with_app(world, alpha)
    client = Client()
    client.get("/login/passkey/")
    keys = [client.cookies["wispgate-session"].value]
    client.post("/login/", {"email": alpha.admin, "password": PASSWORD})
    keys.append(client.cookies["wispgate-session"].value)
    client.post("/login/factor/", {"code": code(world)})
    keys.append(client.cookies["wispgate-session"].value)

    planted = Client()
    planted.cookies["wispgate-session"] = keys[0]
    earlier = Client()
    earlier.cookies["wispgate-session"] = keys[1]

    assert len(set(keys)) == 3
    assert (is_in(client), is_in(planted), is_in(earlier)) == (True, False, False)


def test_a_session_ends_by_our_clock(world: World, alpha: Seat, admin: Client):
    for _ in range(5):
        world.clock.advance(minutes=119)
        assert is_in(admin)
    world.clock.advance(minutes=121)

    assert "nothing was done for a while" in admin.get("/logins/", follow=True).content.decode()


def test_a_changed_role_ends_the_session(world: World, alpha: Seat, admin: Client):
    with scopes.within(world.tenant(alpha)):
        StaffMember.objects.filter(email=alpha.admin).update(role="viewer")

    assert "your role was changed" in admin.get("/sims/", follow=True).content.decode()
    assert not is_in(admin)


def test_a_session_is_nothing_to_the_api(world: World, alpha: Seat, admin: Client):
    answers = [
        admin.get("/api/v1/sims"),
        admin.post("/api/v1/subscribers", {"name": "x"}, content_type="application/json"),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]


def test_cookies_are_out_of_scripts_reach(world: World, alpha: Seat):
    client = logged_in(alpha.admin)
    client.get("/")

    for name in ("wispgate-session", "wispgate-csrf", "wispgate-devices"):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["domain"]


def test_known_and_unknown_addresses_get_the_same_answers(world: World, alpha: Seat):
    def answers(email: str) -> list[tuple[int, str]]:
        client, given = Client(), {"email": email, "password": "no"}
        seen = [client.post("/login/", given) for _ in range(7)]
        seen.append(client.post("/login/forgotten/", {"email": email}))
        return [(each.status_code, _without(each, email)) for each in seen]

    assert answers(alpha.admin) == answers("nobody@alpha.example")


def _without(answer: HttpResponse, email: str) -> str:
    page = answer.content.decode().replace(email, "")
    return re.sub(r'(name="csrfmiddlewaretoken" value|nonce)="[^"]*"', "", page)


def test_a_link_leads_to_a_new_password_and_not_in(world: World, alpha: Seat):
    with scopes.within(world.platform()):
        link = passwords.make_link(alpha.admin, base_url="")
    client = Client()
    followed = client.get(link)

    done = client.post("/login/reset/", {"password": NEW, "again": NEW})

    assert followed["Location"] == "/login/reset/"
    assert "Your password is set" in done.content.decode()
    assert not is_in(client)
    assert client.get(link, follow=True).status_code == 410
    assert is_in(knock(alpha.admin, NEW)[0])


def test_a_link_does_not_lead_round_the_factor(world: World, alpha: Seat):
    with_app(world, alpha)
    with scopes.within(world.platform()):
        link = passwords.make_link(alpha.admin, base_url="")
    client = Client()
    client.get(link)
    client.post("/login/reset/", {"password": NEW, "again": NEW})

    assert knock(alpha.admin, NEW)[1]["Location"] == "/login/factor/"


RISKY = (
    "/me/password/", "/me/factors/app/", "/me/factors/key/", "/me/factors/codes/",
    "/me/tokens/new/", "/programs/new/", "/logins/rules/", "/logins/sso/",
)  # fmt: skip


@pytest.mark.parametrize("path", RISKY)
def test_risky_pages_ask_again_after_ten_minutes(
    world: World, alpha: Seat, admin: Client, path: str
):
    fresh = admin.get(path).status_code
    world.clock.advance(minutes=10)
    asked = [admin.get(path), admin.post(path, {"name": "x", "role": "viewer"})]

    assert fresh == 200
    assert {answer["Location"] for answer in asked} == {f"/me/again/?next={path.replace('/', '%2F')}"}  # fmt: skip


def test_with_a_factor_the_password_is_not_proof_enough(world: World, alpha: Seat):
    with_app(world, alpha)
    client, _ = knock(alpha.admin)
    client.post("/login/factor/", {"code": code(world)})
    world.clock.advance(minutes=10)

    wrong = client.post("/me/again/", {"password": PASSWORD, "next": "/me/password/"})
    right = client.post("/me/again/", {"code": code(world), "next": "/me/password/"})

    assert wrong.status_code == 200
    assert right["Location"] == "/me/password/"
    assert client.get("/me/password/").status_code == 200


def test_without_a_factor_the_password_is_the_proof(world: World, alpha: Seat, admin: Client):
    world.clock.advance(minutes=10)

    wrong = admin.post("/me/again/", {"password": "no", "next": "/me/password/"})
    right = admin.post("/me/again/", {"password": PASSWORD, "next": "/me/password/"})

    assert "The password is wrong" in text_of(wrong)
    assert right["Location"] == "/me/password/"
    assert admin.get("/me/again/?next=https://evil.example/").status_code == 200
    led = admin.post("/me/again/", {"password": PASSWORD, "next": "https://evil.example/"})
    assert led["Location"] == "/"


def test_a_new_password_ends_the_other_sessions(world: World, alpha: Seat, admin: Client):
    other = logged_in(alpha.admin)

    admin.post("/me/password/", {"password": NEW, "again": NEW})

    assert (is_in(admin), is_in(other)) == (True, False)


def test_sessions_are_listed_and_ended(world: World, alpha: Seat, admin: Client):
    other, third = logged_in(alpha.admin), logged_in(alpha.admin)
    stranger = logged_in(alpha.viewer)
    page = admin.get("/me/").content.decode()
    ends = re.findall(r'action="(/me/sessions/[0-9a-f-]{36}/end/)"', page)

    stranger.post(ends[0])
    assert (is_in(other), is_in(third)) == (True, True)
    admin.post(ends[0])
    assert (is_in(other), is_in(third)).count(True) == 1
    admin.post("/me/sessions/others/end/")

    assert len(ends) == 2
    assert [is_in(one) for one in (admin, other, third, stranger)] == [True, False, False, True]


def test_an_admin_sees_who_is_locked_out_and_helps(world: World, alpha: Seat, admin: Client):
    for _ in range(5):
        knock(alpha.viewer, "no")
    before = text_of(admin.get("/logins/"))
    viewer = member(world, alpha.viewer)

    done = admin.post(f"/logins/{viewer.id}/unlock/", follow=True)

    assert "1 locked out now" in before
    assert "Unlocked viewer@alpha.example" in done.content.decode()
    assert is_in(knock(alpha.viewer)[0])


def test_help_is_for_ones_own_operators_staff(world: World, alpha: Seat, admin: Client):
    beta = world.an_operator("beta", name="Beta Net", range_="001012")
    other = member(world, beta.admin)

    assert admin.get(f"/logins/{other.id}/unlock/").status_code == 404
    assert beta.admin not in admin.get("/logins/").content.decode()
    assert admin.get("/logins/x/unlock/").status_code == 404
    assert admin.get(f"/logins/{member(world, alpha.viewer).id}/fly/").status_code == 404


def test_the_rules_are_set_and_kept_within_bounds(world: World, alpha: Seat, admin: Client):
    wrong = admin.post("/logins/rules/", {"idle": "4", "absolute": "8"})
    words = admin.post("/logins/rules/", {"idle": "x", "absolute": "8"})

    done = admin.post(
        "/logins/rules/", {"idle": "30", "absolute": "8", "mfa_roles": ["viewer", "king"]}
    )

    assert "from 5 minutes to 30 days" in text_of(wrong)
    assert words.status_code == 409
    assert done["Location"] == "/logins/"
    with scopes.within(world.tenant(alpha)):
        policy = policies.find_policy(alpha.operator_id)
    assert (policy.lifetime.idle, policy.mfa_roles) == (timedelta(minutes=30), {"viewer"})


def test_who_may_not_change_the_rules_sees_no_button(world: World, alpha: Seat, viewer: Client):
    page = text_of(viewer.get("/logins/"))

    assert "Change the rules" not in page
    assert viewer.get("/logins/rules/").status_code == 403
    assert viewer.post("/logins/rules/", {"idle": "30", "absolute": "8"}).status_code == 403


def test_platform_staff_have_rules_of_their_own(world: World, alpha: Seat):
    root = logged_in(world.a_member("root@platform.example", "admin"))

    root.post("/logins/rules/?of=platform", {"idle": "20", "absolute": "4", "mfa_roles": ["*"]})

    with scopes.within(world.platform()):
        assert policies.find_policy(None).needs_factor("platform_admin")
        assert not policies.find_policy(alpha.operator_id).mfa_roles
    assert "root@platform.example" in text_of(root.get("/logins/?of=platform"))
    assert alpha.admin in text_of(root.get("/logins/"))


def test_nobody_is_known_to_djangos_own_door(world: World, alpha: Seat):
    assert auth.authenticate(username=alpha.admin, password=PASSWORD) is None
