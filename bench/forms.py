"""Copies of the source, interpreted and compiled, so that both forms can take turns.

The tree itself stays as it is, whatever compiled modules may lie in it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
_NO_LIBRARIES = shutil.ignore_patterns("*.so", "__pycache__")


def interpreted_into(folder: Path) -> Path:
    """A copy without any compiled module; returns where the package is found."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=_NO_LIBRARIES)
    return folder / "src"


def compile_into(folder: Path) -> Path:
    """A copy with its compiled modules. Raises CalledProcessError where there is no compiler."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    source = interpreted_into(folder)
    environment = {k: v for k, v in os.environ.items() if k != "WISPGATE_NO_COMPILE"}
    command = [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"]
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    if not any(source.rglob("*.so")):
        raise subprocess.CalledProcessError(1, command)
    return source


def sources(folder: Path, *, is_compiling: bool = True) -> dict[str, Path]:
    """The package in each form."""
    found = {"interpreted": interpreted_into(folder / "interpreted")}
    if is_compiling:
        found["compiled"] = compile_into(folder / "compiled")
    return found
