"""`among(column, ids)`: membership in a list of ids of any length, as one parameter.

`IN` with a thousand parameters is rendered, bound and planned anew each time, and SQLite takes only so many
(32,766 unless built otherwise): sixteen products of 2,048 variants have more ids than that.
"""

from collections.abc import Iterable
from typing import Any, Self

from sqlalchemy import BindParameter, Boolean, ColumnElement, Dialect, Text, TypeDecorator
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
