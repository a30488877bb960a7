"""Acts over many lines: chosen in the list or by a file, previewed, followed, stopped, reported."""

from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.approvals import services as approvals
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import mass


def three_lines(world: World, seat: Seat) -> list[UUID]:
    cards = world.cards(seat, 3)
    return [
        world.an_active_line(seat, card, name=f"Customer {n}", msisdn=f"4670100000{n}")
        for n, card in enumerate(cards)
    ]


def work_all(world: World) -> None:
    while mass.work_off(world.clock.now()):
        pass


def chosen(admin: Client, *line_ids: UUID, **more: str) -> str:
    """The address of what was chosen."""
    answer = admin.post("/mass-acts/_choose/", {"line": [str(one) for one in line_ids], **more})
    assert answer.status_code == 302, text_of(answer)
    return str(answer["Location"])


def sent(admin: Client, content: str, name: str = "lines.csv") -> HttpResponse:
    file = SimpleUploadedFile(name, content.encode(), content_type="text/csv")
    return admin.post("/mass-acts/_file/", {"file": file})


def test_ticked_lines_are_previewed_done_and_reported(world: World, alpha: Seat, admin: Client):
    lines = three_lines(world, alpha)
    admin.post(f"/lines/{lines[0]}/suspend/", {"reason": "fraud", "kind": "hard"})

    home = chosen(admin, *lines)
    draft = text_of(admin.get(home))
    asked = text_of(admin.get(f"{home}suspend/?reason=fraud&kind=hard"))
    untouched = text_of(admin.get(f"/lines/{lines[1]}/"))
    begun = admin.post(f"{home}suspend/", {"reason": "fraud", "kind": "hard", "note": "raid"})
    waiting = text_of(admin.get(home))
    work_all(world)
    done = text_of(admin.get(home))
    report = admin.get(f"{home}report.csv")

    assert "What is to be done to 3 lines?" in draft
    assert "Suspend 2 lines" in asked
    assert "1 line will be refused and left as it is: suspended for that reason already." in asked
    assert "Nothing is charged or credited." in asked
    assert "Each subscriber gets a message that says so." in asked
    assert "Suspended" not in untouched
    assert begun["Location"] == home
    assert "Waits for its turn: 0 done, 0 refused, 3 left." in waiting
    assert "2 done, 1 refused." in done
    assert "Customer 0" in done
    assert "suspended for fraud" in done.lower()
    assert "raid" in done
    rows = report.content.decode().splitlines()
    assert rows[0] == "row,line_id,msisdn,iccid,outcome,code,why"
    assert sorted(row.split(",")[4] for row in rows[1:]) == ["done", "done", "refused"]
    assert "attachment" in report["Content-Disposition"]
    assert "Suspend: 3 lines" in text_of(admin.get("/mass-acts/"))


def test_all_lines_that_a_filter_shows_are_chosen(world: World, alpha: Seat, admin: Client):
    three_lines(world, alpha)
    assert "Act on all 3 active lines…" in text_of(admin.get("/lines/?state=active"))

    found = text_of(admin.get(chosen(admin, all="yes", state="active", q="Customer 1")))
    nothing = admin.post("/mass-acts/_choose/", {"all": "yes", "q": "Nobody"})
    unticked = admin.post("/mass-acts/_choose/", {})
    forged = admin.post("/mass-acts/_choose/", {"line": "no-id"})

    assert "1 line chosen" in found
    assert "all active lines that match “Customer 1”" in found
    assert (nothing.status_code, unticked.status_code, forged.status_code) == (409, 409, 409)
    assert "no line is ticked" in text_of(unticked).lower()


def test_a_file_chooses_lines_or_says_which_rows_are_wrong(
    world: World, alpha: Seat, admin: Client
):
    lines = three_lines(world, alpha)
    good = f"msisdn\n+46 70 100 00 00\n46701000001\n\n{lines[2]}\n"
    bad = f"46701000000\nwhat\n46709999999\n=cmd\n{lines[0]}\n"

    refused = sent(admin, bad)
    zipped = sent(admin, "PK\x03\x04")
    taken = sent(admin, good)

    told = text_of(refused)
    assert refused.status_code == 409
    assert "4 errors" in told
    assert "2 identifier what neither an MSISDN nor an ICCID nor the id of a line" in told
    assert "3 MSISDN 46709999999 no line of yours has this MSISDN" in told
    assert "5 line id" in told
    assert "the same line as in row 1" in told
    assert "a ZIP archive" in text_of(zipped)
    assert "3 lines chosen" in text_of(admin.get(taken["Location"]))
    assert "file lines.csv" in text_of(admin.get(taken["Location"]))


