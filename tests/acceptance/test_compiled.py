"""Both forms of the hot modules are one: what the tests say of the source holds of the compiled."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench.forms import ROOT, compile_into
from tools.compile import NotPossible, find_compiler

# The codec against its generic twin, the brief against the translation, answers, rows of a batch.
SUITES = (
    "tests/unit/wire/diameter/hot",
    "tests/unit/network/ocs",
    "tests/unit/store/test_charging_batch.py",
)


@pytest.fixture
def compiled_source(tmp_path: Path) -> Path:
    """A copy of the source with its modules compiled."""
    if find_spec("mypyc") is None:
        pytest.skip("mypy is not installed")
    try:
        find_compiler()
    except NotPossible as reason:
        pytest.skip(str(reason))
    return compile_into(tmp_path)


def run(source: Path, *arguments: str) -> str:
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_compiled_form_passes_the_tests_of_the_source(compiled_source: Path) -> None:
    asking = "from wispgate.wire.diameter.hot.form import form; print(form())"
    path = f"pythonpath={compiled_source} {ROOT}"

    form = run(compiled_source, "-P", "-c", asking)
    tests = run(compiled_source, "-m", "pytest", "-q", "-o", path, *SUITES)

    assert form == "compiled\n"
    assert " passed" in tests
