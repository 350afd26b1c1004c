"""Brings a database to this version's tables, and says whether it is there. Forward only."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from backroom.db.database import Database
from backroom.vocabulary.errors import BackroomError

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK = 7_310_041
"""The advisory lock under which migrations run. Shops' locks are 64-bit hashes: they do not meet."""


class NewerDatabase(BackroomError):
    """The database was migrated by a newer Backroom: this one would not know what it writes."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at {revision}, which a newer version of Backroom made: use that version"
        )


def newest_revision() -> str:
    """The revision that this version of Backroom needs."""
    head = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    assert head is not None
    return head


def refuse_newer(revision: str | None) -> None:
    """Raises NewerDatabase for a revision that this version does not know."""
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    if revision is not None and revision not in known:
        raise NewerDatabase(revision)


def current_revision(database: Database) -> str | None:
    """The revision that the database has, or None where it is empty."""
    with database.reading() as transaction:
        return _revision(transaction.connection)


def upgrade(database: Database) -> tuple[str | None, str]:
    """Migrates to the newest revision. Returns (before, after); equal where nothing was to do.

    Raises NewerDatabase, and then changes nothing. Several processes may start at once: one migrates, the
    others wait and find it done.
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
            held = _revision(transaction.connection)
            refuse_newer(held)
            if held != newest:
                command.upgrade(_config(connection=transaction.connection), newest)
    return before, newest


def _create_schema(database: Database, schema: str) -> None:
    with database.writing(wait_seconds=60) as transaction:
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