def test_an_act_is_stopped_and_goes_on_and_a_choice_is_forgotten(
    world: World, alpha: Seat, admin: Client
):
    lines = three_lines(world, alpha)
    home = chosen(admin, *lines)
    admin.post(f"{home}restrict/", {"profile": "no_data", "reason": "overdue"})
    mass.work_off(world.clock.now(), batch=1)

    under_way = text_of(admin.get(home))
    admin.post(f"{home}stop/")
    work_all(world)
    stopped = text_of(admin.get(home))
    again = admin.post(f"{home}stop/")
    admin.post(f"{home}go_on/")
    work_all(world)
    done = text_of(admin.get(home))
    other = chosen(admin, lines[0])
    admin.post(f"{other}discard/")
    late = admin.post(f"{other}suspend/", {"reason": "fraud", "kind": "hard"})

    assert "1 done, 0 refused, 2 left." in under_way
    assert "1 done, 0 refused, 2 left as they are." in stopped
    assert again.status_code == 409
    assert "3 done, 0 refused." in done
    assert "Restricted" in text_of(admin.get(f"/lines/{lines[2]}/"))
    assert late.status_code == 409
    assert "Forgotten" in text_of(admin.get(other))


def test_what_is_wrong_with_what_is_asked_is_said_by_field(
    world: World, alpha: Seat, admin: Client
):
    home = chosen(admin, three_lines(world, alpha)[0])

    answers = [
        admin.get(f"{home}{asked}")
        for asked in (
            "restrict/?profile=slow&reason=overdue&speed_down=fast&speed_up=1 Mbit/s",
            "restrict/?profile=walled_garden&reason=overdue&page=x",
            "suspend/?reason=boredom&kind=hard",
            "change_plan/?plan=none",
        )
    ]

    faults = [{field.name for field in a.context["fields"] if field.error} for a in answers]
    assert faults == [{"speed_down"}, {"page"}, {"reason"}, {"plan"}]
    nothing = text_of(admin.get(f"{home}resume/?reason=fraud"))
    assert "No line would take it: there is nothing to do." in nothing


def test_with_four_eyes_the_act_waits_in_the_inbox_and_begins_when_approved(
    world: World, alpha: Seat, admin: Client
):
    lines = three_lines(world, alpha)
    with scopes.within(world.tenant(alpha)):
        approvals.set_rule(mass.MASS, is_on=True)
    second = logged_in(world.a_member("second@alpha.example", "admin", "alpha"))
    home = chosen(admin, *lines)

    asked = admin.post(f"{home}suspend/", {"reason": "fraud", "kind": "hard"}, follow=True)
    before = text_of(admin.get(home))
    second.post(f"{asked.redirect_chain[-1][0]}approve/", {"note": "fine"})
    work_all(world)
    after = text_of(admin.get(home))

    assert (
        "Suspend 3 lines: asked for. Nothing is done until somebody else approves it."
        in text_of(asked)
    )
    assert "What is to be done to 3 lines?" in before
    assert "3 done, 0 refused." in after
    assert "Asked by admin@alpha.example" in after
    assert "Approved by second@alpha.example" in after


def test_somebody_elses_acts_and_lines_are_not_there(world: World, alpha: Seat, admin: Client):
    home = chosen(admin, three_lines(world, alpha)[0])
    beta = world.an_operator("beta", name="Beta", range_="001011")
    stranger = logged_in(beta.admin)

    assert stranger.get(home).status_code == 404
    assert stranger.get(f"{home}report.csv").status_code == 404
    assert "No mass acts yet" in text_of(stranger.get("/mass-acts/"))
    assert sent(stranger, "46701000000\n").status_code == 409
    assert admin.get("/mass-acts/no-act/").status_code == 404
    assert admin.get(f"{home}explode/").status_code == 404
