"""A tenant deleted by two people and the worker: nobody alone, whatever kills it, seen throughout."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from tests.contract.test_removal import fill_every_table, rows_of, tenant_tables
from tests.harness.databases import TestDatabase
from tests.unit.business.world import Api, World, iccid
from wispgate.business.staff import services as staff
from wispgate.business.tenants import services as tenants
from wispgate.business.tenants.models import TenantDeletion
from wispgate.business.tenants.services import deletion

ROOT = Path(__file__).resolve().parents[2]
# Says that it is behind a table, and stays there in the next transaction until it is killed.
WORKER = """
import datetime, sys, time, django
django.setup()
from wispgate.business.tenants.services import deletion
whole, stop_after = deletion._count, sys.argv[2]
def told(deletion_id, table, count):
    whole(deletion_id, table, count)
    if table == stop_after:
        # The next note is of a transaction of its own: this one is kept.
        deletion._count = stay
def stay(*_):
    print("halfway", flush=True)
    time.sleep(60)
deletion._count = told
deletion.work_off(datetime.datetime.fromisoformat(sys.argv[1]))
"""
TYPED = {"typed_slug": "north", "reason": "the contract ended"}


def worker(database: TestDatabase, world: World, stop_after: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "WISPGATE_DJANGO": json.dumps(database.django("worker")),
        "DJANGO_SETTINGS_MODULE": "wispgate.main.django_settings",
        "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
    }
    command = [sys.executable, "-c", WORKER, world.clock.now().isoformat(), stop_after]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def killed(database: TestDatabase, world: World, after: str, deletion_id: str) -> tuple[str, bool]:
    """Kills a worker behind a table; the deletion's state, and whether the table is counted."""
    with worker(database, world, after) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "halfway\n"
        process.send_signal(signal.SIGKILL)
        process.wait(30)
    assert rows_of(database, world.north)
    with world.as_platform():
        seen = TenantDeletion.objects.get(id=deletion_id)
    return seen.state, seen.tables[after] >= 1


def person(world: World, name: str) -> Api:
    """Somebody of the platform's, calling by a token of their own."""
    with world.as_platform():
        staff.create_staff(
            email=f"{name}@platform.example", name=name, role="platform_admin",
            password="correct horse battery",
        )  # fmt: skip
    return token_of(world, f"{name}@platform.example")


def token_of(world: World, email: str) -> Api:
    """As `wispgate token create --for` makes it."""
    with world.as_platform():
        owner = staff.get_person(email)
        return Api(staff.make_token_of(owner, name=f"{owner.name}'s").secret)


def suspended(world: World) -> None:
    with world.as_platform():
        tenants.suspend("north", reason="contract_end")


def four_eyes(api: Api) -> None:
    assert api.put("/approval-rules/operator.delete", {"is_on": True}).status == 200


def test_a_killed_worker_leaves_nothing_of_the_tenant_and_all_of_the_others(
    world: World, database: TestDatabase
) -> None:
    """Killed twice: while its hot rows go, and when it is gone but for its ledgers."""
    fill_every_table(world, database)
    suspended(world)
    before = rows_of(database, world.south)
    # Every table has a row, so that phones are online too.
    forced = TYPED | {"is_forced": True}
    begun = world.client(operator="").post("/operators/north/delete", forced).json

    half = [killed(database, world, after, begun["id"]) for after in ("line", "audit_auditentry")]
    finished = deletion.work_off(world.clock.now())

    assert half == [("queued", True), ("queued", True)]
    assert finished
    assert set(before) == set(tenant_tables(database))
    assert rows_of(database, world.north) == {}
    assert rows_of(database, world.south) == before
    with world.as_platform():
        done = TenantDeletion.objects.get(id=begun["id"])
    assert (done.state, done.rows) == ("done", sum(done.tables.values()))
    assert done.tables["inventory_sim"] >= 1


