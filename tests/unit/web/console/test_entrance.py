"""Logging in and out, and choosing whose rows to see."""

from django.test import Client

from tests.unit.web.console.conftest import logged_in
from tests.unit.web.console.world import PASSWORD, Seat, World
from wispgate.business.audit import queries as audit
from wispgate.business.operators import scope as scopes


def test_a_stranger_is_led_to_the_login_page(world: World):
    answer = Client().get("/sims/?state=stock")

    assert answer.status_code == 302
    assert answer["Location"] == "/login/?next=%2Fsims%2F%3Fstate%3Dstock"


def test_after_the_login_the_wanted_page_comes(world: World, alpha: Seat):
    given = {"email": alpha.admin, "password": PASSWORD, "next": "/peers/"}

    answer = Client().post("/login/", given)

    assert answer["Location"] == "/peers/"


def test_the_login_leads_to_no_other_site(world: World, alpha: Seat):
    given = {"email": alpha.admin, "password": PASSWORD, "next": "https://evil.example/"}

    answer = Client().post("/login/", given)

    assert answer["Location"] == "/"


def test_a_wrong_password_and_a_wrong_address_are_told_alike(world: World, alpha: Seat):
    wrong_password = Client().post("/login/", {"email": alpha.admin, "password": "no"})
    wrong_address = Client().post("/login/", {"email": "nobody@x.example", "password": PASSWORD})

    assert "The address or the password is wrong." in wrong_password.content.decode()
    assert "The address or the password is wrong." in wrong_address.content.decode()
    assert wrong_password.status_code == wrong_address.status_code == 200


def test_logins_and_refused_logins_are_in_the_audit(world: World, alpha: Seat):
    Client().post("/login/", {"email": alpha.admin, "password": "wrong"})
    Client().post("/login/", {"email": "mypassword", "password": "wrong"})
    logged_in(alpha.admin)

    with scopes.within(world.platform()):
        entries = audit.list_entries(object_type="staff")
    assert [(each.action, each.actor) for each in entries] == [
        ("login", alpha.admin),
        ("refused", ""),
        ("refused", alpha.admin),
    ]


def test_odd_addresses_are_refused_like_any_other(world: World):
    odd = ("", "no address", "a\x00@b.example", "x" * 5000 + "@b.example")

    answers = [Client().post("/login/", {"email": email, "password": PASSWORD}) for email in odd]

    assert all("or the password is wrong." in answer.content.decode() for answer in answers)


def test_logging_out_ends_the_session(admin: Client):
    admin.post("/logout/")

    assert admin.get("/sims/").status_code == 302


def test_a_link_cannot_log_anybody_out(admin: Client):
    assert admin.get("/logout/").status_code == 405


def test_a_form_without_its_token_is_refused(world: World, alpha: Seat):
    client = Client(enforce_csrf_checks=True)

    answer = client.post("/login/", {"email": alpha.admin, "password": PASSWORD})

    assert answer.status_code == 403


def test_platform_staff_see_the_only_operator_at_once(world: World, alpha: Seat):
    client = logged_in(world.a_member("root@platform.example", "admin"))

    assert "Alpha Mobile" in client.get("/").content.decode()


def test_platform_staff_choose_among_operators(world: World, alpha: Seat):
    beta = world.an_operator("beta", name="Beta Net", range_="001012")
    cards = world.cards(beta, 1)
    client = logged_in(world.a_member("root@platform.example", "admin"))
    before = client.get("/sims/").content.decode()

    client.post("/operator/", {"operator": "beta"})

    assert "Choose an operator" in before
    assert cards[0] in client.get("/sims/").content.decode()


def test_staff_of_an_operator_cannot_choose_another(world: World, alpha: Seat, admin: Client):
    beta = world.an_operator("beta", name="Beta Net", range_="001012")
    cards = world.cards(beta, 1)

    admin.post("/operator/", {"operator": "beta"})

    assert cards[0] not in admin.get("/sims/").content.decode()


def test_an_installation_without_operator_says_what_one_is(world: World):
    client = logged_in(world.a_member("root@platform.example", "admin"))

    assert "An operator is a tenant" in client.get("/").content.decode()


def test_no_page_is_kept_by_caches(admin: Client):
    paths = ("/", "/sims/", "/lines/", "/peers/", "/activity/", "/help/")

    kept = [path for path in paths if "no-store" not in admin.get(path)["Cache-Control"]]

    assert kept == []
