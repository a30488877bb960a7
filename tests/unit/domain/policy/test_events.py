"""Events of policy have stable names and JSON payloads."""

from uuid import UUID

from tests.unit.domain.policy.lines import NOW
from wispgate.domain.policy.events import NetworkProfileChanged


def test_changed_profile_tells_its_version() -> None:
    event = NetworkProfileChanged(operator_id=UUID(int=1), occurred_at=NOW, version=4)

    assert (event.kind, event.payload()) == ("policy.network_profile_changed", {"version": 4})
