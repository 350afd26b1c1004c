"""Brings a database to this version's tables, and says whether it is there. Forward only."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from backroom.db.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_310_041
"""Number of the advisory lock under which migrations run; shops' ids never reach it in practice and
a clash would only make one wait."""


def newest_revision() -> str:
    """The revision that this version of Backroom needs."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def current_revision(database: Database) -> str | None:
    """The revision that the database has, or None where it is empty."""
    with database.reading() as transaction:
        return _revision(transaction.connection)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Migrates to the newest revision. Returns (before, after); equal where nothing was to do.

    Several processes may start at once: one migrates, the others wait and find it done.
    """
    newest = newest_revision()
    if database.schema is not None:
        _create_schema(database, database.schema)
    before = current_revision(database)
    if before != newest:
        with database.writing(wait_seconds=60) as transaction:
            if database.schema is not None:
                transaction.connection.execute(
                    text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK}
                )
            if _revision(transaction.connection) != newest:
                command.upgrade(_config(connection=transaction.connection), newest)
    return before, newest


def _create_schema(database: Database, schema: str) -> None:
    with database.writing() as transaction:
        connection = transaction.connection
        if not connection.execute(text("SELECT to_regnamespace(:name)"), {"name": schema}).scalar():
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
            connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(**attributes: Any) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes.update(attributes)
    return config
