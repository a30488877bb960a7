"""Delivery from the outbox: each consumer for itself, one worker at a time, nothing twice."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

import psycopg
import pytest

from tests.harness.databases import TestDatabase
from tests.harness.network import NOW, new_id
from wispgate.kernel.events import Event
from wispgate.store import outbox, tenancy
from wispgate.store.outbox import StoredEvent

OPERATOR, LINE = UUID(int=1), UUID(int=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried(Event):
    kind: ClassVar[str] = "test.tried"
    number: int


def write(database: TestDatabase, *numbers: int, partition: int | None = 0) -> None:
    """One transaction with these events."""
    with database.connect("web") as connection, connection.cursor() as cursor:
        cursor.execute(tenancy.set_local_operator(OPERATOR))
        for number in numbers:
            event = Tried(operator_id=OPERATOR, occurred_at=NOW, line_id=LINE, number=number)
            outbox.append(cursor, new_id(), event, partition=partition)


def read(
    worker: psycopg.Connection, consumer: str = "a", *, partition: int | None = 0, most: int = 500
) -> list[int] | None:
    """The numbers delivered in one go and transaction; None where there was nothing to take."""
    numbers: list[int] = []

    def handle(events: Sequence[StoredEvent]) -> None:
        numbers.extend(event.payload["number"] for event in events)

    with worker.cursor() as cursor:
        count = outbox.deliver(cursor, consumer, handle, partition=partition, most=most)
    assert count == len(numbers)
    return numbers or None


def patiently() -> Iterator[None]:
    """Other tests' transactions on the same server hold back what is committed: it comes later."""
    for _ in range(600):
        yield
        time.sleep(0.05)


def read_all(database: TestDatabase, count: int, **options: object) -> list[int]:
    numbers: list[int] = []
    for _ in patiently():
        with database.connect("worker") as worker:
            numbers += read(worker, **options) or []  # type: ignore[arg-type]
        if len(numbers) >= count:
            break
    return numbers


@pytest.mark.parametrize("partition", [None, 0])
def test_events_come_as_they_were_written(database: TestDatabase, partition: int | None) -> None:
    write(database, 7, partition=partition)
    seen: list[StoredEvent] = []

    for _ in patiently():
        with database.connect("worker") as worker, worker.cursor() as cursor:
            outbox.deliver(cursor, "a", seen.extend, partition=partition)
        if seen:
            break

    (event,) = seen
    assert (event.kind, event.operator_id, event.line_id) == ("test.tried", OPERATOR, LINE)
    assert event.payload == {"number": 7}
    assert event.occurred_at == NOW


def test_transactions_come_in_their_order_and_once(database: TestDatabase) -> None:
    for number in range(10):
        write(database, number)

    assert read_all(database, 10, most=3) == list(range(10))
    with database.connect("worker") as worker:
        assert read(worker) is None


def test_each_consumer_has_a_place_of_its_own(database: TestDatabase) -> None:
    write(database, 1)
    first = read_all(database, 1, consumer="a")
    write(database, 2)

    assert first == [1]
    assert read_all(database, 1, consumer="a") == [2]
    assert read_all(database, 2, consumer="b") == [1, 2]


def test_a_second_worker_leaves_a_consumer_alone(database: TestDatabase) -> None:
    write(database, 1)
    read_all(database, 1)
    write(database, 2)
    with database.connect("worker") as busy, database.connect("worker") as other:
        taken = None
        for _ in patiently():
            taken = read(busy)
            if taken:
                break
            busy.commit()

        idle = read(other)

        assert taken == [2]
        assert idle is None


def test_a_handler_that_fails_gets_the_same_again(database: TestDatabase) -> None:
    write(database, 1)
    read_all(database, 1)
    write(database, 2)

    def fail(events: Sequence[StoredEvent]) -> None:
        raise ZeroDivisionError

    failures = 0
    for _ in patiently():
        try:
            with database.connect("worker") as worker, worker.cursor() as cursor:
                outbox.deliver(cursor, "a", fail, partition=0)
        except ZeroDivisionError:
            failures += 1
            break

    assert failures == 1
    assert read_all(database, 1) == [2]


def test_two_late_transactions_are_each_delivered(database: TestDatabase) -> None:
    with database.connect("web") as early, database.connect("web") as late:
        for connection, number in ((late, 1), (early, 2)):
            with connection.cursor() as cursor:
                cursor.execute(tenancy.set_local_operator(OPERATOR))
                event = Tried(operator_id=OPERATOR, occurred_at=NOW, line_id=LINE, number=number)
                outbox.append(cursor, new_id(), event, partition=0)
        early.commit()
        with database.connect("worker") as worker:
            before = read(worker)
        late.commit()

    assert before is None
    assert read_all(database, 2) == [1, 2]


def test_an_outbox_has_the_name_of_its_partition() -> None:
    assert outbox.source_of(None) == "public"
    assert outbox.source_of(3) == "hot_03"


def test_only_old_events_that_all_have_passed_are_removed(database: TestDatabase) -> None:
    write(database, 1, 2, 3, 4)
    passed = read_all(database, 4, consumer="quick")
    for _ in patiently():
        with database.connect("worker") as worker:
            if read(worker, "slow", most=3):
                break

    with database.connect("worker") as worker, worker.cursor() as cursor:
        too_young = outbox.prune(cursor, partition=0, readers=["slow"], before=NOW)
        portions = [
            outbox.prune(
                cursor, partition=0, readers=["slow"], before=NOW + timedelta(seconds=1), most=2
            )
            for _ in range(3)
        ]

    assert (too_young, portions) == (0, [2, 1, 0])
    assert read_all(database, 1, consumer="slow") == passed[3:]
    assert read_all(database, 1, consumer="late") == passed[3:]


def test_an_outbox_that_nobody_reads_keeps_all(database: TestDatabase) -> None:
    write(database, 1)

    with database.connect("worker") as worker, worker.cursor() as cursor:
        removed = outbox.prune(
            cursor, partition=0, readers=["slow"], before=NOW + timedelta(days=400)
        )

    assert removed == 0
