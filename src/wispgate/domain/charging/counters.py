"""Absolute counters of accounting (RADIUS, Rf) told as usage since the last report."""

from wispgate.kernel.errors import InvalidValue

_GIGAWORD = 2**32


def join_gigawords(octets: int, gigawords: int) -> int:
    """A 64-bit counter of Acct-*-Octets and Acct-*-Gigawords (RFC 2869 section 5.1)."""
    if not (0 <= octets < _GIGAWORD and 0 <= gigawords < _GIGAWORD):
        raise InvalidValue("octets and gigawords have 32 bits each", field="octets")
    return gigawords * _GIGAWORD + octets


def usage_since(booked: int, counter: int) -> int:
    """What a counter shows beyond what is booked; one that came late shows nothing new."""
    return max(0, counter - booked)
