"""Where a phone is in the network, as far as the HSS knows: an MME may never say good-bye."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from wispgate.business.hotplane.models import (
    EveryAuthentication,
    EveryLine,
    EveryPolicySession,
    EveryRegistration,
)
from wispgate.business.operators import scope as scopes
from wispgate.domain.diagnosis.presence import decide_whereabouts
from wispgate.kernel.errors import InvalidValue
from wispgate.web.console import hotreads, reads
from wispgate.web.console.whereabouts import signs_of
from wispgate.web.console.wording import Sentence
from wispgate.wire.diameter.user_location import decode_user_location


@dataclass(frozen=True, slots=True)
class Presence:
    """What the network functions know of one IMSI."""

    line: EveryLine | None
    registration: EveryRegistration | None
    authentication: EveryAuthentication | None
    session: EveryPolicySession | None = None
    now: datetime | None = None

    @property
    def state(self) -> str:
        """Where the phone is by all its signs; an MME that says nothing is not believed for ever."""
        if self.now is None:
            return "absent"
        asked = self.authentication.last_requested_at if self.authentication else None
        return decide_whereabouts(
            signs_of(self.registration, asked, self.session), now=self.now
        ).value

    @property
    def cell(self) -> str:
        """Where its newest session was seen; empty where no gateway told."""
        octets = self.session.user_location if self.session else None
        if not octets:
            return ""
        try:
            return str(decode_user_location(bytes(octets)))
        except InvalidValue:
            return ""

    @property
    def imsi(self) -> str:
        return self.authentication.imsi if self.authentication else ""

    @property
    def is_registered(self) -> bool:
        """Whether its MME has it, as far as it told."""
        return self.registration is not None and not self.registration.purged_at

    @property
    def is_told(self) -> bool:
        """Whether the MME was told the newest profile, so far as answers prove that."""
        if self.line is None or self.registration is None:
            return True
        return self.registration.known_profile_version >= self.line.profile_version

    def clause(self) -> Sentence:
        """ "registered at mme1… in 001-01 since 12:04" and the like."""
        if self.registration is not None and not self.registration.purged_at:
            place = (
                f"registered at {self.registration.mme_host} in {self.registration.visited_plmn}"
            )
            return [f"{place} since ", self.registration.registered_at]
        if self.registration is not None and self.registration.purged_at:
            return ["purged by its MME ", self.registration.purged_at]
        return ["not registered", *self._last_seen()]

    def _last_seen(self) -> Sentence:
        if self.authentication is None or self.authentication.last_requested_at is None:
            return [", the network has not seen it yet"]
        return [", last authenticated ", self.authentication.last_requested_at]


def presence_of(*, core_id: UUID, imsi: str, line_id: UUID | None) -> Presence:
    """Four statements; two less where the card has no line."""
    return Presence(
        line=reads.find_network_line(line_id) if line_id else None,
        registration=reads.find_registration(core_id, imsi),
        authentication=reads.find_authentication(core_id, imsi),
        session=hotreads.find_newest_policy_session(line_id) if line_id else None,
        now=scopes.current().now,
    )


NOWHERE = Presence(line=None, registration=None, authentication=None)
