"""UUIDv7: ids that the application makes, in the order of their making (RFC 9562 section 5.7)."""

from datetime import datetime, timedelta
from uuid import UUID

_RANDOM_BITS = 74
_STEP_BYTES = 5


def uuid7(now: datetime, random_bytes: bytes) -> UUID:
    """48 bits of Unix milliseconds, then 74 random bits from ten `random_bytes`.

    Raises ValueError for a naive `now` or too few random bytes.
    """
    if now.tzinfo is None:
        raise ValueError("uuid7 needs an aware datetime")
    if len(random_bytes) < 10:
        raise ValueError("uuid7 needs ten random bytes")
    # Integer arithmetic: a float of seconds loses microseconds after 2038.
    elapsed = now - _EPOCH
    milliseconds = elapsed.days * 86_400_000 + elapsed.seconds * 1000 + elapsed.microseconds // 1000
    return _assemble(milliseconds, int.from_bytes(random_bytes[:10], "big") >> 80 - _RANDOM_BITS)


def uuid7_after(previous: UUID | None, now: datetime, random_bytes: bytes) -> UUID:
    """The id that follows `previous` of the same maker, also inside one millisecond.

    RFC 9562 section 6.2, method 2: there the random part grows by a random step, so that ids stay
    hard to guess. A new millisecond, forward or back, begins anew. Raises as `uuid7` does.
    """
    fresh = uuid7(now, random_bytes)
    if previous is None or previous.int >> 80 != fresh.int >> 80:
        return fresh
    step = 1 + int.from_bytes(random_bytes[:_STEP_BYTES], "big")
    grown = _random_part(previous) + step
    if grown >> _RANDOM_BITS:
        return _assemble((previous.int >> 80) + 1, grown & (1 << _RANDOM_BITS) - 1)
    return _assemble(previous.int >> 80, grown)


def uuid7_series(now: datetime, random_bytes: bytes, count: int) -> list[bytes]:
    """The octets of `count` UUIDv7 that follow each other: the last 32 bits are a counter.

    Made at once for the rows of a batch; RFC 9562 section 6.2 has the method.
    """
    first = uuid7(now, random_bytes).bytes
    start = int.from_bytes(first[12:], "big") % (2**32 - count)
    prefix = first[:12]
    return [prefix + number.to_bytes(4, "big") for number in range(start, start + count)]


def time_of(identifier: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond. Raises ValueError for other versions."""
    if identifier.version != 7:
        raise ValueError(f"not a UUIDv7: {identifier}")
    try:
        return _EPOCH + timedelta(milliseconds=identifier.int >> 80)
    except OverflowError:
        raise ValueError(f"a UUIDv7 of no year that a datetime has: {identifier}") from None


def _assemble(milliseconds: int, random: int) -> UUID:
    high, low = random >> 62, random & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


def _random_part(identifier: UUID) -> int:
    return (identifier.int >> 64 & 0xFFF) << 62 | identifier.int & (1 << 62) - 1


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
