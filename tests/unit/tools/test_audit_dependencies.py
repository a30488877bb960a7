import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def tool() -> ModuleType:
    path = ROOT / "tools" / "audit_dependencies.py"
    spec = importlib.util.spec_from_file_location("audit_dependencies", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_our_own_locks_are_exact_and_have_hashes(
    tool: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WISPGATE_ADVISORIES", raising=False)
    locks = [str(ROOT / "requirements" / name) for name in ("run.lock", "dev.lock")]

    assert tool.main(locks) == 0
    assert "known holes: skipped" in capsys.readouterr().out


def test_what_is_not_exact_or_has_no_hash_is_named(tool: ModuleType) -> None:
    text = "good==1.0 \\\n    --hash=sha256:aa\n# a comment\nloose>=2\nbare==3 ; python_version > '3'\n"

    pinned, wrong = tool.read_lock(text)

    assert pinned == {"good": "1.0"}
    assert wrong == ["not an exact version: loose>=2", "no hash: bare"]


def test_a_known_hole_is_named_unless_withdrawn(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    lock = tmp_path / "x.lock"
    lock.write_text("Some_Package==1.0 --hash=sha256:aa\n")
    affected = [
        {"package": {"ecosystem": "PyPI", "name": "some-package"}, "versions": ["0.9", "1.0"]}
    ]
    hole = {"id": "PYSEC-1", "summary": "bad", "affected": affected}
    (tmp_path / "a.json").write_text(json.dumps([hole, {**hole, "id": "W", "withdrawn": "2026"}]))
    monkeypatch.setenv("WISPGATE_ADVISORIES", str(tmp_path))

    assert tool.main([str(lock)]) == 1

    assert "wrong: some-package 1.0: PYSEC-1 bad" in capsys.readouterr().out
