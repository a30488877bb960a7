"""Seeded keys, codes, passwords and tokens are looked for wherever they could have leaked to."""

import base64
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from psycopg import sql

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, iccid, imsi
from wispgate.business.staff import services as staff
from wispgate.web.console.rail import RAIL

HEADER = "iccid,imsi,ki,opc,pin1,puk1,adm1"
PASSWORD = "a password that nobody else has 8152"


class Seeds:
    """Secrets of two cards, a login and a token: random, so that nothing else looks like them."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {"password": PASSWORD}

    def card_row(self, number: int) -> str:
        card = {
            "ki": secrets.token_hex(16),
            "opc": secrets.token_hex(16),
            "pin1": f"{secrets.randbelow(10**8):08d}",
            "puk1": f"{secrets.randbelow(10**8):08d}",
            "adm1": secrets.token_hex(8),
        }
        self.by_name |= {f"{name} of card {number}": value for name, value in card.items()}
        return ",".join([iccid(number), imsi(number), *card.values()])

    def needles(self) -> Iterator[tuple[str, bytes]]:
        """Each secret in all the forms that it could have taken."""
        for name, value in self.by_name.items():
            forms = {value.encode(), value.lower().encode(), value.upper().encode()}
            raw = [value.encode()]
            if len(value) % 2 == 0 and all(c in "0123456789abcdef" for c in value):
                raw.append(bytes.fromhex(value))
            for octets in raw:
                forms |= {octets.hex().encode(), octets.hex().upper().encode()}
                # The middle of base64, whatever stood before: at three offsets.
                for offset in range(3):
                    coded = base64.b64encode(b"\x00" * offset + octets)
                    forms.add(coded[4 if offset else 0 : -4])
            forms |= {form for octets in raw if len(octets) > 8 for form in (octets,)}
            yield from ((name, form) for form in forms if len(form) >= 6)

    def found_in(self, haystack: bytes) -> set[str]:
        return {name for name, needle in self.needles() if needle in haystack}


@pytest.fixture
def seeds() -> Seeds:
    return Seeds()


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    """Where anything that is written to a temporary file would be."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    settings.FILE_UPLOAD_TEMP_DIR = str(folder)
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def dump(database: TestDatabase) -> bytes:
    """Every row of every table, as a backup would have it."""
    whole = b""
    with database.admin() as admin:
        tables = admin.execute(
            "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)'"
        ).fetchall()
        assert len(tables) > 40
        for schema, name in tables:
            copy = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(schema, name))
            with admin.cursor().copy(copy) as rows:
                whole += b"".join(bytes(piece) for piece in rows)
    return whole


def a_file(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows, ""]).encode()


def import_over_rest(api: Any, seeds: Seeds) -> bytes:
    """A good file; and files that are wrong in every way that makes an error tell something."""
    good = a_file(seeds.card_row(1))
    answers = [api.upload("/sims/import?name=rest", good), api.upload("/sims/import", good)]
    assert [answer.status for answer in answers] == [201, 201]
    wrong = seeds.card_row(3).split(",")
    for column in range(2, 7):
        broken = [*wrong]
        broken[column] = "zz" + broken[column]
        seeds.by_name[f"broken {column}"] = broken[column]
        answers.append(api.upload("/sims/import", a_file(",".join(broken))))
    answers.append(api.upload("/sims/import", a_file(",".join(reversed(wrong)))))
    answers.append(api.upload("/sims/import", a_file(*wrong)))
    answers.append(api.post("/sims/import", {"ki": wrong[2], "opc": wrong[3]}))
    return b"".join(answer.content for answer in answers)


def log_in(world: World) -> Client:
    with world.as_platform():
        staff.create_staff(
            email="ada@north.example", name="Ada", role="admin", password=PASSWORD, operator="north"
        )
    browser = Client()
    wrong = browser.post("/login/", {"email": PASSWORD, "password": PASSWORD})
    assert wrong.status_code == 200
    entered = browser.post("/login/", {"email": "ada@north.example", "password": PASSWORD})
    assert entered.status_code == 302
    return browser


