"""The arrays of the batch statement: what rows share stands once."""

from datetime import UTC, datetime
from uuid import UUID

from wispgate.store.charging_batch import Opening, Shape, SimpleRequest, columns_of

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
CORE, LINE = UUID(int=1), UUID(int=2)


def a_shape(kind: str = "u", rating_group: int | None = 10, answer: bytes | None = b"a") -> Shape:
    return Shape(
        kind=kind, core_id=CORE, unit="octets", zone="home", needs_left=True, answer=answer,
        rating_group=rating_group, wanted=100, is_free=False,
    )  # fmt: skip


def a_request(*shapes: Shape, session: str = "s1", opening: Opening | None = None) -> SimpleRequest:
    return SimpleRequest(session, 3, LINE, 7, shapes, (5,) * len(shapes), opening)


def test_rows_of_one_shape_share_it() -> None:
    first, second = a_shape(), a_shape(rating_group=20, answer=None)

    columns = columns_of([a_request(first, second), a_request(first, session="s2")], NOW, bytes(20))

    assert columns["requests"] == (0, 0, 1)
    assert columns["shapes"] == (1, 2, 1)
    assert columns["rating_groups"] == [10, 20]
    assert columns["answers"] == [b"a", None]
    assert columns["session_ids"] == ("s1", "s1", "s2")
    assert columns["used"] == (5, 5, 5)
    assert columns["count"] == 3


def test_only_beginnings_and_ends_have_an_event() -> None:
    opening = Opening("pgw", "internet", "00101", "10.0.0.1")
    requests = [
        a_request(a_shape("u")),
        a_request(a_shape("i"), opening=opening),
        a_request(a_shape("t")),
    ]

    columns = columns_of(requests, NOW, bytes(20))

    assert columns["events"] == (0, 1, 2)
    assert columns["apns"] == ["internet", ""]
    assert columns["addresses"] == ["10.0.0.1", None]
    assert len(columns["event_ids"]) == 2
    ids = [*columns["entry_ids"], *columns["event_ids"]]
    assert len(set(ids)) == 5
    assert {one.version for one in ids} == {7}
