"""The audit taken away, and proved elsewhere by the few lines that the guide shows."""

import csv
import io
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World

GUIDE = Path(__file__).parents[2] / "docs" / "howto" / "audit.md"


@pytest.fixture
def exported(world: World, database: TestDatabase, tmp_path: Path) -> Path:
    """North's audit as JSON lines, all of it sealed, with an umlaut and a formula in it."""
    world.subscriber('=HYPERLINK("http://evil") Ömer\u2028\n')
    world.line(1)
    sealing.seal_all(database, world.clock.now())
    path = tmp_path / "audit.jsonl"
    path.write_bytes(world.client().get("/audit/export").content)
    return path


def prove(folder: Path, path: Path) -> subprocess.CompletedProcess[str]:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    (folder / "prove.py").write_text(found[1])
    (folder / "seal.pem").write_text(sealing.KEY.verifying_key.to_pem())
    command = [sys.executable, str(folder / "prove.py"), str(folder / "seal.pem"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_an_export_is_proved_by_the_guides_own_lines(exported: Path, tmp_path: Path) -> None:
    done = prove(tmp_path, exported)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "proved"
    assert exported.read_text().count('"kind": "row"') > 10


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("ada@north.example", "eve@north.example"), ('"rows_before": 0', '"rows_before": 1')],
)
def test_an_export_that_was_edited_is_not_proved(
    exported: Path, tmp_path: Path, was: str, becomes: str
) -> None:
    text = exported.read_text()
    assert was in text
    exported.write_text(text.replace(was, becomes, 1))

    assert prove(tmp_path, exported).returncode != 0


def test_what_is_exported_for_spreadsheets_runs_nothing(world: World) -> None:
    world.subscriber("=1+1")
    with world.as_staff(reason="=cmd|' /C calc'!A0"):
        from wispgate.business.crm import services as crm  # noqa: PLC0415

        crm.create_subscriber(name="x")

    text = world.client().get("/audit/export?form=csv").content.decode()

    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) >= 3
    assert {cell for row in rows for cell in row.values() if cell.startswith(("=", "@"))} == set()
    assert any(row["reason"] == "'=cmd|' /C calc'!A0" for row in rows)


def test_exporting_is_an_entry_and_needs_its_permission(world: World) -> None:
    assert world.client("viewer").get("/audit/export").status == 403

    world.client().get("/audit/export")

    items = world.client().get("/audit?action=read").json["items"]
    assert [one["message"] for one in items] == ["exported the audit as jsonl"]


def test_entries_are_found_by_who_what_when_and_words(world: World) -> None:
    world.subscriber("Grace Hopper")
    world.clock.advance(days=3)
    world.subscriber("Ada Lovelace")
    api = world.client()

    def found(query: str) -> int:
        return len(api.get(f"/audit?object_type=crm_contact&{query}").json["items"])

    assert found("text=hopper") == 1
    assert found("who=ada@north") == 2
    assert found("who=192.0.2.7") == 2
    assert found("who=nobody") == 0
    assert found("since=2026-03-03T00:00:00Z") == 1
    assert found("until=2026-03-03T00:00:00Z") == 1
    assert found("action=delete") == 0


def test_retention_is_set_over_rest_and_too_little_is_refused_and_audited(world: World) -> None:
    api = world.client()

    refused = api.post("/audit/retention", {"keep_days": 30})
    done = api.post("/audit/retention", {"keep_days": 400, "reason": "policy 7"})

    assert (refused.status, refused.json["code"]) == (409, "kept_too_short")
    assert done.json == {"keep_days": 400, "minimum_days": 365}
    assert api.get("/audit/retention").json["keep_days"] == 400
    assert len(api.get("/audit?action=refused").json["items"]) == 1
