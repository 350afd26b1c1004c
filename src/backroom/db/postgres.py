"""PostgreSQL's side of the seam: psycopg 3, one schema of our own, arrays instead of long VALUES lists.

Rows go over as one array per column (`unnest`), which keeps a statement the same whatever the
number of rows, so that the server prepares it once.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Format
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, Engine, Table, create_engine, event

from backroom.db.arrays import Arrays
from backroom.db.faults import translated
from backroom.db.seam import Row, Wakeup
from backroom.vocabulary.clock import Clock
from backroom.vocabulary.errors import Misuse

PATIENCE: Final = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""For servers that are gone without a word; the address may say otherwise. Seconds, the last milliseconds."""

# An acknowledgement is a promise: a server set up to lie about commits is told not to, for us. Whoever
# holds a lock that we need gets as long as a receipt can wait. A process of ours that hangs or has vanished
# within a transaction gives its shop's lock back. The isolation is what the statements were written for.
_SESSION: LiteralString = """
    SELECT set_config('TimeZone', 'UTC', false),
        set_config('default_transaction_isolation', 'read committed', false),
        set_config('lock_timeout', '3500ms', false),
        set_config('idle_in_transaction_session_timeout', '30s', false),
        set_config('synchronous_commit', CASE current_setting('synchronous_commit')
            WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)
"""
_USUAL_WAIT_SECONDS = 4.0


def postgres_engine(address: str, schema: str) -> Engine:
    """An engine over any libpq address (URL or key=value). The schema need not exist yet.

    Raises Misuse for what libpq can't read, without its words: it quotes the address, password and all.
    """
    try:
        given = conninfo_to_dict(address)
        address = make_conninfo(address, **{name: PATIENCE[name] for name in PATIENCE.keys() - given.keys()})
    except psycopg.ProgrammingError:
        raise Misuse("the database's address can not be read: escape odd characters as %XX") from None

    def connect() -> psycopg.Connection:
        connection = psycopg.connect(address, autocommit=True)
        connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        connection.execute(_SESSION)
        # The standard library's takes ten times as long for the short documents that our columns hold.
        set_json_loads(msgspec.json.decode, connection)
        connection.autocommit = False
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=8,
        max_overflow=40,
        pool_pre_ping=False,
        pool_use_lifo=True,
    )
    event.listen(engine, "before_cursor_execute", _want_binary)
    return engine


def _want_binary(_connection: object, cursor: Any, *execution: Any) -> None:
    """In our write transactions answers are binary: a body as hexadecimal text costs three times as much.

    Not elsewhere: whoever inspects the catalogue counts on text.
    """
    context = execution[2]
    if context.execution_options.get("writing"):
        cursor.format = Format.BINARY


@dataclass(frozen=True, slots=True)
class Bulk:
    """A rendered statement, and how rows become its parameters."""

    statement: bytes
    arrays: Arrays


def channel(schema: str) -> str:
    """The name that LISTEN and NOTIFY meet under."""
    return f"{schema}_work"


