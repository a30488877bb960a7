from uuid import UUID

import pytest

from wispgate.business.audit.chain import Entry
from wispgate.business.audit.comparison import Damage, Difference, first_difference


def a(id_: int, *, xid: int = 1, digest: int | None = None) -> Entry:
    return Entry(xid, UUID(int=id_), bytes([digest or id_] * 32))


SEALED = [a(1), a(2), a(3)]


@pytest.mark.parametrize(
    ("found", "damage", "index", "id_"),
    [
        ([a(1), a(2, digest=9), a(3)], Damage.UPDATED, 1, 2),
        ([a(1), a(3)], Damage.DELETED, 1, 2),
        ([a(1), a(2)], Damage.DELETED, 2, 3),
        ([], Damage.DELETED, 0, 1),
        ([a(9), a(1), a(2), a(3)], Damage.INSERTED, 0, 9),
        ([a(1), a(2), a(3), a(9)], Damage.INSERTED, 3, 9),
        ([a(1), a(2, digest=3), a(3, digest=2)], Damage.REORDERED, 1, 2),
        ([a(1), a(3), a(2, xid=2)], Damage.REORDERED, 1, 2),
        ([a(1), a(9, digest=2), a(3)], Damage.UPDATED, 1, 9),
    ],
)
def test_the_first_difference_is_named(
    found: list[Entry], damage: Damage, index: int, id_: int
) -> None:
    assert first_difference(SEALED, found) == Difference(damage, index, UUID(int=id_))


def test_equal_rows_have_no_difference() -> None:
    assert first_difference(SEALED, list(SEALED)) is None
