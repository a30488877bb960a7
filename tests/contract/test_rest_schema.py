"""The API keeps what its own description promises, whatever is sent to it."""

import json
from typing import Any
from uuid import UUID

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.unit.business.world import World, iccid, imsi

# Derandomised: the same few requests each time, and no file of examples beside the tests.
FEW = settings(
    max_examples=12,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


def known_parameters(world: World) -> dict[str, str]:
    """Things that exist, so that requests get further than "no such object"."""
    line: UUID = world.line(1)
    with world.as_staff():
        from wispgate.business.subscriptions import numbering, queries  # noqa: PLC0415

        subscriber = queries.get_subscription(line).subscriber_id
        numbering.add_range(first="15550100000", last="15550100999")
    world.stock(2, 3)
    return {
        "subscription_id": str(line),
        "subscriber_id": str(subscriber),
        "iccid": iccid(2),
        "msisdn": "15550100001",
        "key": imsi(1),
    }


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_every_operation_answers_as_it_is_described(world: World, mode: GenerationMode) -> None:
    known = known_parameters(world)
    token = world.token()
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]

    seen: set[int] = set()
    for operation in operations:
        seen |= statuses_of_examples(operation, mode, token, known)

    assert len(operations) >= 20
    # Requests got through to the services, and were not all turned away at the door.
    assert {200, 422} <= seen
    assert mode is GenerationMode.NEGATIVE or {201, 404, 409} <= seen


def statuses_of_examples(
    operation: Any, mode: GenerationMode, token: str, known: dict[str, str]
) -> set[int]:
    seen: set[int] = set()

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def call(case: Any, is_known: bool) -> None:
        if is_known:
            case.path_parameters = {
                name: known.get(name, value) for name, value in (case.path_parameters or {}).items()
            }
        headers = {"Authorization": f"Bearer {token}"}
        seen.add(case.call_and_validate(checks=CHECKS, headers=headers).status_code)

    call()
    return seen


def test_the_description_names_every_refusal(world: World) -> None:
    description = world.client().get("/openapi.json").json

    operations = [
        operation for methods in description["paths"].values() for operation in methods.values()
    ]

    assert len(operations) >= 20
    for operation in operations:
        refusals = {"400", "401", "403", "404", "409", "415", "422", "429"}
        assert refusals <= operation["responses"].keys()
        assert operation["security"] == [{"BearerToken": []}]


def test_no_operation_asks_for_or_answers_with_a_secret(world: World) -> None:
    schemas = world.client().get("/openapi.json").json["components"]["schemas"]

    fields = {name for schema in schemas.values() for name in schema.get("properties", {})}

    assert len(fields) > 50
    assert not fields & {"ki", "k", "opc", "op", "pin1", "puk1", "adm1", "sealed_key", "secret"}
    assert "sealed" not in json.dumps(sorted(fields))
