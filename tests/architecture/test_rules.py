"""Rules of the whole that no single file can see."""

import ast
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import django
import pytest

import wispgate
from wispgate.business.staff.permissions import CATALOGUE, SUBJECTS
from wispgate.kernel.errors import WispgateError

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
MAX_FUNCTION_LINES = 60
MAX_FILE_LINES = 600
# Split, so that this file keeps its own rule.
# An index may be left out of a lock file by name, and nothing else.
FORBIDDEN = re.compile("/wo" + "rk/|\\.\\./sha" + "red|(?<!--no-emit-)index" + "-url")
# Programs that servers load; importing them starts them.
RUN_ON_IMPORT = ("__main__", ".wsgi")
# What git keeps, plus what it would: never what a run leaves behind.
SOURCE_SUFFIXES = {
    "", ".py", ".sql", ".md", ".toml", ".txt", ".in", ".lock", ".json", ".jsonl", ".yaml", ".yml",
    ".html", ".css", ".js", ".svg", ".csv", ".cfg", ".sh", ".typ",
}  # fmt: skip


def module_names() -> list[str]:
    """All modules but migrations, whose names are no identifiers' and which Django loads."""
    found = [
        module.name
        for module in pkgutil.walk_packages(wispgate.__path__, "wispgate.", onerror=str)
        if ".migrations" not in module.name and not module.name.endswith(RUN_ON_IMPORT)
    ]
    assert len(found) > 50
    return found


def source_files() -> list[Path]:
    files = sorted((SOURCE / "wispgate").rglob("*.py"))
    assert len(files) > 50
    return files


def every_error() -> set[type[WispgateError]]:
    django.setup()
    for name in module_names():
        importlib.import_module(name)
    return set(descendants_of(WispgateError))


def descendants_of(kind: type[WispgateError]) -> Iterator[type[WispgateError]]:
    for child in kind.__subclasses__():
        if child.__module__.startswith("wispgate."):
            yield child
        yield from descendants_of(child)


def test_no_two_errors_share_a_code() -> None:
    errors = every_error() | {WispgateError}

    owners: dict[str, set[str]] = defaultdict(set)
    for error in errors:
        if "code" in vars(error):
            owners[error.code].add(f"{error.__module__}.{error.__qualname__}")

    assert len(errors) > 40
    assert {code: names for code, names in owners.items() if len(names) > 1} == {}


def test_every_error_has_a_code_of_its_own() -> None:
    nameless = {
        f"{error.__module__}.{error.__qualname__}"
        for error in every_error()
        if "code" not in vars(error)
    }

    assert nameless == set()


def test_imports_go_down_only_and_every_package_is_placed() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "0 broken" in done.stdout


def kept_files() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip("no git here: what belongs to the repository is not known")
    paths = [ROOT / line for line in done.stdout.splitlines()]
    return [p for p in paths if p.suffix in SOURCE_SUFFIXES and p.is_file() and not p.is_symlink()]


def test_no_file_names_what_only_its_makers_have() -> None:
    files = kept_files()

    found = {
        f"{path.relative_to(ROOT)}: {word}"
        for path in files
        for word in FORBIDDEN.findall(path.read_text(encoding="utf-8", errors="replace"))
    }

    assert len(files) > 200
    assert found == set()


def test_no_function_is_too_long_to_read() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}": length
        for path in source_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > MAX_FUNCTION_LINES
    }

    assert long == {}


def test_no_file_is_too_long_to_know() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in source_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_FILE_LINES
    }

    assert long == {}


def asked_for() -> dict[str, str]:
    """Every permission that code asks for by its name, and a place that does."""
    asks = re.compile(
        r"""(?:BearerToken|page|may|require|working_on)\(\s*(?:\w+,\s*)?"(\w+\.\w+)"|"""
        r"""permission="(\w+\.\w+)"|RailItem\([^)]*"(\w+\.\w+)"\)"""
    )
    return {
        name: str(path.relative_to(ROOT))
        for path in source_files()
        for groups in asks.findall(path.read_text(encoding="utf-8"))
        for name in groups
        if name
    }


def test_every_permission_that_code_asks_for_is_in_the_catalogue() -> None:
    found = asked_for()

    assert len(found) > 30
    assert {name: at for name, at in found.items() if name not in CATALOGUE} == {}
    assert {one.subject for one in CATALOGUE.values()} == set(SUBJECTS)
