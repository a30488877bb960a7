"""Hot partitions: schemas with the same tables, each holding whole accounts.

Their number is fixed when an installation is made. An account's partition is written in the
account directory; `partition_for` only chooses it for a new account.
"""

from uuid import UUID

from wispgate.kernel.errors import InvalidValue

MAX_PARTITIONS = 64


def schema_of(partition: int) -> str:
    """The schema name of a partition: 0 → "hot_00"."""
    if not 0 <= partition < MAX_PARTITIONS:
        raise InvalidValue(f"partitions are numbered 0 to {MAX_PARTITIONS - 1}, not {partition}")
    return f"hot_{partition:02d}"


def search_path_of(partition: int) -> str:
    """The search path that makes unqualified hot tables mean this partition's."""
    return f"{schema_of(partition)}, public"


def partition_for(account_id: UUID, *, partitions: int) -> int:
    """Where a new account goes: spread by the random end of its UUIDv7."""
    return (account_id.int & 0xFFFF_FFFF) % partitions
