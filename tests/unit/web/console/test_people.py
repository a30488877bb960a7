"""Staff, roles and requests on the console; what a role hides."""

import re

from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.operators import scope as scopes
from wispgate.business.staff.models import StaffMember


def member_id(email: str, world: World, seat: Seat) -> str:
    with scopes.within(world.tenant(seat)):
        return str(StaffMember.objects.get(email=email).id)


def test_a_colleague_is_taken_on_and_logs_in_with_the_first_password(
    world: World, alpha: Seat, admin: Client
) -> None:
    form = {"name": "Bo", "email": "bo@alpha.example", "role": "agent"}
    answer = admin.post("/staff/new/", form)

    password = re.search(r'data-copy="([\w-]{20})"', answer.content.decode())
    assert password is not None
    browser = Client()
    led = browser.post("/login/", {"email": form["email"], "password": password[1]})
    assert led["Location"] == "/login/new-password/"
    assert "Bo works here Agent bo@alpha.example" in text_of(admin.get("/staff/"))
    refused = admin.post("/staff/new/", form)
    assert (refused.status_code, "is on the staff already" in text_of(refused)) == (409, True)


def test_another_role_holds_with_the_next_click(world: World, alpha: Seat, admin: Client) -> None:
    viewer = logged_in(alpha.viewer)
    page = f"/staff/{member_id(alpha.viewer, world, alpha)}/"
    before = viewer.get("/subscribers/new/").status_code

    shown = text_of(admin.get(f"{page}role/", {"role": "agent"}))
    admin.post(f"{page}role/", {"role": "agent"})

    assert "permissions gained, 0 lost" in shown
    # Whoever gets another role logs in anew.
    assert (before, viewer.get("/subscribers/new/").status_code) == (403, 302)
    viewer = logged_in(alpha.viewer)
    assert viewer.get("/subscribers/new/").status_code == 200
    admin.post(f"{page}disable/")
    assert viewer.get("/subscribers/new/").status_code == 302
    admin.post(f"{page}enable/")
    assert logged_in(alpha.viewer).get("/sims/").status_code == 200


def test_nobody_raises_or_shuts_out_themselves(world: World, alpha: Seat, admin: Client) -> None:
    answer = admin.post(f"/staff/{member_id(alpha.admin, world, alpha)}/disable/")

    assert (answer.status_code, "ask a colleague" in text_of(answer)) == (409, True)
    assert admin.get("/sims/").status_code == 200


def test_a_role_says_in_words_what_it_allows_and_who_has_it(
    world: World, alpha: Seat, admin: Client
) -> None:
    shown = text_of(admin.get("/roles/viewer/"))

    assert "see cards (never their keys)" in shown
    assert "msisdn" in shown
    assert "Viewer Example" in shown
    assert "end a card for good" not in shown
    assert admin.get("/roles/platform_admin/").status_code == 404


def test_a_ready_role_is_edited_and_given_back(world: World, alpha: Seat, admin: Client) -> None:
    viewer = logged_in(alpha.viewer)
    form = {"title": "Looker", "about": "", "may sim.read": "yes", "hide email": "yes"}

    answer = admin.post("/roles/viewer/edit/", form)

    assert answer.status_code == 302
    assert (viewer.get("/sims/").status_code, viewer.get("/lines/").status_code) == (200, 403)
    assert "changed here" in text_of(admin.get("/roles/viewer/"))
    admin.post("/roles/viewer/reset/")
    assert viewer.get("/lines/").status_code == 200


def test_saving_a_role_unchanged_changes_nothing(world: World, alpha: Seat, admin: Client) -> None:
    ticked = before = permissions_of("agent", admin)

    admin.post(
        "/roles/agent/edit/",
        {"title": "Agent", "about": "Serves customers: takes them on, repairs, swaps, tops up."}
        | dict.fromkeys(ticked, "yes"),
    )

    assert len(ticked) > 20
    assert permissions_of("agent", admin) == before
    assert "changed here" in text_of(admin.get("/roles/agent/"))


def permissions_of(role: str, client: Client) -> list[str]:
    page = client.get(f"/roles/{role}/edit/").content.decode()
    return re.findall(r'name="((?:may|hide) [\w. ]+)" value="yes" checked', page)


