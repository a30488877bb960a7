"""UUIDv7: in the order of time, and time can be read back."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.kernel.ids import time_of, uuid7, uuid7_after, uuid7_series

NOW = datetime(2026, 11, 23, 12, 0, 0, 123_456, tzinfo=UTC)
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    timezones=st.just(UTC),
)
RANDOM = st.binary(min_size=10, max_size=10)


def test_published_example_has_the_same_layout():
    # RFC 9562 appendix A.6: 2022-02-22 14:22:22 -05:00, rand_a CC3, rand_b 18C4DC0C0C07398F.
    now = datetime(2022, 2, 22, 14, 22, 22, tzinfo=timezone(timedelta(hours=-5)))
    random_bits = 0xCC3 << 62 | 0x18C4DC0C0C07398F

    made = uuid7(now, (random_bits << 6).to_bytes(10, "big"))

    assert made == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(INSTANTS, RANDOM)
def test_identifier_has_version_variant_and_time(now, random_bytes):
    made = uuid7(now, random_bytes)

    assert (made.version, made.variant) == (7, RFC_4122)
    assert timedelta() <= now - time_of(made) < timedelta(milliseconds=1)


@given(INSTANTS, INSTANTS, RANDOM, RANDOM)
def test_identifiers_are_ordered_by_their_millisecond(first, second, random_a, random_b):
    a, b = uuid7(first, random_a), uuid7(second, random_b)

    if time_of(a) != time_of(b):
        assert (a < b) is (first < second)


@given(RANDOM)
def test_random_bits_fill_all_but_the_fixed_ones(random_bytes):
    made = uuid7(NOW, random_bytes).int

    kept = (made >> 64 & 0xFFF) << 62 | made & (1 << 62) - 1
    assert kept == int.from_bytes(random_bytes, "big") >> 6


def test_naive_time_is_refused():
    with pytest.raises(ValueError, match="aware"):
        uuid7(NOW.replace(tzinfo=None), bytes(10))


def test_too_few_random_bytes_are_refused():
    with pytest.raises(ValueError, match="ten random bytes"):
        uuid7(NOW, bytes(9))


def test_time_before_1970_is_refused():
    with pytest.raises(ValueError, match="out of range"):
        uuid7(datetime(1969, 12, 31, tzinfo=UTC), bytes(10))


def test_identifier_of_another_version_has_no_time():
    with pytest.raises(ValueError, match="not a UUIDv7"):
        time_of(UUID("c232ab00-9414-41ec-b3c8-9f6bdeced846"))


def test_identifier_beyond_year_9999_has_no_time():
    with pytest.raises(ValueError, match="no year"):
        time_of(UUID("ffffffff-ffff-7fff-bfff-ffffffffffff"))


@given(INSTANTS, RANDOM, st.integers(0, 300))
def test_identifiers_of_a_series_follow_each_other(now, random_bytes, count):
    made = [UUID(bytes=octets) for octets in uuid7_series(now, random_bytes, count)]

    assert len(set(made)) == count
    assert made == sorted(made)
    assert all((one.version, one.variant) == (7, RFC_4122) for one in made)
    assert all(time_of(one) == time_of(uuid7(now, random_bytes)) for one in made)


@given(INSTANTS, st.lists(RANDOM, min_size=1, max_size=30))
def test_identifiers_of_one_maker_grow_inside_a_millisecond(now, random_parts):
    made = []
    for random_bytes in random_parts:
        made.append(uuid7_after(made[-1] if made else None, now, random_bytes))

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all((one.version, one.variant) == (7, RFC_4122) for one in made)


@given(INSTANTS, INSTANTS, RANDOM, RANDOM)
def test_another_millisecond_begins_anew(first, second, random_a, random_b):
    previous = uuid7(first, random_a)

    if time_of(previous) != time_of(uuid7(second, random_b)):
        assert uuid7_after(previous, second, random_b) == uuid7(second, random_b)


def test_full_millisecond_goes_on_in_the_next():
    full = uuid7(NOW, b"\xff" * 10)

    following = uuid7_after(full, NOW, bytes(10))

    assert following > full
    assert time_of(following) - time_of(full) == timedelta(milliseconds=1)
