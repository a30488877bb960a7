"""One request on its way to being charged."""

from dataclasses import replace
from typing import cast
from uuid import UUID

from wispgate.domain.plan.tariff import UnitKind
from wispgate.domain.policy.capabilities import CoreProfile
from wispgate.network.ocs.brief import Brief
from wispgate.network.ocs.foreseen import Foreseen
from wispgate.network.ocs.translation import CreditControl
from wispgate.network.ocs.usual import read_hot
from wispgate.store.charging import RequestKey
from wispgate.wire.diameter.hot.credit_control import HotCcr


def in_dialect(asked: CreditControl, core: CoreProfile) -> CreditControl:
    """What the request means: a wish for data that is only a habit leaves the amount to us."""
    charge = asked.charge
    if not core.has_fixed_wish or charge.unit is not UnitKind.OCTETS:
        return asked
    groups = tuple(
        replace(group, wanted_units=0) if group.wanted_units else group for group in charge.groups
    )
    return replace(asked, charge=replace(charge, groups=groups))


class Work:
    """A request, the line it is for, and the core and peer that it came from.

    `brief` is there where the request is so usual that its answer may be known already; it is
    translated in full only when somebody asks what it says; until then `_hot` stands for it. `foreseen` is what it then gets.
    `refusal` says in the domain's words why a session was not begun, once that is decided.
    """

    __slots__ = (
        "_asked", "_hot", "brief", "core", "core_id", "foreseen", "line_id", "number", "peer",
        "refusal", "session_id",
    )  # fmt: skip

    def __init__(
        self,
        asked: CreditControl,
        line_id: UUID,
        core_id: UUID,
        peer: str,
        core: CoreProfile,
    ) -> None:
        asked = in_dialect(asked, core)
        self._asked: CreditControl | None = asked
        self._hot: HotCcr | None = None
        self.session_id = asked.charge.session_id
        self.number = asked.charge.number
        self.line_id = line_id
        self.core_id = core_id
        self.peer = peer
        self.core = core
        self.brief: Brief | None = None
        self.foreseen: Foreseen | None = None
        self.refusal = ""

    @classmethod
    def in_brief(
        cls,
        hot: HotCcr,
        brief: Brief,
        line_id: UUID,
        core_id: UUID,
        *,
        peer: str,
        core: CoreProfile,
    ) -> "Work":
        """A request of which no more is known yet than its brief."""
        work = cls.__new__(cls)
        work._asked = None
        work._hot = hot
        work.session_id = hot.session_id
        work.number = hot.request_number
        work.line_id = line_id
        work.core_id = core_id
        work.peer = peer
        work.core = core
        work.brief = brief
        work.foreseen = None
        work.refusal = ""
        return work

    @property
    def asked(self) -> CreditControl:
        """All that the request says."""
        asked = self._asked
        if asked is None:
            asked = self._asked = in_dialect(read_hot(cast(HotCcr, self._hot)), self.core)
        return asked

    @property
    def key(self) -> RequestKey:
        return RequestKey(self.session_id, self.number)
