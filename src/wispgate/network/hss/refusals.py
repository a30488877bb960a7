"""What became of a phone's request: the refusals for the authentication log, all for the trace.

Both procedures of a phone on its way in, authentication and registration, tell it here.
"""

import structlog

from wispgate.domain.diagnosis.evidence import Procedure
from wispgate.domain.policy.decisions import Refusal
from wispgate.kernel.clock import Clock
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.network.transport.applications import Request
from wispgate.network.transport.metrics import count_refusal
from wispgate.store.access_log import AccessLog, Note
from wispgate.store.directory import Identity, Place

_log = structlog.get_logger("s6a")


class Refusals:
    """Counts and notes whom the HSS turned away, and why."""

    def __init__(self, access_log: AccessLog, *, clock: Clock) -> None:
        self._access_log = access_log
        self._clock = clock

    def note(
        self, request: Request, procedure: Procedure, imsi: Imsi, plmn: Plmn, place: Place | None,
        reason: Refusal = Refusal.UNKNOWN_SUBSCRIBER,
    ) -> None:  # fmt: skip
        """For the authentication log; an unknown IMSI counts as unknown, whatever it is answered."""
        count_refusal(procedure, reason.value)
        note = Note(
            core_id=request.peer.core_id,
            imsi=imsi.digits,
            procedure=procedure,
            result=reason.value,
            peer=request.peer.identity,
            visited_plmn=str(plmn),
            place=place,
        )
        self._access_log.note(note, now=self._clock.now())


def identity_of(request: Request, imsi: Imsi) -> Identity:
    return Identity(request.peer.core_id, "imsi", imsi.digits)


def log_outcome(what: str, request: Request, imsi: Imsi, outcome: object) -> None:
    shown = outcome.value if isinstance(outcome, Refusal) else "allowed"
    _log.debug(what, peer=request.peer.identity, imsi=imsi.digits, outcome=shown)
