"""A file of rows in the order of their keys, for a job that has more of them than fit in memory.

Enters: rows as they come. Leaves: the same rows, sorted. An SQLite file of its own beside what it was made
from, whatever the database is. What never happens here: anything that has to outlive a crash; a file that was
not finished is made anew.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

AT_ONCE: Final = 500
_QUICK: Final = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-8192", "temp_store=MEMORY")


class Scratch:
    """A finished file, read by one thread. `width`: numbers in a key; `columns`: values behind them."""

    def __init__(self, path: Path, width: int, columns: int) -> None:
        self._width = width
        self._connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        keys, marks = _keys(width), ", ".join("?" * width)
        self._first = f"SELECT {_all(width, columns)} FROM row ORDER BY {keys} LIMIT ?"  # noqa: S608
        self._next = (
            f"SELECT {_all(width, columns)} FROM row WHERE ({keys}) > ({marks})"  # noqa: S608
            f" ORDER BY {keys} LIMIT ?"
        )

    def following(self, after: Sequence[int] | None, limit: int) -> list[tuple[Any, ...]]:
        """The next rows behind a key, keys first."""
        if after is None:
            return self._connection.execute(self._first, (limit,)).fetchall()
        return self._connection.execute(self._next, (*after, limit)).fetchall()

    def close(self) -> None:
        self._connection.close()


def write_scratch(
    path: Path,
    width: int,
    columns: int,
    rows: Iterable[Sequence[Any]],
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> None:
    """Makes the file of rows; of two with one key the later one stays.

    It has its name only once it is whole. `on_progress` is told the rows so far, now and then.
    """
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.unlink(missing_ok=True)
    connection = sqlite3.connect(unfinished, isolation_level=None)
    try:
        for pragma in _QUICK:
            connection.execute(f"PRAGMA {pragma}")
        numbers = ", ".join(f"k{place} INTEGER NOT NULL" for place in range(width))
        values = ", ".join(f"c{place}" for place in range(columns))
        connection.execute(
            f"CREATE TABLE row ({numbers}, {values}, PRIMARY KEY ({_keys(width)})) WITHOUT ROWID"
        )
        _fill(connection, width + columns, rows, on_progress)
    finally:
        connection.close()
    unfinished.replace(path)


def _fill(
    connection: sqlite3.Connection,
    width: int,
    rows: Iterable[Sequence[Any]],
    on_progress: Callable[[int], None],
) -> None:
    statement = f"INSERT OR REPLACE INTO row VALUES ({', '.join('?' * width)})"  # noqa: S608  marks only
    connection.execute("BEGIN")
    waiting: list[Sequence[Any]] = []
    written = 0
    for row in rows:
        waiting.append(row)
        if len(waiting) >= AT_ONCE:
            connection.executemany(statement, waiting)
            written += len(waiting)
            waiting.clear()
            on_progress(written)
    connection.executemany(statement, waiting)
    connection.execute("COMMIT")


def _keys(width: int) -> str:
    return ", ".join(f"k{place}" for place in range(width))


def _all(width: int, columns: int) -> str:
    return ", ".join([*(f"k{place}" for place in range(width)), *(f"c{place}" for place in range(columns))])
