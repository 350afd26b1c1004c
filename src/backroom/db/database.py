"""One open database: engine, seam, and the three ways to talk to it.

- `reading()`: one consistent snapshot, no writes.
- `writing()`: a write transaction.
- `shop_writing(shop)`: a write transaction that holds the shop's lock; raises ShopBusy at once where
  another worker has it. The transaction is the lease, there is no other.

All three translate driver errors into ours (`faults`).
"""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, Executable, Table

from backroom.db.faults import DRIVER_ERRORS, translated
from backroom.db.postgres import PostgresSeam, postgres_engine
from backroom.db.seam import Row, Seam, Wakeup
from backroom.db.sqlite import SqliteSeam, sqlite_engine
from backroom.db.turns import Turns
from backroom.vocabulary.clock import Clock, SystemClock
from backroom.vocabulary.errors import Misuse, ShopBusy
from backroom.vocabulary.ids import ShopId

WRITER_WAIT_SECONDS = 4.0
"""Shopify gives a delivery five seconds in all: a receipt that waits longer is lost anyway."""
PATIENT_RETRY_SECONDS = 0.005
TURN_SECONDS = 1.0
"""A thread's turn takes some hundredths of a second."""
_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transaction:
    """An open transaction: single statements by SQLAlchemy Core, bulk ones by the seam."""

    connection: Connection
    seam: Seam

    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]:
        return self.connection.execute(statement, parameters)

    def now(self) -> datetime:
        """The database's clock."""
        return self.seam.now(self.connection)

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            self.seam.insert(self.connection, table, columns, rows)

    def insert_new(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], *, unique: Sequence[str]
    ) -> list[bool]:
        return self.seam.insert_new(self.connection, table, columns, rows, unique=unique) if rows else []

    def update(self, table: Table, keys: Sequence[str], columns: Sequence[str], rows: Sequence[Row]) -> int:
        return self.seam.update(self.connection, table, keys, columns, rows) if rows else 0

    def allocate_ids(self, table: Table, count: int) -> list[int]:
        return self.seam.allocate_ids(self.connection, table, count) if count else []

    def lock_rows(self, table: Table, ids: Sequence[int]) -> None:
        if ids:
            self.seam.lock_rows(self.connection, table, ids)

    def commit_order(self) -> int:
        """See `Seam.commit_order`."""
        return self.seam.commit_order(self.connection)

    def commit_horizon(self) -> int:
        """See `Seam.commit_horizon`."""
        return self.seam.commit_horizon(self.connection)

    def unanswered(self) -> AbstractContextManager[object]:
        """See `Seam.unanswered`."""
        return self.seam.unanswered(self.connection)

    def notify(self) -> None:
        """Wakes the workers once this transaction has committed."""
        self.seam.notify(self.connection)


class Database:
    """An open database. Threads may share it; processes may not."""

    def __init__(self, engine: Engine, seam: Seam, schema: str | None) -> None:
        self.engine = engine
        self.seam = seam
        self.schema = schema
        self._turns = Turns()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A read-only snapshot: all statements see the same instant."""
        self.seam.check(self.engine)
        with self._translating(), self.engine.connect() as connection:
            if self.schema is not None:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield Transaction(connection, self.seam)

    @contextmanager
    def writing(self, wait_seconds: float = WRITER_WAIT_SECONDS) -> Iterator[Transaction]:
        """A write transaction; commits when the block ends, rolls back when it raises."""
        self.seam.check(self.engine)
        with self._translating(), self.engine.connect() as connection:
            connection = connection.execution_options(writing=True)
            with connection.begin():
                self.seam.begin_writing(connection, wait_seconds)
                yield Transaction(connection, self.seam)

    @contextmanager
    def shop_writing(self, shop: ShopId, patience_seconds: float = 0.0) -> Iterator[Transaction]:
        """`writing()` that holds the shop's lock. Raises ShopBusy after `patience_seconds`.

        Threads of this process wait for one another, each for its turn.
        """
        with self._turns.turn(shop, max(patience_seconds, TURN_SECONDS)), self.writing() as transaction:
            deadline = time.monotonic() + patience_seconds
            while not self.seam.try_lock(transaction.connection, shop):
                if time.monotonic() >= deadline:
                    raise ShopBusy("another worker is working on this shop")
                time.sleep(PATIENT_RETRY_SECONDS)
            yield transaction

    def wakeup(self) -> Wakeup:
        """A fresh waiter for other people's commits."""
        with self._translating():
            return self.seam.wakeup(self.engine)

    def dispose(self) -> None:
        """Closes all connections."""
        self.engine.dispose()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except DRIVER_ERRORS as error:
            raise translated(error) from error


def open_database(url: str, schema: str = "backroom", clock: Clock | None = None) -> Database:
    """Opens (does not migrate) the database of an address: `sqlite:///path`, or any libpq address.

    `clock` replaces the database's own; only tests give one.
    """
    if url.startswith("sqlite:"):
        path = Path(url.removeprefix("sqlite:").removeprefix("//").removeprefix("/") or "/")
        if not path.parent.is_dir():
            raise Misuse(f"the folder of the database, {path.parent}, does not exist")
        return Database(sqlite_engine(path), SqliteSeam(clock or SystemClock(), path), None)
    if not _SCHEMA.fullmatch(schema):
        raise Misuse(f"{schema!r} is no schema name: small letters, digits and _ only")
    return Database(postgres_engine(url, schema), PostgresSeam(schema, clock), schema)
