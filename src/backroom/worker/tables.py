"""The workers and their signs of life."""

from sqlalchemy import Column, Integer, Table, Text

from backroom.db.metadata import metadata
from backroom.db.types import Instant

worker = Table(
    "worker",
    metadata,
    Column("name", Text, primary_key=True, comment="stable: a restart under this name replaces the row"),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("heartbeat_at", Instant, nullable=False, comment="each 5 s, by the database's clock"),
    Column("stopped_at", Instant, comment="set by an orderly end; null after a crash"),
)
