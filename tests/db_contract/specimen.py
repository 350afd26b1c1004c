"""A table with every column type that the house uses, and values that have broken such things before."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    insert,
    select,
    update,
)

from backroom.db.database import Database, Transaction
from backroom.db.types import BigInt, Instant, Json, Payload

metadata = MetaData()
specimen = Table(
    "specimen",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("name", Text, unique=True),
    Column("big", BigInt),
    Column("small", Integer, CheckConstraint("small <> 13")),
    Column("flag", Boolean),
    Column("word", Text),
    Column("instant", Instant),
    Column("document", Json),
    Column("commit_order", BigInt),
    Column("payload", Payload),
    sqlite_autoincrement=True,
)
label = Table(
    "label",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("specimen_id", BigInt, ForeignKey("specimen.id"), nullable=False),
)

VALUES = ("big", "small", "flag", "word", "instant", "document", "payload")
"""The columns that hold something; the others say which row it is."""

HOSTILE_TEXTS = (
    "",
    " ",
    "NULL",
    "null",
    '"',
    "'",
    "''; DROP TABLE specimen; --",
    "\\",
    "\\\\",
    '\\"',
    "\\N",
    "{}",
    "{a,b}",
    "}",
    ",",
    "a,b",
    "%s",
    "%(name)s",
    ":name",
    "?",
    "$1",
    "line\nbreak\r\ttab",
    "\x01\x1f\x7f",
    "\u0085\u2028\u2029\ufeff",
    "\u202eright to left",
    "\N{GRINNING FACE}\N{ZERO WIDTH JOINER}\N{REGIONAL INDICATOR SYMBOL LETTER D}",
    "e\N{COMBINING ACUTE ACCENT}",
    "\U0010ffff",
    "x" * 100_000,
)
EXTREME_INSTANTS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(1970, 1, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, 0, 1, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, 0, 10, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)
EVERY_BYTE = bytes(range(256))
GREATEST, LEAST = 2**63 - 1, -(2**63)

_texts = st.one_of(
    st.sampled_from(HOSTILE_TEXTS[:-1]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40),
)
_documents = st.recursive(
    st.one_of(st.booleans(), st.integers(LEAST, GREATEST), _texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)),
    max_leaves=6,
)
rows_of_values = st.lists(
    st.tuples(
        st.none() | st.integers(LEAST, GREATEST),
        st.none() | st.integers(-(2**31), 2**31 - 1).filter(lambda number: number != 13),
        st.none() | st.booleans(),
        st.none() | _texts,
        st.none() | st.datetimes(timezones=st.just(UTC)),
        st.none() | _documents,
        st.none() | st.binary(max_size=40),
    ),
    min_size=1,
    max_size=6,
)


class Interrupted(Exception):
    """An error of ours in the middle of a transaction."""


def interrupt(_transaction: Transaction) -> None:
    raise Interrupted


def attempt(database: Database, *works: Callable[[Transaction], object]) -> None:
    """One transaction that does all of it, or tries."""
    with database.writing() as transaction:
        for work in works:
            work(transaction)


def create(database: Database) -> None:
    with database.writing() as transaction:
        metadata.create_all(transaction.connection)


def add(transaction: Transaction, *names: str) -> list[int]:
    """Rows of these names and nothing else; their ids."""
    ids = transaction.allocate_ids(specimen, len(names))
    transaction.insert(specimen, ("id", "name"), list(zip(ids, names, strict=True)))
    return ids


def rename(transaction: Transaction, row_id: int, name: str) -> None:
    transaction.execute(update(specimen).where(specimen.c.id == row_id).values(name=name))


def names_in(transaction: Transaction) -> list[str]:
    found = transaction.execute(select(specimen.c.name).order_by(specimen.c.id))
    return [str(name) for name in found.scalars()]


def names(database: Database) -> list[str]:
    with database.reading() as transaction:
        return names_in(transaction)


def values_in(transaction: Transaction) -> list[tuple[Any, ...]]:
    columns = [specimen.c[name] for name in VALUES]
    return [tuple(row) for row in transaction.execute(select(*columns).order_by(specimen.c.id))]


def store_singly(transaction: Transaction, rows: list[tuple[Any, ...]]) -> None:
    """The other way in: one SQLAlchemy statement a row."""
    for row in rows:
        transaction.execute(insert(specimen).values(dict(zip(VALUES, row, strict=True))))
