"""Locks by name: one transaction at a time does what has no row of its own to lock."""

import hashlib

from django.db import connection


def hold(name: str) -> None:
    """Waits for the lock and keeps it until the running transaction ends."""
    _lock("SELECT pg_advisory_xact_lock(%s)", name)


def share(name: str) -> None:
    """Like `hold`, beside others that share it; who holds it waits for all of them."""
    _lock("SELECT pg_advisory_xact_lock_shared(%s)", name)


def _lock(query: str, name: str) -> None:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(query, [number])
