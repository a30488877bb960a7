"""Compiles what each request runs through with mypyc where that is possible; all runs without it.

Metadata is in pyproject.toml. `python setup.py build_ext --inplace` puts the compiled modules
beside their sources; WISPGATE_NO_COMPILE=1 leaves the compiler alone.
"""

import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, LinkError, PlatformError

_SOURCE = "src/wispgate"
# One unit: calls between these modules are calls between C functions.
_HOT = [
    *(
        f"wire/diameter/{name}"
        for name in (
            "types",
            "header",
            "framing",
            "avp",
            "message",
            "validation",
            "answers",
            "hot/frame",
            "hot/leftovers",
            "hot/request",
            "hot/subscriber",
            "hot/units",
            "hot/policy",
            "hot/credit_control",
            "hot/gx",
            "hot/s6a",
            "hot/answers",
            "hot/grants",
            "hot/vectors",
            "hot/watchdog",
        )
    ),
    "network/ocs/brief",
    "network/ocs/foreseen",
    "network/ocs/stored",
    "store/charging_batch",
]


class AllOrNothing(build_ext):
    """The modules share one library: where one cannot be compiled, all stay as they are."""

    def build_extensions(self) -> None:
        try:
            super().build_extensions()
        except (CompileError, LinkError, PlatformError, OSError) as error:
            _stay_interpreted(error)
            self.extensions = []


def _stay_interpreted(reason: object) -> None:
    print(f"the hot modules stay interpreted: {reason}", file=sys.stderr)  # noqa: T201


def compiled_modules() -> list[Extension]:
    """The modules in C, or none where they are not wanted or mypyc is missing or refuses."""
    if os.environ.get("WISPGATE_NO_COMPILE"):
        return []
    sources = [f"{_SOURCE}/{name}.py" for name in _HOT]
    try:
        from mypyc.build import mypycify  # noqa: PLC0415

        options = [
            "--config-file=",
            "--strict",
            "--ignore-missing-imports",
            "--python-version=3.11",
        ]
        return list(mypycify([*options, *sources]))
    except (Exception, SystemExit) as error:  # noqa: BLE001 (an installation must not fail of it)
        _stay_interpreted(repr(error))
        return []


setup(ext_modules=compiled_modules(), cmdclass={"build_ext": AllOrNothing})
