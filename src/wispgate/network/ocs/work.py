"""One request on its way to being charged."""

from typing import NamedTuple
from uuid import UUID

from wispgate.domain.policy.capabilities import CoreProfile
from wispgate.network.ocs.translation import CreditControl
from wispgate.store.charging import RequestKey


class Work(NamedTuple):
    """A translated request, the line it is for, and the core and peer that it came from."""

    asked: CreditControl
    line_id: UUID
    core_id: UUID
    peer: str
    core: CoreProfile

    @property
    def key(self) -> RequestKey:
        return RequestKey(self.asked.charge.session_id, self.asked.charge.number)
