"""Columns of values as PostgreSQL arrays: what is written once, what together, and what never may be."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import psycopg
import pytest
from sqlalchemy import Boolean, Column, Text

from backroom.db.arrays import Arrays
from backroom.db.types import BigInt, Instant, Json

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
COLUMNS: dict[str, Column[Any]] = {
    "bigint": Column("v", BigInt),
    "boolean": Column("v", Boolean),
    "timestamptz": Column("v", Instant),
    "text": Column("v", Text),
    "jsonb": Column("v", Json),
}
TABLE: list[tuple[str, list[Any]]] = [
    ("bigint", [1, 2, 2**63 - 1, -5]),
    ("bigint", [7, 7, 7]),
    ("bigint", [None, 7]),
    ("bigint", [None, None]),
    ("boolean", [True, False, None]),
    ("boolean", [False, False]),
    ("timestamptz", [NOON, NOON]),
    ("timestamptz", [NOON, None, NOON + timedelta(microseconds=1)]),
    ("timestamptz", [NOON, NOON.astimezone(timezone(timedelta(hours=-5)))]),
    ("text", ["a", "b"]),
    ("text", ["same", "same"]),
    ("text", ["", "", "x"]),
    ("text", ["NULL", "null", None]),
    ("text", ["NULL", "null"]),
    ("text", ['a","b', "{c}", "back\\slash", "\\", '"', "line\nend", " "]),
    ("text", ['a","b', None, "{c}", "\\", '"']),
    ("text", ["κόσμε", "👗", "\x01", "\x7f"]),
    ("jsonb", [True, 1]),
    ("jsonb", [1, True, None, "1", ["a", 'b"'], {"k": "\\"}]),
    ("jsonb", [[], []]),
    ("jsonb", [False, 0]),
]


def came_back(url: str, kind: str, values: list[Any]) -> list[Any]:
    """What the server reads out of the arrays of a bulk statement."""
    arrays = Arrays([COLUMNS[kind]])
    query = b"SELECT %s FROM unnest(%s) AS v (v)" % (
        arrays.values().as_string().encode(),
        arrays.parameters().as_string().encode(),
    )
    with psycopg.connect(url) as connection:
        connection.execute("SET TimeZone TO 'UTC'")
        return [row[0] for row in connection.execute(query, arrays([(value,) for value in values]))]


@pytest.mark.parametrize(("kind", "values"), TABLE)
def test_every_value_of_a_column_comes_back_as_it_was(
    postgres_url: str, kind: str, values: list[Any]
) -> None:
    found = came_back(postgres_url, kind, values)
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_a_text_that_could_pass_for_two_is_refused(postgres_url: str) -> None:
    with pytest.raises(psycopg.DataError):
        came_back(postgres_url, "text", ["a\x00b", "c"])


def test_a_naive_instant_is_refused_wherever_it_stands() -> None:
    naive = NOON.replace(tzinfo=None)
    for values in ([naive], [naive, naive], [NOON, naive]):
        with pytest.raises(TypeError):
            Arrays([COLUMNS["timestamptz"]])([(value,) for value in values])
