"""Events of authentication: their names in the catalogue and their payloads."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from wispgate.domain.authentication.events import (
    AuthenticationFailed,
    FailureReason,
    KeyMismatchSuspected,
    ResynchronisationHappened,
)
from wispgate.kernel.identifiers import Imsi

ENVELOPE = {
    "operator_id": UUID(int=1),
    "account_id": UUID(int=2),
    "line_id": UUID(int=3),
    "occurred_at": datetime(2026, 11, 23, tzinfo=UTC),
}
IMSI = Imsi("001010000000001")
PEER = "mme.epc.mnc001.mcc001.3gppnetwork.org"

EVENTS = [
    (
        AuthenticationFailed(
            **ENVELOPE,
            imsi=IMSI,
            reason=FailureReason.ROAMING_NOT_ALLOWED,
            visited_plmn="262-01",
            peer=PEER,
        ),
        "authentication.failed",
        {
            "imsi": "001010000000001",
            "reason": "roaming_not_allowed",
            "visited_plmn": "262-01",
            "peer": PEER,
        },
    ),
    (
        ResynchronisationHappened(
            **ENVELOPE, imsi=IMSI, sqn_before=32, sqn_after=7350 << 5, peer=PEER
        ),
        "authentication.resynchronised",
        {"imsi": "001010000000001", "sqn_before": 32, "sqn_after": 235200, "peer": PEER},
    ),
    (
        KeyMismatchSuspected(**ENVELOPE, imsi=IMSI, resynchronisations=4, peer=PEER),
        "authentication.key_mismatch_suspected",
        {"imsi": "001010000000001", "resynchronisations": 4, "peer": PEER},
    ),
]


@pytest.mark.parametrize(("event", "kind", "payload"), EVENTS, ids=[kind for _, kind, _ in EVENTS])
def test_event_has_its_kind_and_payload(event, kind, payload):
    assert event.kind == kind
    assert json.loads(json.dumps(event.payload())) == payload
