"""Who may trace what, for how long, and what becomes of it."""

from datetime import timedelta
from uuid import UUID

import pytest

from tests.harness.databases import TestDatabase
from tests.unit.business.world import World, imsi
from wispgate.business.audit.models import AuditEntry
from wispgate.business.hotplane.models import EveryLine
from wispgate.business.tracing import queries, services
from wispgate.business.tracing.errors import NotYoursToTrace, TooManyTraces
from wispgate.business.tracing.services import Subject
from wispgate.kernel.errors import InvalidValue, NotFound

FIRST_OF_SOUTH = 500_001


def begin(world: World, kind: str = "imsi", value: str = "", **more: int) -> UUID:
    with world.as_staff():
        return services.start(Subject(kind, value or imsi(1)), **more)


def state_of(world: World, trace_id: UUID) -> str:
    with world.as_staff():
        return queries.state_of(queries.get_trace(trace_id), now=world.clock.now())


def a_session(world: World, database: TestDatabase, session_id: str = "pgw;1") -> None:
    """A line with an open session, as the network function writes it."""
    line_id = world.line(1)
    with world.as_staff():
        row = EveryLine.objects.get(line_id=line_id)
    with database.admin() as connection:
        connection.execute(
            f"INSERT INTO hot_{row.partition:02d}.charging_session (session_id, operator_id,"  # noqa: S608
            " account_id, line_id, core_id, peer, apn, visited_plmn, plan_id, plan_version,"
            " last_number, is_open, opened_at, seen_at)"
            " VALUES (%s, %s, %s, %s, %s, 'p', 'a', '00101', %s, 1, 0, true, %s, %s)",
            (
                session_id, row.operator_id, row.account_id, line_id, row.core_id, line_id,
                world.clock.now(), world.clock.now(),
            ),
        )  # fmt: skip


def test_a_card_of_the_operator_is_traced_for_a_while(world: World) -> None:
    world.stock(1)

    trace_id = begin(world, minutes=5)

    before = state_of(world, trace_id)
    world.clock.advance(minutes=5)
    assert (before, state_of(world, trace_id)) == ("running", "over")


def test_sessions_that_are_open_come_with_the_card(world: World, business: TestDatabase) -> None:
    a_session(world, business)

    trace_id = begin(world)

    with world.as_staff():
        trace = queries.get_trace(trace_id)
    assert trace.sessions == ["pgw;1"]
    assert (trace.operator_id, trace.started_by) == (world.north, "ada@north.example")


def test_a_session_of_the_operator_is_traced(world: World, business: TestDatabase) -> None:
    a_session(world, business)

    assert state_of(world, begin(world, "session", "pgw;1")) == "running"


@pytest.mark.parametrize(
    ("kind", "value"),
    [("imsi", imsi(FIRST_OF_SOUTH)), ("imsi", imsi(77)), ("session", "x;1"), ("peer", "mme.lab")],
)
def test_staff_trace_nothing_of_others(world: World, kind: str, value: str) -> None:
    world.stock(FIRST_OF_SOUTH, operator=world.south)

    with pytest.raises(NotYoursToTrace):
        begin(world, kind, value)


def test_the_platform_traces_anything_and_operators_do_not_see_that(
    world: World, business: TestDatabase
) -> None:
    a_session(world, business)
    with world.as_platform():
        card = services.start(Subject("imsi", imsi(1)))
        services.start(Subject("imsi", imsi(77)))
        peer = services.start(Subject("peer", "MME.lab", "lab"))
        traces = {trace.id: trace for trace in queries.list_traces()}

    assert traces[card].sessions == ["pgw;1"]
    assert traces[peer].subject == "mme.lab"
    assert traces[peer].core_id is not None
    with world.as_staff():
        assert queries.list_traces() == []
        with pytest.raises(NotFound):
            queries.get_trace(card)


def test_another_operator_sees_no_trace(world: World) -> None:
    world.stock(1)
    trace_id = begin(world)

    with world.as_staff(world.south):
        assert queries.list_traces() == []
        with pytest.raises(NotFound):
            services.stop(trace_id)
        with pytest.raises(NotFound):
            queries.encode_capture(trace_id)
        with pytest.raises(NotFound):
            queries.list_messages(trace_id)


def test_a_trace_is_stopped_once(world: World) -> None:
    world.stock(1)
    trace_id = begin(world)

    for _ in range(2):
        with world.as_staff():
            services.stop(trace_id)
        world.clock.advance(minutes=1)

    with world.as_staff():
        stopped_at = queries.get_trace(trace_id).stopped_at
    assert state_of(world, trace_id) == "stopped"
    assert stopped_at == world.clock.now() - timedelta(minutes=2)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "cell"}, "kind"),
        ({"value": "12"}, "subject"),
        ({"value": " "}, "subject"),
        ({"value": "a\nb", "kind": "session"}, "subject"),
        ({"value": "x" * 256, "kind": "session"}, "subject"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 241}, "minutes"),
        ({"max_messages": 10_001}, "max_messages"),
    ],
)
def test_what_is_wrong_is_named(world: World, wrong: dict[str, object], field: str) -> None:
    given = {"kind": "imsi", "value": imsi(1)} | wrong
    with pytest.raises(InvalidValue) as caught:
        begin(world, **given)  # type: ignore[arg-type]  # on purpose

    assert caught.value.field == field


def test_no_more_run_than_connections_can_bear(world: World) -> None:
    world.stock(1)
    for _ in range(services.MOST_RUNNING):
        begin(world)

    with pytest.raises(TooManyTraces):
        begin(world)
    world.clock.advance(minutes=10)
    begin(world)


def test_old_traces_are_forgotten(world: World) -> None:
    world.stock(1)
    old = begin(world)
    world.clock.advance(days=7)
    young = begin(world)
    world.clock.advance(minutes=11)

    forgotten = services.forget(now=world.clock.now())

    with world.as_staff():
        assert [trace.id for trace in queries.list_traces()] == [young]
        with pytest.raises(NotFound):
            queries.get_trace(old)
    assert forgotten == 1


def test_the_audit_knows_who_traced_whom(world: World) -> None:
    world.stock(1)
    trace_id = begin(world)

    with world.as_staff():
        entry = AuditEntry.objects.get(object_type="tracing_trace")
    assert entry.object_id == str(trace_id)
    assert entry.actor == "ada@north.example"
    assert entry.after["subject"] == imsi(1)
