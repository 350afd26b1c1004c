"""Who may ask: the API's tokens, as hashes. A token itself is shown once and stored nowhere."""

from sqlalchemy import Column, Index, Table, Text, UniqueConstraint, text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant

_ACTIVE = text("revoked_at IS NULL")

api_token = Table(
    "api_token",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, comment="unique among the active ones"),
    Column("role", Text, nullable=False, comment="viewer, operator or admin"),
    Column(
        "token_sha256", Text, nullable=False, comment="hex; a token has 256 random bits, so needs no salt"
    ),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant, comment="to the minute"),
    Column("revoked_at", Instant),
    UniqueConstraint("token_sha256"),
    Index("uq_api_token_active_name", "name", unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
)
