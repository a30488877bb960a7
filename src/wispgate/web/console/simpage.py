"""All that is shown of one card: itself, its line, why it is suspended, where its phone is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from wispgate.web.console import reads
from wispgate.web.console.presence import Presence, presence_of


@dataclass(frozen=True, slots=True)
class SimPage:
    """`line` is None for a card in stock and for a retired one."""

    sim: Any
    line: Any
    suspensions: Sequence[Any]
    presence: Presence

    @staticmethod
    def all_reasons() -> Sequence[tuple[str, str]]:
        return reads.suspension_reasons()


def load(iccid: str) -> SimPage:
    """Raises NotFound. Two statements for a card in stock, six for one in use."""
    sim = reads.get_sim(iccid)
    line = getattr(sim, "subscription", None)
    return SimPage(
        sim=sim,
        line=line,
        suspensions=reads.list_suspensions(line.id) if line else [],
        presence=presence_of(core_id=sim.core_id, imsi=sim.imsi, line_id=sim.subscription_id),
    )