def test_an_own_role_is_made_with_limits_and_deleted(
    world: World, alpha: Seat, admin: Client
) -> None:
    form = {
        "name": "till",
        "title": "Till",
        "may wallet.top_up": "yes",
        "per_act wallet.top_up": "50",
        "own wallet.top_up": "own_customers",
    }

    assert admin.post("/roles/_new/", form).status_code == 302
    again = admin.post("/roles/_new/", form)
    wrong = admin.post("/roles/_new/", form | {"name": "b", "per_act wallet.top_up": "much"})

    shown = text_of(admin.get("/roles/till/"))
    assert "for own customers only, up to 50.00 EUR at a time" in shown
    assert (again.status_code, wrong.status_code) == (409, 409)
    assert "not an amount of money" in text_of(wrong)
    admin.post("/roles/till/delete/")
    assert admin.get("/roles/till/").status_code == 404


def test_a_swap_waits_in_the_inbox_until_somebody_else_approves(
    world: World, alpha: Seat, admin: Client
) -> None:
    old, new = world.cards(alpha, 2)
    world.an_active_line(alpha, old, name="Ana")
    other = logged_in(world.a_member("two@alpha.example", "admin", "alpha"))
    admin.post("/approvals/rules/sim.swap/", {"is_on": "yes", "valid_hours": "5"})

    asked = admin.post(f"/sims/{old}/swap/", {"iccid": new, "note": "lost phone"})
    request = asked["Location"]

    assert "somebody else decides" in text_of(admin.get(request))
    assert "Approve" not in text_of(admin.get(request))
    assert admin.post(f"{request}approve/").status_code == 409
    assert "1 to decide" not in admin.get("/").content.decode()
    assert "1 to decide" in other.get("/").content.decode()
    assert "lost phone" in text_of(other.get("/approvals/?state=asked"))
    assert "stock" in text_of(admin.get(f"/sims/{new}/"))
    assert other.post(f"{request}approve/").status_code == 302
    assert "activated" in text_of(admin.get(f"/sims/{new}/"))
    assert "two@alpha.example approved, and it was done" in text_of(admin.get(request))


def test_money_above_the_limit_waits_and_is_withdrawn(
    world: World, alpha: Seat, admin: Client
) -> None:
    world.a_line_without_card(alpha, name="Ana")
    row = re.search(r"/subscribers/[0-9a-f-]{36}/", admin.get("/subscribers/").content.decode())
    assert row is not None
    admin.post(
        "/approvals/rules/wallet.top_up/", {"is_on": "yes", "above": "100", "valid_hours": "5"}
    )

    small = admin.post(f"{row[0]}top_up_wallet/", {"amount": "100", "way": "cash", "key": "a"})
    large = admin.post(f"{row[0]}top_up_wallet/", {"amount": "100.01", "way": "cash", "key": "b"})
    admin.post(f"{large['Location']}withdraw/")

    assert small["Location"] == row[0]
    assert "you" in text_of(admin.get("/approvals/"))
    assert "nothing was done" in text_of(admin.get(large["Location"]))


def test_a_viewer_finds_no_personal_field_on_any_page(
    world: World, alpha: Seat, admin: Client
) -> None:
    (card,) = world.cards(alpha, 1)
    line = world.an_active_line(alpha, card, name="Ana", msisdn="46701234567")
    world.told(alpha, line)
    admin.post(
        "/subscribers/new/",
        {"name": "Eva", "party": "person", "email": "eva@hidden.example", "phone": "+46709999999"},
    )
    viewer = logged_in(alpha.viewer)
    pages = ["/", "/lines/", f"/lines/{line}/", f"/sims/{card}/", "/sims/", "/subscribers/"]
    pages += ["/numbers/", "/messages/", "/activity/", "/search/?q=Ana", "/search/?q=Eva"]

    for page in pages:
        shown = viewer.get(page, follow=True).content.decode()
        assert "46701234567" not in shown, page
        assert "hidden.example" not in shown, page
        assert "46709999999" not in shown, page
    assert "46•••••••67" in text_of(viewer.get("/lines/"))
    assert "46701234567" in text_of(admin.get("/lines/"))
