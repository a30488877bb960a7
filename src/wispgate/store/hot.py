"""The network side's connections: a few per partition, straight to the node that holds it.

Statements are prepared once per connection. A connection that broke is replaced; what was under
way on it raises, and whoever asked decides whether asking again is harmless.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self

import asyncpg

from wispgate.kernel.errors import Misconfigured, Unavailable, WispgateError
from wispgate.store import loader, partitions

# Two batches in flight, and one for what is rare.
CONNECTIONS_PER_PARTITION = 3
CONNECT_SECONDS = 5.0
# A server that is stopped or cut off says nothing: what waits this long is given up.
STATEMENT_SECONDS = 10.0
# Whoever else holds a row does so for milliseconds. Longer, and all that came with it in a batch
# would wait too: then each goes alone, and only who needs that very row is turned away.
LOCK_SECONDS = 2.0
# No transaction of ours waits for anything but its next statement. One that does would keep
# PostgreSQL from tidying up behind every update that comes after it.
IDLE_SECONDS = 5.0
# What PostgreSQL raises while it goes down, comes up, is full, only reads, or is gone.
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.ReadOnlySQLTransactionError,
)
# The batch statements join an unnest with a table by its key: always by index.
PLANNER: Final[Mapping[str, str]] = MappingProxyType(
    {"enable_hashjoin": "off", "enable_mergejoin": "off", "enable_seqscan": "off", "jit": "off"}
)
_DEADLOCK = asyncpg.DeadlockDetectedError
# Who is tried again at once may meet the same rival before that one got its lock.
_DEADLOCK_PAUSES = (0.01, 0.05, 0.25)


class DatabaseLost(Unavailable):
    """The database cannot be reached now; what was asked may or may not have been committed."""

    code = "database_lost"


class DatabaseMoved(DatabaseLost):
    """The database came into another cluster (it was restored) and was not prepared there: rows
    written now could stand before those that outboxes and seals have passed.
    """

    code = "database_moved"

    def __init__(self) -> None:
        super().__init__(
            "the database was moved or restored into another server: run `wispgate migrate` first"
        )


class RowHeld(WispgateError):
    """Somebody outside holds a row for too long; nothing was done. Not `Unavailable`: it is this
    request's row, and the others of its batch may go on.
    """

    code = "row_held"


class Partition:
    """Named statements on one partition's connections."""

    def __init__(self, dsn: str, number: int, *, connections: int) -> None:
        self.number = number
        self._dsn = dsn
        self._free: asyncio.LifoQueue[asyncpg.Connection | None] = asyncio.LifoQueue()
        for _ in range(connections):
            self._free.put_nowait(None)
        self._open: set[asyncpg.Connection] = set()
        self._opening: set[asyncio.Task[asyncpg.Connection]] = set()
        self._is_closed = False

    async def fetch(self, name: str, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        """The rows of a statement, committed when they are here.

        A deadlock is tried again, a few times: its transaction did nothing. Raises DatabaseLost or
        RowHeld.
        """
        statement = loader.statement(name)
        arguments = statement.arguments(values)
        async with self._connection() as connection:
            for pause in _DEADLOCK_PAUSES:
                try:
                    return await _fetch(connection, statement, arguments)
                except _DEADLOCK:
                    await asyncio.sleep(pause)
            return await _fetch(connection, statement, arguments)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Transaction"]:
        """Several statements in one transaction. Raises DatabaseLost, RowHeld."""
        async with self._connection() as connection, connection.transaction():
            yield Transaction(connection)

    async def close(self) -> None:
        self._is_closed = True
        if self._opening:
            await asyncio.wait(self._opening)
        for connection in list(self._open):
            await connection.close()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await self._free.get()
        try:
            if connection is None or connection.is_closed():
                self._discard(connection)
                connection = None
                connection = await self._connect()
            yield connection
        except _LOST as error:
            self._discard(connection)
            connection = None
            raise DatabaseLost(f"the database is away: {error}") from error
        except asyncpg.LockNotAvailableError as error:
            raise RowHeld(f"somebody holds a row for over {LOCK_SECONDS:.0f} s") from error
        finally:
            self._free.put_nowait(connection)

    def _discard(self, connection: asyncpg.Connection | None) -> None:
        if connection is not None:
            self._open.discard(connection)
            connection.terminate()

    async def _connect(self) -> asyncpg.Connection:
        """A new connection. It is made to its end even if the asker is cancelled: one that was
        made in that very moment would stay open, and nobody would know of it.
        """
        if self._is_closed:
            raise DatabaseLost("the store is closed")
        opening = asyncio.ensure_future(self._open_one())
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._drop)
            raise

    def _drop(self, opening: asyncio.Task[asyncpg.Connection]) -> None:
        if not opening.cancelled() and opening.exception() is None:
            self._discard(opening.result())

    async def _open_one(self) -> asyncpg.Connection:
        settings = {
            **PLANNER,
            "search_path": partitions.search_path_of(self.number),
            "application_name": "wispgate network",
            "lock_timeout": f"{LOCK_SECONDS:.0f}s",
            "idle_in_transaction_session_timeout": f"{IDLE_SECONDS:.0f}s",
        }
        connection = await asyncpg.connect(
            self._dsn,
            server_settings=settings,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
        )
        self._open.add(connection)
        statement = loader.statement("is_at_home")
        if not await connection.fetchval(statement.for_asyncpg, *statement.arguments({})):
            self._discard(connection)
            raise DatabaseMoved
        return connection


class Transaction:
    """Named statements inside one transaction."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, name: str, values: Mapping[str, Any]) -> list[asyncpg.Record]:
        statement = loader.statement(name)
        return await _fetch(self._connection, statement, statement.arguments(values))


class HotStore:
    """All partitions of an installation, and the public tables through the first of them."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.partitions: Sequence[Partition] = ()

    async def __aenter__(self) -> Self:
        """Asks the installation how many partitions there are. Raises DatabaseLost."""
        first = Partition(self._dsn, 0, connections=CONNECTIONS_PER_PARTITION)
        try:
            rows = await first.fetch("read_installation", {})
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            rows = []
        if not rows:
            await first.close()
            raise Misconfigured("this database was not set up by `wispgate migrate`")
        others = range(1, rows[0]["partitions"])
        self.partitions = (
            first,
            *(Partition(self._dsn, n, connections=CONNECTIONS_PER_PARTITION) for n in others),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for partition in self.partitions:
            await partition.close()

    @property
    def public(self) -> Partition:
        """For statements on the public tables."""
        return self.partitions[0]


async def _fetch(
    connection: asyncpg.Connection, statement: loader.Statement, arguments: tuple[Any, ...]
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(statement.for_asyncpg, *arguments)
    return rows
