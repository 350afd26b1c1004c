"""`among(column, ids)`: membership in a long list of ids, in the form that each database plans well.

PostgreSQL gets one array: `IN` with a thousand parameters is rendered, bound and planned anew each time.
SQLite gets `IN (?, ?, ...)`, which it plans as well as single look-ups.
"""

from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import BindParameter, Boolean, ColumnElement, Dialect, Text, TypeDecorator
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType


class IdArray(TypeDecorator[list[int]]):
    """Ids as the text of a PostgreSQL array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> str:
        return "{" + ",".join(map(str, value or ())) + "}"


class Among(FunctionElement[bool]):
    """See `among`. Holds both forms; only the dialect's own is rendered."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> Self:
        """As it is: SQLAlchemy would say `(...) = 1` on SQLite, which no index fits."""
        return self


def among(column: ColumnElement[Any], ids: Iterable[int]) -> Among:
    """True where the column's value is one of the ids."""
    listed = list(ids)
    return Among(column.in_(listed), column, BindParameter(None, listed, IdArray(), unique=True))


@compiles(Among, "sqlite")
def _sqlite(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(Among, "postgresql")
def _postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    _, column, ids = element.clauses
    return (
        f"{compiler.process(column, **options)} = ANY(CAST({compiler.process(ids, **options)} AS bigint[]))"
    )
