from datetime import UTC, datetime, timedelta

import pytest

from wispgate.domain.login.lifetimes import FRESH, Ended, Lifetime, find_end, is_fresh
from wispgate.kernel.errors import InvalidValue

BEGAN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LIFETIME = Lifetime(idle=timedelta(hours=1), absolute=timedelta(hours=8))


@pytest.mark.parametrize(
    ("seen", "now", "end"),
    [
        (0, 0.99, None),
        (0, 1, Ended.IDLE),
        (7.5, 7.99, None),
        (7.5, 8, Ended.TOO_OLD),
        (7.99, 9, Ended.TOO_OLD),
    ],
)
def test_a_session_ends_by_rest_and_by_age(seen: float, now: float, end: Ended | None) -> None:
    found = find_end(
        LIFETIME,
        created_at=BEGAN,
        seen_at=BEGAN + timedelta(hours=seen),
        now=BEGAN + timedelta(hours=now),
    )

    assert found == end


@pytest.mark.parametrize(
    ("idle", "absolute", "field"), [(4, 60, "idle"), (5, 43_201, "absolute"), (61, 60, "idle")]
)
def test_a_lifetime_out_of_its_bounds_is_refused(idle: int, absolute: int, field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        Lifetime(idle=timedelta(minutes=idle), absolute=timedelta(minutes=absolute))

    assert refused.value.field == field


def test_a_proof_is_fresh_for_ten_minutes() -> None:
    assert is_fresh(BEGAN, now=BEGAN)
    assert not is_fresh(BEGAN, now=BEGAN + FRESH)
    assert not is_fresh(BEGAN + timedelta(seconds=1), now=BEGAN)
    assert not is_fresh(None, now=BEGAN)
