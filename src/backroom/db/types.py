"""Column types that mean the same on both databases.

| type | Python | SQLite | PostgreSQL |
| Instant | aware datetime | INTEGER, microseconds since 1970 in UTC | timestamptz |
| Json | list, dict, str, number | TEXT | jsonb |
| Payload | bytes | BLOB | bytea |
| BigInt | int | INTEGER (also as rowid) | bigint |
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.types import TypeEngine

from backroom.vocabulary.clock import aware

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BigInt = BigInteger().with_variant(Integer(), "sqlite")


class Payload(LargeBinary):
    """Bytes. SQLite keeps a text or a number, too, where a hand put one: `replace` makes a text of a blob."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        inherited: Any = super()
        return _as_bytes if dialect.name == "sqlite" else inherited.result_processor(dialect, coltype)


class Instant(TypeDecorator[datetime]):
    """An aware instant. An integer on SQLite, so that comparing is never comparing text."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        return dialect.type_descriptor(BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return aware(value) if dialect.name == "postgresql" else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None or isinstance(value, datetime):
            return value
        return _EPOCH + timedelta(microseconds=value)


class Json(TypeDecorator[Any]):
    """A small JSON value that people query; raw bodies are `Payload`, never this."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json_text(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return msgspec.json.decode(value)


def _as_bytes(value: Any) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else str(value).encode()


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 in UTC; raises TypeError for a naive datetime."""
    return (instant - _EPOCH) // _MICROSECOND


def json_text(value: Any) -> str:
    """Compact JSON, keys in their given order."""
    return msgspec.json.encode(value).decode()