class PostgresSeam:
    """See `Seam`. A numbered lock is an advisory lock of the transaction, in a space of this schema's own."""

    batch_seconds = 0.100
    quiet_batch_seconds = 0.100

    def __init__(self, schema: str, clock: Clock | None) -> None:
        self._schema = schema
        self._clock = clock

    def now(self, connection: Connection) -> datetime:
        if self._clock is not None:
            return self._clock.now()
        return _value(connection, "SELECT clock_timestamp()")  # type: ignore[no-any-return]

    def begin_writing(self, connection: Connection, wait_seconds: float) -> None:
        if wait_seconds > _USUAL_WAIT_SECONDS:
            _driver(connection).execute(
                "SELECT set_config('lock_timeout', %s, true)", (f"{int(wait_seconds * 1000)}ms",)
            )

    def check(self, engine: Engine) -> None:
        return

    def try_lock(self, connection: Connection, number: int) -> bool:
        # A batch finds all its rows by index. Until the next ANALYZE of a table that has just grown, the
        # planner thinks that reading all of it is cheaper: a first import would do so with every batch.
        row = (
            _driver(connection)
            .execute(
                "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, %s)),"
                " set_config('enable_seqscan', 'off', true)",
                (self._schema, number),
            )
            .fetchone()
        )
        return row is not None and row[0] is True

    def insert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> None:
        bulk = _insert_statement(table, tuple(columns), ())
        _driver(connection).execute(bulk.statement, bulk.arrays(rows))

    def insert_new(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        unique: Sequence[str],
    ) -> list[bool]:
        bulk = _insert_statement(table, tuple(columns), tuple(unique))
        found = _driver(connection).execute(bulk.statement, bulk.arrays(rows)).fetchall()
        fresh = set(found)
        positions = [columns.index(name) for name in unique]
        answers = []
        for row in rows:
            key = tuple(row[position] for position in positions)
            answers.append(key in fresh)
            fresh.discard(key)
        return answers

    def update(
        self,
        connection: Connection,
        table: Table,
        keys: Sequence[str],
        columns: Sequence[str],
        rows: Sequence[Row],
    ) -> int:
        bulk = _update_statement(table, tuple(keys), tuple(columns))
        return _driver(connection).execute(bulk.statement, bulk.arrays(rows)).rowcount

    def allocate_ids(self, connection: Connection, table: Table, count: int) -> list[int]:
        # One row that holds an array: a row for each id costs the driver several times as much.
        query: LiteralString = "SELECT array_agg(nextval(%s::regclass)) FROM generate_series(1, %s)"
        return sorted(_value(connection, query, f"{table.name}_id_seq", count))

    def lock_rows(self, connection: Connection, table: Table, ids: Sequence[int]) -> None:
        # FOR UPDATE would also shut out the key shares that foreign keys take: measured deadlocks.
        _driver(connection).execute(
            sql.SQL("SELECT id FROM {} WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE").format(
                sql.Identifier(table.name)
            ),
            (sorted(ids),),
        )

    def commit_order(self, connection: Connection) -> int:
        return int(_value(connection, "SELECT pg_current_xact_id()::text::bigint"))

    def commit_horizon(self, connection: Connection) -> int:
        return int(_value(connection, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"))

    def unanswered(self, connection: Connection) -> AbstractContextManager[object]:
        return _Unanswered(_driver(connection))

    def notify(self, connection: Connection) -> None:
        _driver(connection).execute("SELECT pg_notify(%s, '')", (channel(self._schema),))

    def wakeup(self, engine: Engine) -> Wakeup:
        return _Listener(engine, channel(self._schema))


class _Unanswered:
    """A pipeline that keeps quiet.

    Where its block raises, psycopg's own logs what the server said meanwhile, and that quotes rows.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._pipeline = connection.pipeline()

    def __enter__(self) -> None:
        self._pipeline.__enter__()

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            self._pipeline.__exit__(None, None, None)
        except psycopg.Error:
            if error is None:
                raise


class _Listener:
    """A connection of its own that LISTENs. A lost one raises StoreUnavailable: open another."""

    def __init__(self, engine: Engine, name: str) -> None:
        pooled = engine.raw_connection()
        driver = pooled.driver_connection
        assert isinstance(driver, psycopg.Connection)
        pooled.detach()
        driver.rollback()
        self._connection = driver
        self._connection.autocommit = True
        self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(name)))

    def wait(self, timeout_seconds: float) -> None:
        try:
            for _ in self._connection.notifies(timeout=timeout_seconds, stop_after=1):
                pass
        except psycopg.Error as error:
            raise translated(error) from error

    def close(self) -> None:
        self._connection.close()


def _driver(connection: Connection) -> psycopg.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _value(connection: Connection, query: LiteralString, *parameters: object) -> Any:
    """The one value of a query's one row."""
    row = _driver(connection).execute(query, parameters).fetchone()
    assert row is not None
    return row[0]


@lru_cache(maxsize=256)
def _insert_statement(table: Table, columns: tuple[str, ...], unique: tuple[str, ...]) -> Bulk:
    arrays = Arrays([table.c[name] for name in columns])
    statement = sql.SQL("INSERT INTO {} ({}) SELECT {} FROM unnest({}) AS v ({})").format(
        sql.Identifier(table.name), _names(columns), arrays.values(), arrays.parameters(), _names(columns)
    )
    if unique:
        statement += sql.SQL(" ON CONFLICT ({0}) DO NOTHING RETURNING {0}").format(_names(unique))
    return Bulk(statement.as_string().encode(), arrays)


@lru_cache(maxsize=256)
def _update_statement(table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Bulk:
    arrays = Arrays([table.c[name] for name in keys + columns])
    sets = sql.SQL(", ").join(
        sql.SQL("{} = {}").format(sql.Identifier(name), value)
        for name, value in zip(columns, arrays.each_value()[len(keys) :], strict=True)
    )
    matches = sql.SQL(" AND ").join(sql.SQL("t.{0} = v.{0}").format(sql.Identifier(name)) for name in keys)
    statement = sql.SQL("UPDATE {} AS t SET {} FROM unnest({}) AS v ({}) WHERE {}").format(
        sql.Identifier(table.name), sets, arrays.parameters(), _names(keys + columns), matches
    )
    return Bulk(statement.as_string().encode(), arrays)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in columns)
