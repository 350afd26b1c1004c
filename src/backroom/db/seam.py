"""What the two databases do differently, as one interface.

`sqlite.py` and `postgres.py` implement it; `tests/db_contract` is one inherited suite over both.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table

Row = tuple[Any, ...]


class Wakeup(Protocol):
    """Waits until somebody else committed something, or until the time is over."""

    def wait(self, timeout_seconds: float) -> None: ...

    def close(self) -> None: ...


class Seam(Protocol):
    """One database's own ways. Rows are tuples in the order of `columns`."""

    batch_seconds: float
    """How long one batch may hold the writer."""

    quiet_batch_seconds: float
    """The same while no deliveries come in."""

    def now(self, connection: Connection) -> datetime:
        """The database's clock."""
        ...

    def begin_writing(self, connection: Connection, wait_seconds: float) -> None:
        """Opens a write transaction. Raises StoreUnavailable where the writer stays taken."""
        ...

    def check(self, engine: Engine) -> None:
        """Raises StoreUnavailable where the engine's connections lead to a database that is no more."""
        ...

    def try_lock(self, connection: Connection, number: int) -> bool:
        """Takes the numbered lock until the transaction ends; False where another one has it."""
        ...

    def insert(
        self, connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> None: ...

    def insert_new(
        self,
        connection: Connection,
        table: Table,
        columns: Sequence[str],
        rows: Sequence[Row],
        *,
        unique: Sequence[str],
    ) -> list[bool]:
        """Inserts the rows whose `unique` columns are not there yet; True for each one inserted.

        A row that repeats an earlier one of the same call counts as there.
        """
        ...

    def update(
        self,
        connection: Connection,
        table: Table,
        keys: Sequence[str],
        columns: Sequence[str],
        rows: Sequence[Row],
    ) -> int:
        """Sets `columns` where `keys` match; a row is its keys, then its values. The number of rows met."""
        ...

    def allocate_ids(self, connection: Connection, table: Table, count: int) -> list[int]:
        """New values for the table's `id`, ascending, never handed out twice."""
        ...

    def lock_rows(self, connection: Connection, table: Table, ids: Sequence[int]) -> None:
        """Locks existing rows against other writers, in the order of their ids."""
        ...

    def commit_order(self, connection: Connection) -> int:
        """A number for this transaction: whatever is below the horizon of a reader has all been committed."""
        ...

    def commit_horizon(self, connection: Connection) -> int:
        """Transactions numbered below this are over, in what this connection sees."""
        ...

    def unanswered(self, connection: Connection) -> AbstractContextManager[object]:
        """Within it, statements whose results nobody reads need not wait for one another.

        An error of one of them may be raised later than its call, at the latest when the block ends.
        """
        ...

    def notify(self, connection: Connection) -> None:
        """Wakes whoever waits on `wakeup`, once this transaction has committed."""
        ...

    def wakeup(self, engine: Engine) -> Wakeup: ...
