"""Where a phone is said to be, by its signs."""

from datetime import UTC, datetime, timedelta

import pytest

from wispgate.domain.diagnosis.presence import LOST_AFTER, Signs, decide_whereabouts

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD = NOW - LOST_AFTER


@pytest.mark.parametrize(
    ("signs", "said"),
    [
        (Signs(), "absent"),
        (Signs(authenticated_at=NOW), "absent"),
        (Signs(registered_at=NOW), "registered"),
        (Signs(registered_at=OLD), "last_seen"),
        (Signs(registered_at=OLD, authenticated_at=NOW), "registered"),
        (Signs(registered_at=OLD, session_at=NOW), "registered"),
        (Signs(registered_at=OLD, session_at=NOW, has_session=True), "online"),
        (Signs(registered_at=OLD, session_at=OLD, has_session=True), "last_seen"),
        (Signs(session_at=NOW, has_session=True), "online"),
        (Signs(session_at=OLD, has_session=True), "last_seen"),
        (Signs(registered_at=NOW, is_purged=True), "purged"),
        (Signs(registered_at=OLD, is_purged=True, session_at=NOW, has_session=True), "online"),
    ],
)
def test_the_newest_sign_says_where_a_phone_is(signs: Signs, said: str) -> None:
    assert decide_whereabouts(signs, now=NOW) == said


def test_the_last_sign_is_the_newest_of_all() -> None:
    signs = Signs(registered_at=OLD, authenticated_at=NOW, session_at=OLD - timedelta(days=1))

    assert signs.last_at == NOW
    assert Signs().last_at is None
