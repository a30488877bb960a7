"""One act over many lines: by the worker, once each, whatever kills it; refused lines with reasons."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from tests.harness.databases import TestDatabase
from tests.unit.business.conftest import world
from tests.unit.business.world import World, iccid
from wispgate.business.staff import services as staff
from wispgate.business.staff.models import ApiToken
from wispgate.business.subscriptions import mass
from wispgate.business.subscriptions import services as subscriptions
from wispgate.kernel.errors import IllegalTransition, InvalidValue, NotFound

__all__ = ["world"]

ROOT = Path(__file__).resolve().parents[2]
# Says when the first batch is done, and goes on until it is killed or nothing is left.
WORKER = """
import datetime, sys, django
django.setup()
from wispgate.business.subscriptions import mass
now = datetime.datetime.fromisoformat(sys.argv[1])
while mass.work_off(now):
    print("batch", flush=True)
"""


def many_lines(world: World, count: int) -> UUID:
    """One customer's lines without cards, but for the first, which is active."""
    first = world.line(1)
    with world.as_staff():
        subscriber = subscriptions.Subscription.objects.get(id=first).subscriber_id
        for _ in range(count - 1):
            subscriptions.create_subscription(subscriber_id=subscriber)
    return subscriber


def outcomes(world: World, act: UUID) -> dict[str, int]:
    with world.as_staff():
        rows = [row.outcome for row in mass.list_rows(act, limit=10_000)]
    return {outcome: rows.count(outcome) for outcome in sorted(set(rows))}


def work_all(world: World) -> None:
    while mass.work_off(world.clock.now()):
        pass


def worker(database: TestDatabase, world: World) -> subprocess.Popen[str]:
    environment = os.environ | {
        "WISPGATE_DJANGO": json.dumps(database.django("worker")),
        "DJANGO_SETTINGS_MODULE": "wispgate.main.django_settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    command = [sys.executable, "-c", WORKER, world.clock.now().isoformat()]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def test_a_killed_worker_does_nothing_twice_and_leaves_nothing_out(
    world: World, business: TestDatabase
) -> None:
    subscriber = many_lines(world, 300)
    with world.as_staff(reason="the contract ends"):
        act = mass.begin("terminate", mass.Chosen(subscriber_id=subscriber), {})

    with worker(business, world) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    halfway = outcomes(world, act)
    work_all(world)

    assert halfway.get("done", 0) >= mass.BATCH
    assert outcomes(world, act) == {"done": 300}
    with world.as_staff():
        row = mass.get_act(act)
        assert (row.state, row.total, row.done, row.refused) == ("done", 300, 300, 0)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(DISTINCT object_id) FROM audit_auditentry "
                "WHERE request_id = %s AND object_type = 'subscriptions_subscription' "
                "AND after ->> 'state' = 'terminated' AND reason = 'the contract ends'",
                [str(act)],
            )
            assert cursor.fetchone() == (300, 300)


def test_refused_lines_are_reported_with_their_reasons(world: World, business: Any) -> None:
    active, draft = world.line(1), world.subscription()
    api = world.client()

    asked = api.post(
        "/mass-acts",
        {
            "verb": "suspend",
            "line_ids": [str(active), str(draft)],
            "reason": "fraud",
            "why": "audit",
        },
    )
    act = asked.json["id"]
    work_all(world)

    assert asked.status == 201
    shown = api.get(f"/mass-acts/{act}").json
    assert (shown["state"], shown["total"], shown["done"], shown["refused"]) == ("done", 2, 1, 1)
    [refused] = api.get(f"/mass-acts/{act}/rows?outcome=refused").json["items"]
    assert (refused["line_id"], refused["code"]) == (str(draft), "illegal_transition")
    assert "draft" in refused["why"]
    assert [one["id"] for one in api.get("/mass-acts").json["items"]] == [act]
    # Whoever asked with a token that is worth nothing any more gets nothing done.
    late = api.post("/mass-acts", {"verb": "resume", "state": "suspended", "reason": "fraud"}).json
    with world.as_platform():
        for token in ApiToken.objects.all():
            staff.revoke_token(token.id)
    work_all(world)
    assert outcomes(world, UUID(late["id"])) == {"refused": 1}


