"""The eNodeB: polices the UE-AMBR, as it learned it when the phone became active.

TS 23.401 section 4.7.3. What the MME learns later counts from the next idle to active, or attach,
unless the MME sends UE Context Modification.
"""

from wispgate.kernel.identifiers import Imsi
from wispgate.simulator.subscription import Ambr


class ENodeB:
    """Contexts of the phones that are active."""

    def __init__(self) -> None:
        self._contexts: dict[Imsi, Ambr | None] = {}

    def set_up(self, imsi: Imsi, ambr: Ambr | None) -> None:
        """Initial Context Setup: idle to active, or attach."""
        self._contexts[imsi] = ambr

    def modify(self, imsi: Imsi, ambr: Ambr | None) -> None:
        """UE Context Modification: nothing happens to a phone that is not active."""
        if imsi in self._contexts:
            self._contexts[imsi] = ambr

    def release(self, imsi: Imsi) -> None:
        self._contexts.pop(imsi, None)

    def find_ambr(self, imsi: Imsi) -> Ambr | None:
        """The rate that is policed now; None: no context, or no limit."""
        return self._contexts.get(imsi)
