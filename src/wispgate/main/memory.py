"""How often Python looks for garbage in cycles: seldom, since requests leave none."""

import gc
from typing import Final

# Allocations less releases before the youngest are looked at; by default 700, which the requests
# of one batch exceed many times. Each look stops all charging for as long as it takes.
_YOUNG: Final = 50_000


def calm_collector() -> None:
    """To be called once a process has made what it keeps: that is never looked at again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 20, 100)
