"""Which form of the codec runs: the source can be compiled with mypyc, and need not be."""

from typing import Literal

from wispgate.wire.diameter.hot import frame


def form() -> Literal["compiled", "interpreted"]:
    """For the log of a process that starts, and for benchmarks."""
    return "interpreted" if frame.__file__.endswith(".py") else "compiled"