def test_what_is_asked_wrongly_is_not_put_down(world: World) -> None:
    line = world.line(1)
    with world.as_staff():
        named = mass.Chosen(line_ids=[line])
        for verb, given, why in (
            ("explode", {}, "one of suspend"),
            ("suspend", {}, "this verb needs it"),
            ("suspend", {"reason": "boredom"}, "one of overdue"),
            ("terminate", {"reason": "fraud"}, "does not take it"),
        ):
            with pytest.raises(InvalidValue, match=why):
                mass.begin(verb, named, given)
        with pytest.raises(InvalidValue, match="one of the two"):
            mass.Chosen(line_ids=[line], state="active")
        with pytest.raises(InvalidValue, match="no such state"):
            mass.Chosen(state="lost")
        with pytest.raises(NotFound):
            mass.begin("terminate", mass.Chosen(dealer="nobody"), {})
        with pytest.raises(NotFound):
            mass.begin("terminate", mass.Chosen(line_ids=[line, UUID(int=1)]), {})
        assert mass.list_acts() == []


def test_cards_are_retired_and_the_rest_of_a_stopped_act_is_left(world: World) -> None:
    first, bare = world.line(1), world.subscription()
    with world.as_staff():
        act = mass.begin("retire_sim", mass.Chosen(line_ids=[first, bare]), {})
    work_all(world)
    with world.as_staff():
        stopped = mass.begin("terminate", mass.Chosen(line_ids=[first]), {})
        assert mass.stop(stopped).state == "stopped"
        with pytest.raises(IllegalTransition):
            mass.stop(stopped)
    work_all(world)

    assert outcomes(world, act) == {"done": 1, "refused": 1}
    assert outcomes(world, stopped) == {"waiting": 1}
    assert world.client().get(f"/sims/{iccid(1)}").json["state"] == "retired"


def test_a_second_person_approves_and_the_act_begins_then(world: World) -> None:
    line = world.line(1)
    asker, other = world.client(), world.client()
    assert asker.put("/approval-rules/subscription.mass", {"is_on": True}).status == 200
    body = {"verb": "suspend", "state": "active", "reason": "operator", "why": "storm"}

    waiting = asker.post("/mass-acts", body)
    request = waiting.json["approval"]["id"] if "approval" in waiting.json else waiting.json["id"]
    own = asker.post(f"/approvals/{request}/approve")
    told = other.get(f"/approvals/{request}").json
    approved = other.post(f"/approvals/{request}/approve")
    work_all(world)

    assert waiting.status == 202
    assert (own.status, own.json["code"]) == (403, "own_request")
    assert told["title"] == "Suspend 1 line"
    assert told["words"][0] == "Now: 1 active."
    assert approved.json["state"] == "done"
    assert asker.get(f"/subscriptions/{line}").json["state"] == "suspended"
    scopes_seen = asker.get("/mass-acts").json["items"][0]
    assert "asked for by" in scopes_seen["reason"]


def test_the_job_keeps_its_tenant(world: World) -> None:
    """Both operators' acts are done by one worker, each on its own lines only."""
    north = world.line(1)
    south = world.line(600_000, operator=world.south)
    with world.as_staff():
        act = mass.begin("suspend", mass.Chosen(state="active"), {"reason": "operator"})
    work_all(world)

    assert outcomes(world, act) == {"done": 1}
    assert world.client().get(f"/subscriptions/{north}").json["state"] == "suspended"
    other = world.client("admin", "south")
    assert other.get(f"/subscriptions/{south}").json["state"] == "active"
    assert other.get(f"/mass-acts/{act}").status == 404
