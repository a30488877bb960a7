"""Importing SIMs: checked first, then taken; what is wrong is told by row."""

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.unit.web.console.conftest import text_of
from tests.unit.web.console.world import Seat, World, iccid
from wispgate.web.console import reads

KI, OPC = "465b5ce8b199b49faa5f0a2ee238a6bc", "cd63cb71954a9f4e48a5994e37a02baf"


def test_the_check_tells_what_would_come_and_takes_nothing(
    world: World, alpha: Seat, admin: Client
):
    answer = checked(admin, a_file(alpha, 3))

    assert "3 new SIMs. Nothing is wrong with the file." in text_of(answer)
    assert "Import 3 SIMs" in text_of(answer)
    assert "No SIMs yet" in text_of(admin.get("/sims/"))


def test_a_checked_file_is_imported(world: World, alpha: Seat, admin: Client):
    content = a_file(alpha, 3)
    digest = checked(admin, content).context["checked"].digest

    answer = imported(admin, content, digest)

    assert "Imported 3 SIMs as batch 7." in text_of(answer)
    assert "1 to 3 of 3" in text_of(answer)


def test_another_file_than_the_checked_one_is_refused(world: World, alpha: Seat, admin: Client):
    digest = checked(admin, a_file(alpha, 3)).context["checked"].digest

    answer = imported(admin, a_file(alpha, 4), digest)

    assert "This is not the file that was checked" in text_of(answer)
    assert "No SIMs yet" in text_of(admin.get("/sims/"))


def test_a_wrong_row_names_column_value_and_rule(world: World, alpha: Seat, admin: Client):
    content = a_file(alpha, 2) + f"\n{iccid(alpha, 9)},26201000000009,{KI},{OPC}".encode()

    page = text_of(checked(admin, content))

    assert "4 imsi 26201000000009 no IMSI range of this operator holds it" in page
    assert "Nothing was taken." in page


def test_no_key_of_a_refused_file_is_shown(world: World, alpha: Seat, admin: Client):
    content = f"iccid,imsi,ki,opc\n{iccid(alpha, 1)},001010000000001,{KI}ff,{OPC}".encode()

    page = checked(admin, content).content.decode()

    assert KI not in page
    assert "hidden" in page


def test_a_file_imported_again_brings_nothing(world: World, alpha: Seat, admin: Client):
    content = a_file(alpha, 3)
    imported(admin, content, checked(admin, content).context["checked"].digest)

    page = text_of(checked(admin, content))

    assert "All 3 SIMs of this file are in stock already." in page


def test_htmx_gets_the_report_alone(world: World, alpha: Seat, admin: Client):
    answer = checked(admin, a_file(alpha, 1), HTTP_HX_REQUEST="true")

    assert "<html" not in answer.content.decode()
    assert "Import 1 SIM" in answer.content.decode()


def test_a_form_without_a_file_says_so(alpha: Seat, admin: Client):
    answer = admin.post("/sims/import/", {"step": "check", "name": "x"})

    assert "Choose a file." in text_of(answer)


def test_what_is_no_text_is_refused_in_words(alpha: Seat, admin: Client):
    assert "the file is no text in UTF-8" in text_of(checked(admin, b"\xff\xfe\x00\x81"))


def test_a_viewer_may_not_import(alpha: Seat, viewer: Client):
    assert checked(viewer, a_file(alpha, 1)).status_code == 403
    assert viewer.get("/sims/import/").status_code == 403


def test_a_refused_import_is_in_the_timeline(world: World, alpha: Seat, admin: Client):
    imported(admin, a_file(alpha, 1), "0" * 64)

    assert "this is not the file that was checked" in text_of(admin.get("/activity/"))


def test_suspensions_have_reasons_in_words():
    assert ("overdue", "overdue invoice") in reads.suspension_reasons()


def a_file(seat: Seat, count: int) -> bytes:
    numbers = range(1, count + 1)
    rows = [f"{iccid(seat, n)},001010{n:09},{KI},{OPC}" for n in numbers]
    return "\n".join(["iccid,imsi,ki,opc", *rows]).encode()


def checked(client: Client, content: bytes, **headers: str):
    return _posted(client, content, "check", "", headers)


def imported(client: Client, content: bytes, digest: str):
    return _posted(client, content, "import", digest, {})


def _posted(client: Client, content: bytes, step: str, digest: str, headers: dict[str, str]):
    given = {"step": step, "name": "batch 7", "digest": digest}
    given["file"] = SimpleUploadedFile("cards.csv", content)  # type: ignore[assignment]  # a form's value
    return client.post("/sims/import/", given, follow=True, **headers)
