"""SQLite's side of the seam: WAL, synchronous=FULL, one writer at a time.

The driver is left in autocommit (`isolation_level=None`) and we say BEGIN ourselves: a deferred
one for readers, IMMEDIATE for writers, because a reader that later wants to write can only fail.
"""

import sqlite3
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import index
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Boolean, Column, Connection, Engine, Table, create_engine, event
from sqlalchemy.pool import QueuePool

from backroom.db.seam import Row, Wakeup
from backroom.db.types import Instant, Json, Payload, json_text, microseconds
from backroom.vocabulary.clock import Clock
from backroom.vocabulary.errors import StoreUnavailable

RETRY_SECONDS = 0.001
POLL_SECONDS = 0.01
READ_BUSY_SECONDS = 5.0
CACHE_KB: Final = 2048
"""Of each connection, and a worker has several: with 8192 a sync was no faster and its peak 15 MB higher."""
ROWS_TOGETHER: Final = 32
"""In one INSERT: a row of its own costs twice the time. From 3.32 on SQLite takes 32,766 values at once."""
_CONVERSIONS: Final = ((Instant, microseconds), (Json, json_text), (Boolean, index))


def sqlite_engine(path: Path) -> Engine:
    """An engine over one file. The folder must exist."""
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=8,
        max_overflow=40,
        connect_args={"timeout": READ_BUSY_SECONDS, "cached_statements": 256},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin_reading)
    return engine


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in (
        "synchronous=FULL",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "wal_autocheckpoint=1000",
        f"cache_size=-{CACHE_KB}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _write_ahead(connection: sqlite3.Connection) -> None:
    # A new file takes WAL from whoever opens it first. SQLite answers the others "locked" at once, without
    # its busy handler: two that wait for each other to let go would wait for ever.
    _execute_when_free(connection, "PRAGMA journal_mode=WAL", READ_BUSY_SECONDS)


def _execute_when_free(connection: sqlite3.Connection, statement: str, wait_seconds: float) -> None:
    """Asks again each millisecond while another one is busy. Raises SQLite's error after the time."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() >= deadline:
                raise
        time.sleep(RETRY_SECONDS)


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _begin_reading(connection: Connection) -> None:
    if not connection.get_execution_options().get("writing"):
        connection.exec_driver_sql("BEGIN")


class SqliteSeam:
    """See `Seam`. Locks of shops are free: the writer is alone anyway."""

    batch_seconds = 0.020
    quiet_batch_seconds = 0.100

    def __init__(self, clock: Clock, path: Path) -> None:
        self._clock = clock
        self._path = path
        self._file: tuple[int, int] | None = None

    def now(self, connection: Connection) -> datetime:
        return self._clock.now()

    def begin_writing(self, connection: Connection, wait_seconds: float) -> None:
        # SQLite's own busy handler backs off to 100 ms: a receipt would wait far longer than the 20 ms
        # that a batch holds the writer. So we ask again each millisecond.
        driver = _driver(connection)
        driver.execute("PRAGMA busy_timeout=0")
        try:
            _execute_when_free(driver, "BEGIN IMMEDIATE", wait_seconds)
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                raise
            raise StoreUnavailable("the database's writer stayed busy") from error
        finally:
            driver.execute(f"PRAGMA busy_timeout={int(READ_BUSY_SECONDS * 1000)}")

    def check(self, engine: Engine) -> None:
        # An open connection goes on writing into a file that was deleted or replaced, for nobody to read.
        try:
            found = self._path.stat()
        except FileNotFoundError:
            if self._file is not None:
                raise StoreUnavailable("the database's file is gone") from None
            return
        file = (found.st_dev, found.st_ino)
        if self._file not in (None, file):
            engine.dispose()
            self._file = file
            raise StoreUnavailable("the database's file was replaced; opening it anew")
        self._file = file

    def try_lock(self, connection: Connection, number: int) -> bool:
        return True

    def insert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> None:
        statement, converters = _insert_statement(table, tuple(columns), ())
        _refuse_uneven(rows, len(columns))
        converted = converters.rows(rows)
        driver = _driver(connection)
        together = 0 if converters.large else len(converted) - len(converted) % ROWS_TOGETHER
        if together:
            many, _ = _insert_statement(table, tuple(columns), (), ROWS_TOGETHER)
            groups = range(0, together, ROWS_TOGETHER)
            driver.executemany(many, (_flat(converted[start : start + ROWS_TOGETHER]) for start in groups))
        driver.executemany(statement, converted[together:])

    def insert_new(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        unique: Sequence[str],
    ) -> list[bool]:
        statement, converters = _insert_statement(table, tuple(columns), tuple(unique))
        cursor = _driver(connection).cursor()
        return [cursor.execute(statement, row).rowcount == 1 for row in converters.rows(rows)]

    def update(
        self,
        connection: Connection,
        table: Table,
        keys: Sequence[str],
        columns: Sequence[str],
        rows: Sequence[Row],
    ) -> int:
        statement, converters = _update_statement(table, tuple(keys), tuple(columns))
        keyed = len(keys)
        ordered = [row[keyed:] + row[:keyed] for row in rows]
        return _driver(connection).executemany(statement, converters.rows(ordered)).rowcount

    def allocate_ids(self, connection: Connection, table: Table, count: int) -> list[int]:
        # We are the only writer, and these tables never lose rows: the greatest id is the counter.
        query = f'SELECT coalesce(max(id), 0) FROM "{table.name}"'  # noqa: S608  a name of our own
        (greatest,) = _driver(connection).execute(query).fetchone()
        return list(range(greatest + 1, greatest + count + 1))

    def lock_rows(self, connection: Connection, table: Table, ids: Sequence[int]) -> None:
        return

    def commit_order(self, connection: Connection) -> int:
        return 0  # one writer: ids commit in their order

    def commit_horizon(self, connection: Connection) -> int:
        return 1

    def unanswered(self, connection: Connection) -> AbstractContextManager[object]:
        return nullcontext()

    def notify(self, connection: Connection) -> None:
        return

    def wakeup(self, engine: Engine) -> Wakeup:
        return _DataVersion(engine)


class _DataVersion:
    """Looks at `PRAGMA data_version` (2 µs), which moves when another connection commits."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.raw_connection()
        self._seen = self._version()

    def _version(self) -> int:
        driver: Any = self._connection.driver_connection
        return int(driver.execute("PRAGMA data_version").fetchone()[0])

    def wait(self, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while (version := self._version()) == self._seen and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._seen = version

    def close(self) -> None:
        self._connection.close()


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class Converters:
    """Rows of Python values -> what the driver takes. Most columns need nothing done.

    It would take a bool, too, after it has looked for a way to adapt it: that takes longer than all the rest.
    `large`: a row may be, and the driver copies each value that it binds.
    """

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        self.large = any(isinstance(column.type, Payload) for column in columns)
        self._by_position = [
            (position, convert)
            for position, column in enumerate(columns)
            for kind, convert in _CONVERSIONS
            if isinstance(column.type, kind)
        ]

    def rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        return [self._converted(row) for row in rows] if self._by_position else rows

    def _converted(self, row: Row) -> Row:
        values = list(row)
        for position, convert in self._by_position:
            if values[position] is not None:
                values[position] = convert(values[position])
        return tuple(values)


def _refuse_uneven(rows: Sequence[Row], width: int) -> None:
    # In rows that go together the driver counts all values at once: one too few here and one too many there
    # would slide into their neighbours.
    if set(map(len, rows)) != {width}:
        raise ValueError("a row has not as many values as there are columns")


def _flat(rows: Sequence[Row]) -> list[Any]:
    return list(chain.from_iterable(rows))


@lru_cache(maxsize=256)
def _insert_statement(
    table: Table, columns: tuple[str, ...], unique: tuple[str, ...], rows: int = 1
) -> tuple[str, Converters]:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = "), (".join([", ".join("?" * len(columns))] * rows)
    conflict = f" ON CONFLICT ({', '.join(unique)}) DO NOTHING" if unique else ""
    statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}){conflict}'  # noqa: S608
    return statement, Converters([table.c[name] for name in columns])


@lru_cache(maxsize=256)
def _update_statement(
    table: Table, keys: tuple[str, ...], columns: tuple[str, ...]
) -> tuple[str, Converters]:
    sets = ", ".join(f'"{name}" = ?' for name in columns)
    conditions = " AND ".join(f'"{name}" = ?' for name in keys)
    statement = f'UPDATE "{table.name}" SET {sets} WHERE {conditions}'  # noqa: S608
    return statement, Converters([table.c[name] for name in columns + keys])