def test_one_person_asks_and_only_another_one_lets_it_happen(
    world: World, database: TestDatabase
) -> None:
    ada, ben = person(world, "ada"), person(world, "ben")
    four_eyes(ada)
    world.line(1)
    suspended(world)

    asked = ada.post("/operators/north/delete", TYPED)
    key = asked.json["id"]
    other_token = token_of(world, "ada@platform.example")
    alone = [
        one.post(f"/approvals/{key}/approve", X_Operator="north") for one in (ada, other_token)
    ]
    tenants_own = world.client("operator_admin")
    outside = [tenants_own.get(f"/approvals/{key}"), tenants_own.post(f"/approvals/{key}/approve")]
    nothing = deletion.work_off(world.clock.now())
    inbox = ben.get("/approvals?state=asked", X_Operator="south").json["items"]
    approved = ben.post(f"/approvals/{key}/approve", {"reason": "as agreed"}, X_Operator="north")
    [under_way] = ben.get("/operator-deletions").json["items"]
    deletion.work_off(world.clock.now())
    [done] = ada.get("/operator-deletions").json["items"]

    assert (asked.status, asked.json["act"], asked.json["state"]) == (
        202,
        "operator.delete",
        "asked",
    )
    assert [one.json["code"] for one in alone] == ["own_request", "own_request"]
    assert [one.status for one in outside] == [401, 401]
    assert not nothing
    assert [one["title"] for one in inbox] == ["Delete operator north"]
    assert (approved.json["state"], approved.json["failure"]) == ("done", "")
    assert (under_way["state"], done["state"]) == ("queued", "done")
    assert done["reason"] == "asked for by ada's: the contract ended"
    assert rows_of(database, world.north) == {}


def test_who_asked_who_let_it_and_who_was_refused_stay_in_the_platforms_audit(
    world: World, database: TestDatabase
) -> None:
    ada, ben = person(world, "ada"), person(world, "ben")
    four_eyes(ada)
    here = {"X_Operator": "north"}
    ada.post("/operators/north/delete", TYPED, **here)
    suspended(world)
    key = ada.post("/operators/north/delete", TYPED, **here).json["id"]
    ada.post(f"/approvals/{key}/approve", **here)
    ben.post(f"/approvals/{key}/approve", **here)
    deletion.work_off(world.clock.now())

    with database.admin() as admin:
        told = admin.execute(
            "SELECT actor, action, object_type, coalesce(after->>'code', after->>'state')"
            " FROM audit_auditentry WHERE operator_id IS NULL AND (object_type IN"
            " ('approvals_approval', 'tenants_tenantdeletion')"
            " OR object_type = 'operators_operator' AND action IN ('refused', 'delete'))"
            " ORDER BY id"
        ).fetchall()
    assert told == [
        ("ada's", "refused", "operators_operator", "not_suspended"),
        ("ada's", "insert", "approvals_approval", "asked"),
        ("ada's", "refused", "approvals_approval", "own_request"),
        ("ben's", "insert", "tenants_tenantdeletion", "queued"),
        ("ben's", "update", "approvals_approval", "done"),
        ("ben's", "update", "tenants_tenantdeletion", None),
        ("ben's", "delete", "operators_operator", None),
        ("ben's", "update", "tenants_tenantdeletion", "done"),
    ]


def test_what_was_asked_is_not_done_to_another_operator_of_the_same_name(
    world: World, database: TestDatabase
) -> None:
    ada, ben = person(world, "ada"), person(world, "ben")
    four_eyes(ada)
    suspended(world)
    key = ada.post("/operators/north/delete", TYPED).json["id"]
    with world.as_platform():
        scope = deletion.scopes.current()
    tenants.delete("north", typed_slug="north", scope=scope)
    new = {"slug": "north", "name": "North again", "currency": "EUR"}
    assert ada.post("/operators", new).status == 201

    failed = ben.post(f"/approvals/{key}/approve", X_Operator="south").json

    assert failed["state"] == "failed"
    assert str(world.north) in failed["failure"]
    assert ben.get("/operators/north").status == 200
    assert not deletion.work_off(world.clock.now())


def test_an_operator_that_came_back_meanwhile_is_not_deleted(
    world: World, database: TestDatabase
) -> None:
    suspended(world)
    api = world.client(operator="")
    begun = api.post("/operators/north/delete", TYPED).json["id"]
    with database.admin() as admin:
        admin.execute("DELETE FROM operators_operatorsuspension")

    deletion.work_off(world.clock.now())

    shown = api.get(f"/operator-deletions/{begun}").json
    assert (shown["state"], shown["rows"]) == ("failed", 0)
    assert shown["failure"] == "north is on: suspend it first, or force it"
    assert world.client().get(f"/sims/{iccid(1)}").status == 404


def test_a_worker_that_is_told_to_stop_leaves_the_rest_to_the_next_one(
    world: World, database: TestDatabase
) -> None:
    world.line(1)
    suspended(world)
    api = world.client(operator="")
    begun = api.post("/operators/north/delete", TYPED).json["id"]
    answers = iter([False, True])

    with pytest.raises(deletion.Interrupted):
        deletion.work_off(world.clock.now(), should_stop=lambda: next(answers))
    halfway = api.get(f"/operator-deletions/{begun}").json
    finished = deletion.work_off(world.clock.now())

    assert (halfway["state"], list(halfway["tables"])) == ("queued", ["identity"])
    assert finished
    assert rows_of(database, UUID(str(world.north))) == {}