def import_by_console(browser: Client, seeds: Seeds) -> bytes:
    """More than fits a small buffer, so that it would be written to a file if anything would."""
    content = a_file(seeds.card_row(2)) + b"\n" * 3_000_000
    pages = []
    digest = ""
    for step in ("check", "import"):
        file = SimpleUploadedFile("cards.csv", content, content_type="text/csv")
        form = {"name": "console", "step": step, "digest": digest, "file": file}
        answer = browser.post(reverse("console:sim_import"), form)
        pages.append(answer.content)
        checked = answer.context and answer.context.get("checked")
        digest = checked.digest if checked else ""
    return b"".join(pages)


def look_at_everything(browser: Client, api: Any, line: str) -> bytes:
    names = [reverse(f"console:{item.page}") for _, items in RAIL for item in items]
    pages = [*names, f"/sims/{iccid(1)}/", f"/sims/{iccid(2)}/", f"/sims/{iccid(1)}/trace/"]
    pages += [f"/lines/{line}/", f"/sims/{iccid(2)}/swap/", "/activity/export.jsonl"]
    pages += ["/activity/export.csv", f"/search/?q={imsi(1)}"]
    calls = ["/sims", f"/sims/{iccid(1)}", f"/sims/{iccid(1)}/trace", "/audit", "/audit/export"]
    calls += [f"/lines/{line}", f"/subscriptions/{line}", "/audit/export?form=csv", "/openapi.json"]
    shown = [browser.get(page, follow=True) for page in pages]
    answered = [api.get(call) for call in calls]
    # Some pages are the platform's own: their refusal is looked through as well.
    assert {page.status_code for page in shown} <= {200, 403}
    assert {answer.status for answer in answered} == {200}
    return b"".join([*(page.content for page in shown), *(one.content for one in answered)])


def test_no_secret_is_found_outside_the_vault(
    world: World, database: TestDatabase, seeds: Seeds, uploads: Path, capfd: Any
) -> None:
    api = world.client()
    seeds.by_name["token"] = api.token
    told = import_over_rest(api, seeds)
    browser = log_in(world)
    told += import_by_console(browser, seeds)
    subscriber = api.post("/subscribers", {"name": "Ada"}, Idempotency_Key="k1").json["id"]
    line = api.post("/subscriptions", {"subscriber_id": subscriber}).json["id"]
    for verb, body in (("assign-sim", {"iccid": iccid(1)}), ("activate", None)):
        assert api.post(f"/subscriptions/{line}/{verb}", body).status == 200
    api.post(f"/subscriptions/{line}/swap-sim", {"iccid": iccid(2)})
    sealing.seal_all(database, world.clock.now())

    pages = look_at_everything(browser, api, line)
    rows = dump(database)
    written = capfd.readouterr()
    files = b"".join(path.read_bytes() for path in uploads.rglob("*") if path.is_file())

    places = {
        "answers": told,
        "pages": pages,
        "database": rows,
        "logs": (written.out + written.err).encode(),
        "files": files,
    }
    leaks = {place: seeds.found_in(content) for place, content in places.items()}
    assert {place: names for place, names in leaks.items() if names} == {}
    # The control: what is no secret is found by the same search.
    known = Seeds()
    known.by_name = {"imsi": imsi(2)}
    assert known.found_in(pages) == known.found_in(rows) == {"imsi"}
    assert len(seeds.by_name) > 15


def test_the_search_finds_a_secret_in_whatever_form(seeds: Seeds) -> None:
    seeds.card_row(1)
    name, key = next((n, v) for n, v in seeds.by_name.items() if n.startswith("ki"))
    raw = bytes.fromhex(key)
    forms = [
        key.encode(),
        key.upper().encode(),
        raw,
        base64.b64encode(raw),
        key.encode().hex().encode(),
    ]
    forms.append(base64.b64encode(b'{"k": "' + key.encode() + b'"}'))

    assert all(name in seeds.found_in(b"before " + form + b" after") for form in forms)
