"""What the worker clears away by the clock: delivered events and answers that nobody asks for again."""

import time
from datetime import timedelta
from uuid import UUID

from tests.harness import sealing
from tests.harness.databases import TestDatabase
from tests.unit.business.world import World
from wispgate.main import chores
from wispgate.store import outbox

_INSERT = """
INSERT INTO hot_00.charging_request (session_id, number, operator_id, answer, handled_at)
VALUES (%s, 0, %s, '', %s)
"""


def clear_away(database: TestDatabase) -> None:
    with sealing.acting_as(database, "worker"):
        for chore in chores.pruning_chores(["a"]):
            chore.run()


def count_of(database: TestDatabase, table: str) -> int:
    with database.connect("network") as network:
        row = network.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 (a name of ours)
    assert row is not None
    return int(row[0])


def answer(database: TestDatabase, operator: UUID, session: str, *, at: object) -> None:
    with database.connect("network") as network:
        network.execute(_INSERT, (session, operator, at))


def test_answers_of_every_operator_go_when_they_are_old(
    world: World, database: TestDatabase
) -> None:
    now = world.clock.now()
    old = now - chores.ANSWERS_KEPT - timedelta(seconds=1)
    for operator in (world.north, world.south):
        answer(database, operator, f"{operator};old", at=old)
        answer(database, operator, f"{operator};young", at=now - chores.ANSWERS_KEPT)

    clear_away(database)

    assert count_of(database, "hot_00.charging_request") == 2


def test_events_go_when_they_are_old_and_were_delivered(
    world: World, database: TestDatabase
) -> None:
    world.subscriber()
    there = events_of(database)
    world.clock.advance(days=chores.EVENTS_KEPT.days + 1)

    clear_away(database)
    unread = events_of(database)
    # Other tests' transactions on the same server hold back what is committed: it comes later.
    for _ in range(600):
        deliver(database)
        clear_away(database)
        if not events_of(database):
            break
        time.sleep(0.05)

    assert unread == there > 0
    assert events_of(database) == 0


def events_of(database: TestDatabase) -> int:
    return count_of(database, "public.outbox") + count_of(database, "hot_00.outbox")


def deliver(database: TestDatabase) -> None:
    for partition in (None, 0):
        with database.connect("worker") as worker, worker.cursor() as cursor:
            outbox.deliver(cursor, "a", lambda _events: None, partition=partition)
