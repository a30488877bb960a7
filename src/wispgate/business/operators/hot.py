"""Named store statements on the running transaction's connection."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from wispgate.kernel.errors import NotFound
from wispgate.store import partitions as hot_partitions
from wispgate.store import sync


def run(name: str, /, *, partition: int | None = None, **values: Any) -> list[dict[str, Any]]:
    """The rows of a store statement, in a hot partition where one is named."""
    return execute(name, values, partition=partition)


def execute(
    name: str, values: Mapping[str, Any], *, partition: int | None = None
) -> list[dict[str, Any]]:
    """Like `run`, for statements with a parameter that is itself called partition."""
    with connection.cursor() as cursor:
        return sync.run(cursor, name, values, partition=partition)


def open_account(account_id: UUID, *, operator_id: UUID) -> int:
    """Puts a new account into a partition, which is returned."""
    count = run("read_installation")[0]["partitions"]
    partition = hot_partitions.partition_for(account_id, partitions=count)
    place = {"account_id": account_id, "operator_id": operator_id, "partition": partition}
    execute("add_account", place)
    return partition


def partition_of(account_id: UUID) -> int:
    """Where an account lives. Raises NotFound for one that the scope does not see."""
    rows = run("find_account", account_id=account_id)
    if not rows:
        raise NotFound("account", account_id)
    partition: int = rows[0]["partition"]
    return partition
