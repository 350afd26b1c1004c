"""Rows of values -> one PostgreSQL array per column, for `unnest`.

psycopg writes an array element by element, in Python, at a fifth of the cost of a whole batch. Joining
texts is several times cheaper; payloads still go over as binary arrays, because the text form of bytea
is twice the size and has to be parsed.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg import sql
from sqlalchemy import Boolean, Column, Integer, LargeBinary

from backroom.db.types import Instant, Json, json_text
from backroom.vocabulary.clock import aware

Values = tuple[Any, ...]
_SEPARATOR: Final = "\x00"
"""In no text that PostgreSQL takes, so texts joined by it are quoted all at once."""


class Arrays:
    """The parameters of a bulk statement over the given columns."""

    def __init__(self, columns: Sequence[Column[Any]]) -> None:
        self._names = [column.name for column in columns]
        kinds = [_kind(column) for column in columns]
        self._writers = [writer for _, _, writer in kinds]
        self._types = [f"{mark}::{kind}[]" for mark, kind, _ in kinds]
        self._casts = ["::jsonb" if isinstance(column.type, Json) else "" for column in columns]

    def __call__(self, rows: Sequence[tuple[Any, ...]]) -> list[object]:
        return [writer(values) for writer, values in zip(self._writers, zip(*rows, strict=True), strict=True)]

    def parameters(self) -> sql.Composed:
        """`%s::bigint[], %b::bytea[], ...`"""
        return sql.Composed([sql.SQL(", ".join(self._types))])

    def each_value(self) -> list[sql.Composable]:
        """`v.column`, cast where the array had to be of another type."""
        return [
            sql.SQL("v.{}" + cast).format(sql.Identifier(name))
            for name, cast in zip(self._names, self._casts, strict=True)
        ]

    def values(self) -> sql.Composed:
        return sql.SQL(", ").join(self.each_value())


def _kind(column: Column[Any]) -> tuple[str, str, Callable[[Values], object]]:
    """(placeholder, element type, writer)."""
    kind = column.type
    if isinstance(kind, LargeBinary):
        return "%b", "bytea", list
    if isinstance(kind, Integer):
        return "%s", "bigint", _integers
    if isinstance(kind, Boolean):
        return "%s", "boolean", _booleans
    if isinstance(kind, Instant):
        return "%s", "timestamptz", _instants
    if isinstance(kind, Json):
        return "%s", "text", _documents
    return "%s", "text", _texts


def _integers(values: Values) -> str:
    return _array(values, str)


def _booleans(values: Values) -> str:
    return _array(values, _boolean)


def _instants(values: Values) -> str:
    return _array(values, _instant)


def _documents(values: Values) -> str:
    # Compared as texts only: True equals 1, and they are not the same document.
    return _texts(tuple(None if value is None else json_text(value) for value in values))


def _texts(values: Values) -> str:
    if None in values or _are_the_same(values):
        return _array(values, _quoted)
    together = _SEPARATOR.join(values)
    if together.count(_SEPARATOR) >= len(values):
        return _array(values, _quoted)  # one holds what must not be there: the driver will say so
    return "{" + _quoted(together).replace(_SEPARATOR, '","') + "}"


def _array(values: Values, write: Callable[[Any], str]) -> str:
    if _are_the_same(values):
        written = "NULL" if values[0] is None else write(values[0])
        return "{" + ",".join([written] * len(values)) + "}"
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def _are_the_same(values: Values) -> bool:
    """As in most columns of a batch: one instant, one state, nothing at all. Then it is written once."""
    return values.count(values[0]) == len(values)


def _boolean(value: bool) -> str:
    return "t" if value else "f"


def _instant(value: datetime) -> str:
    return f'"{aware(value).isoformat()}"'


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
