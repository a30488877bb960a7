"""UUIDv7: ids that the application makes, in the order of their making (RFC 9562 section 5.7)."""

from datetime import datetime, timedelta
from uuid import UUID

_RANDOM_BITS = 74


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
    random = int.from_bytes(random_bytes[:10], "big") >> (80 - _RANDOM_BITS)
    high, low = random >> 62, random & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 7 << 76 | high << 64 | 2 << 62 | low)


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


_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
