"""What is made of resynchronisations: a metric, events, and an alarm where a card asks again and again.

A card asks (AUTS) where our number is none that it accepts: once after it came from another HSS or
a backup was restored. One that goes on asking, or whose proof MAC-S is wrong, has other keys than
we have, or somebody tries us.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import structlog
from prometheus_client import Counter

from wispgate.domain.authentication.events import (
    AuthenticationFailed,
    FailureReason,
    KeyMismatchSuspected,
    ResynchronisationHappened,
)
from wispgate.domain.authentication.sqn import (
    RESYNCHRONISATION_PERIOD,
    MacFailure,
    NotNeeded,
    ResynchronisationRequest,
    Resynchronised,
    is_key_mismatch_suspected,
)
from wispgate.kernel.clock import Clock
from wispgate.kernel.events import Event
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.ids import uuid7
from wispgate.kernel.plmn import Plmn
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore

_log = structlog.get_logger("authentication")

RESYNCHRONISATIONS: Final = Counter(
    "wispgate_resynchronisations_total",
    "Cards that asked for resynchronisation: taken, not needed, or with a wrong proof (forged).",
    ["outcome"],
)
SUSPICIONS: Final = Counter(
    "wispgate_key_mismatches_suspected_total",
    "Cards that resynchronised so often within an hour that their keys look wrong.",
)
# The first number that is unusual.
_ALARM_AT: Final = next(n for n in range(1, 100) if is_key_mismatch_suspected(n))
_OUTCOMES: Final = {Resynchronised: "taken", NotNeeded: "not_needed", MacFailure: "forged"}

Decision = Resynchronised | NotNeeded | MacFailure


@dataclass(frozen=True, slots=True)
class VectorRequest:
    """What a serving node wants for one card."""

    core_id: UUID
    imsi: Imsi
    serving_node: str
    plmn: Plmn
    eutran_vectors: int = 0
    utran_vectors: int = 0
    resynchronisation: ResynchronisationRequest | None = None


class ResynchronisationAlarms:
    """Counts and tells, in one statement of the card's partition."""

    def __init__(self, store: HotStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def tell(
        self, request: VectorRequest, place: Place, row: Mapping[str, Any], decision: Decision
    ) -> None:
        """Raises DatabaseLost or RowHeld: a card that cannot be counted is not answered either."""
        now = self._clock.now()
        RESYNCHRONISATIONS.labels(_OUTCOMES[type(decision)]).inc()
        event = _event(request, row, decision, now)
        alarm = KeyMismatchSuspected(
            **_envelope(row, now),
            imsi=request.imsi,
            resynchronisations=_ALARM_AT,
            peer=request.serving_node,
        )
        told = await self._store.partitions[place.partition].fetch(
            "note_resynchronisation",
            {
                "core_id": request.core_id, "imsi": request.imsi.digits, "now": now,
                "since": now - RESYNCHRONISATION_PERIOD,
                "is_forged": isinstance(decision, MacFailure),
                "event_id": uuid7(now, os.urandom(10)), "kind": event.kind if event else "",
                "payload": json.dumps(event.payload() if event else {}),
                "alarm_id": uuid7(now, os.urandom(10)), "alarm_kind": alarm.kind,
                "alarm_payload": json.dumps(alarm.payload()), "alarm_at": _ALARM_AT,
            },
        )  # fmt: skip
        if any(one["kind"] == alarm.kind for one in told):
            SUSPICIONS.inc()
            _log.warning(
                "resynchronises again and again: K or OPc wrong?",
                imsi=str(request.imsi),
                times=_ALARM_AT,
                peer=request.serving_node,
            )


def _event(
    request: VectorRequest, row: Mapping[str, Any], decision: Decision, now: datetime
) -> Event | None:
    match decision:
        case NotNeeded():
            return None
        case Resynchronised(sqn=sqn):
            return ResynchronisationHappened(
                **_envelope(row, now),
                imsi=request.imsi,
                sqn_before=row["sqn"],
                sqn_after=sqn,
                peer=request.serving_node,
            )
        case MacFailure():
            return AuthenticationFailed(
                **_envelope(row, now),
                imsi=request.imsi,
                reason=FailureReason.MAC_FAILURE,
                visited_plmn=str(request.plmn),
                peer=request.serving_node,
            )


def _envelope(row: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "operator_id": row["operator_id"],
        "account_id": row["account_id"],
        "line_id": row["line_id"],
        "occurred_at": now,
    }
