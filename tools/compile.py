"""Compiles the hot modules beside their sources, where that is possible; says why where it is not.

    python tools/compile.py --venv .venv --stamp build/compiled
    python tools/compile.py --forget-stale --stamp build/compiled

`make run` runs it after each change of the sources. It never fails: everything runs without it.
mypy and setuptools are taken from the environment of `--venv` if it has them (that of a developer
has), else installed into a folder of their own, `build/compiler`, from `requirements/build.lock`.
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "src"
COMPILER: Final = ROOT / "build" / "compiler"
LOCK: Final = ROOT / "requirements" / "build.lock"


class NotPossible(Exception):
    """Why the modules stay interpreted."""


def remove_compiled() -> None:
    """A compiled module hides its source: those of before the change go first."""
    for library in SOURCE.rglob("*.so"):
        library.unlink()


def is_stale() -> bool:
    """Whether a source was changed after it was compiled."""
    for library in SOURCE.rglob("*.so"):
        source = library.with_name(library.name.split(".")[0] + ".py")
        if source.exists() and source.stat().st_mtime > library.stat().st_mtime:
            return True
    return False


def find_compiler() -> None:
    """Raises NotPossible where there is no C compiler, no header of Python, or no wish."""
    if os.environ.get("WISPGATE_NO_COMPILE"):
        raise NotPossible("WISPGATE_NO_COMPILE is set")
    names = [os.environ["CC"].split()[0]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    if not any(shutil.which(name) for name in names):
        raise NotPossible(f"no C compiler ({' or '.join(names)})")
    header = Path(sysconfig.get_path("include")) / "Python.h"
    if not header.exists():
        raise NotPossible(f"no {header} (Debian and Ubuntu: apt install python3-dev)")


def find_python(venv: Path) -> Path:
    """An interpreter that has mypy and setuptools. Raises NotPossible."""
    own, other = (folder / "bin" / "python" for folder in (venv, COMPILER))
    for python in (own, other):
        if python.exists() and _run([python, "-c", "import mypyc, setuptools"]).is_good:
            return python
    pip = [other, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [
        [sys.executable, "-m", "venv", "--clear", COMPILER],
        [*pip, "--only-binary", ":all:", "--require-hashes", "-r", LOCK],
    ]
    for step in steps:
        done = _run(step)
        if not done.is_good:
            raise NotPossible(f"mypy cannot be installed: {done.last_line}")
    return other


def compile_with(python: Path) -> None:
    """Raises NotPossible with the last words of the compiler."""
    done = _run([python, "setup.py", "--quiet", "build_ext", "--inplace"])
    if not any(SOURCE.rglob("*.so")):
        raise NotPossible(done.last_line)


class _Done(NamedTuple):
    is_good: bool
    last_line: str


def _run(command: list[str | Path]) -> _Done:
    done = subprocess.run(
        command, cwd=ROOT, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    lines = done.stdout.strip().splitlines() or [f"exit code {done.returncode}"]
    return _Done(done.returncode == 0, lines[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--stamp", type=Path, required=True)
    parser.add_argument("--forget-stale", action="store_true", help="remove what is out of date")
    options = parser.parse_args()
    if options.forget_stale:
        if is_stale():
            remove_compiled()
            options.stamp.unlink(missing_ok=True)
        return
    remove_compiled()
    try:
        find_compiler()
        print("compiling the hot modules, half a minute", flush=True)
        compile_with(find_python(options.venv))
        result = "compiled"
    except NotPossible as reason:
        print(f"the hot modules stay interpreted: {reason}")
        result = f"interpreted: {reason}"
    options.stamp.parent.mkdir(parents=True, exist_ok=True)
    options.stamp.write_text(f"{result}\n")


if __name__ == "__main__":
    main()
