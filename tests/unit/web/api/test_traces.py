"""/traces: begin, read, export and end them."""

from uuid import UUID

import pytest

from tests.unit.business.world import World, imsi


def test_a_trace_is_begun_read_and_stopped(world: World) -> None:
    world.stock(1)
    api = world.client()

    made = api.post("/traces", {"kind": "imsi", "subject": imsi(1), "minutes": 5})
    at = f"/traces/{made.json['id']}"
    messages = api.get(f"{at}/messages")
    stopped = api.post(f"{at}/stop", None)
    listed = api.get("/traces")

    assert (made.status, made.json["state"], made.json["subject"]) == (201, "running", imsi(1))
    assert (messages.status, messages.json) == (200, [])
    assert stopped.json["state"] == "stopped"
    assert [one["id"] for one in listed.json] == [made.json["id"]]


def test_a_capture_is_a_file(world: World) -> None:
    world.stock(1)
    token = world.client()
    at = f"/traces/{token.post('/traces', {'kind': 'imsi', 'subject': imsi(1)}).json['id']}"

    answer = token.client.get(
        f"/api/v1{at}/capture", headers={"Authorization": f"Bearer {token.token}"}
    )

    assert answer["Content-Type"] == "application/vnd.tcpdump.pcap"
    assert answer.content[:4] == b"\xd4\xc3\xb2\xa1"


def test_another_operators_trace_is_not_there(world: World) -> None:
    world.stock(1)
    trace = world.client().post("/traces", {"kind": "imsi", "subject": imsi(1)}).json["id"]
    south = world.client(operator="south")

    answers = [
        south.get(f"/traces/{trace}"),
        south.get(f"/traces/{trace}/messages"),
        south.get(f"/traces/{trace}/capture"),
        south.post(f"/traces/{trace}/stop", None),
    ]

    assert [answer.status for answer in answers] == [404] * 4
    assert south.get("/traces").json == []


def test_peers_are_the_platforms_to_trace(world: World) -> None:
    body = {"kind": "peer", "subject": "mme.lab"}

    refused = world.client().post("/traces", body)
    allowed = world.client("platform_admin", operator="").post("/traces", body)

    assert (refused.status, refused.json["code"]) == (403, "not_yours_to_trace")
    assert allowed.status == 201


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_who_only_reads_begins_nothing(world: World, role: str) -> None:
    world.stock(1)
    api = world.client(role)

    begun = api.post("/traces", {"kind": "imsi", "subject": imsi(1)})

    assert begun.status == 403
    assert api.get("/traces").status == 200


def test_what_is_wrong_is_named(world: World) -> None:
    answer = world.client().post("/traces", {"kind": "cell", "subject": "1", "minutes": 0})

    assert answer.status == 422
    assert {error["field"] for error in answer.json["errors"]} == {"kind", "minutes"}


def test_a_trace_that_is_not_there_is_said(world: World) -> None:
    assert world.client().get(f"/traces/{UUID(int=0)}").status == 404
