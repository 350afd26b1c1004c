"""`among(column, ids)`: membership in a list of ids of any length, as one parameter.

`IN` with a thousand parameters is rendered, bound and planned anew each time, and SQLite takes only so many
(32,766 unless built otherwise): sixteen products of 2,048 variants have more ids than that.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from sqlalchemy import BindParameter, Boolean, ColumnElement, Dialect, Text, TypeDecorator, and_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class IdList(TypeDecorator[list[int]]):
    """Ids as one text: a JSON array on SQLite, an array literal on PostgreSQL."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> str:
        joined = ",".join(map(str, value or ()))
        return "{" + joined + "}" if dialect.name == "postgresql" else f"[{joined}]"


class Among(FunctionElement[bool]):
    """See `among`."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it is: SQLAlchemy would say `(...) = 1` on SQLite, which no index fits."""
        return self


def among(column: ColumnElement[Any], ids: Iterable[int]) -> Among:
    """True where the column's value is one of the ids."""
    return Among(column, BindParameter(None, list(ids), IdList(), unique=True))


@compiles(Among, "sqlite")
def _sqlite(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608  compiled, not put together


@compiles(Among, "postgresql")
def _postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, ids = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY(CAST({ids} AS bigint[]))"


class KeyList(TypeDecorator[list[tuple[int, ...]]]):
    """Keys of several ids each as one text, a JSON array of arrays. For SQLite."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[tuple[int, ...]] | None, dialect: Dialect) -> str:
        return "[" + ",".join(f"[{','.join(map(str, key))}]" for key in value or ()) + "]"


class AmongKeys(FunctionElement[bool]):
    """See `among_keys`. Clauses: the columns, the keys as one parameter, the keys as one for each column."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it is: see `Among`."""
        return self


def among_keys(columns: Sequence[ColumnElement[Any]], keys: Iterable[tuple[int, ...]]) -> ColumnElement[bool]:
    """True where the columns' values together are one of the keys, which have an id for each column.

    Each key is looked up by its own, where an index begins with the columns.
    """
    wanted = list(keys)
    if len(columns) == 1:
        return among(columns[0], [key[0] for key in wanted])
    by_column = [[key[place] for key in wanted] for place in range(len(columns))]
    return AmongKeys(
        *columns,
        BindParameter(None, wanted, KeyList(), unique=True),
        *(BindParameter(None, ids, IdList(), unique=True) for ids in by_column),
    )


def among_keys_of(
    shop: ColumnElement[int],
    shop_id: int,
    columns: Sequence[ColumnElement[Any]],
    keys: Iterable[tuple[int, ...]],
) -> ColumnElement[bool]:
    """The same within one shop.

    Where a key has several ids, the shop's is one more of them, and not a condition of its own. PostgreSQL
    would think of a table that has just grown that it is one row of the shop's, read all of them for each
    key, and keep to that plan.
    """
    if len(columns) == 1:
        return and_(shop == shop_id, among_keys(columns, keys))
    return among_keys([shop, *columns], [(shop_id, *key) for key in keys])


def among_bound(columns: Sequence[ColumnElement[Any]], name: str) -> ColumnElement[bool]:
    """The same for a query that is made once: the keys come when it is run, as `bound` gives them."""
    by_column = [BindParameter(f"{name}_{place}", type_=IdList()) for place in range(len(columns))]
    if len(columns) == 1:
        return Among(columns[0], by_column[0])
    return AmongKeys(*columns, BindParameter(name, type_=KeyList()), *by_column)


def bound(name: str, keys: Sequence[tuple[int, ...]]) -> dict[str, Any]:
    """The parameters of `among_bound`, of which each database reads its own. At least one key."""
    by_column = {f"{name}_{place}": list(ids) for place, ids in enumerate(zip(*keys, strict=True))}
    return {name: list(keys), **by_column}


@compiles(AmongKeys, "sqlite")
def _keys_on_sqlite(element: AmongKeys, compiler: SQLCompiler, **options: Any) -> str:
    clauses = list(element.clauses)
    width = len(clauses) // 2
    *columns, keys = (compiler.process(each, **options) for each in clauses[: width + 1])
    parts = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(width))
    return f"({', '.join(columns)}) IN (SELECT {parts} FROM json_each({keys}))"  # noqa: S608  as above


@compiles(AmongKeys, "postgresql")
def _keys_on_postgresql(element: AmongKeys, compiler: SQLCompiler, **options: Any) -> str:
    clauses = list(element.clauses)
    width = len(clauses) // 2
    columns = ", ".join(compiler.process(each, **options) for each in clauses[:width])
    ids = (compiler.process(each, **options) for each in clauses[width + 1 :])
    arrays = ", ".join(f"CAST({each} AS bigint[])" for each in ids)
    return f"({columns}) IN (SELECT * FROM unnest({arrays}))"  # noqa: S608  as above
