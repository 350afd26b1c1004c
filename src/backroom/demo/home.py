"""The throw-away home: a folder for its owner only, a database, and the environment of who lives there.

Enters: the address of a PostgreSQL, or none. Leaves: settings, until the block ends; then folder and schema
are gone. What never happens here: a look at the `BACKROOM_*` variables or a database that somebody uses.
"""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError
from sqlalchemy.schema import DropSchema

from backroom import compose
from backroom.settings import PREFIX, Settings
from backroom.vocabulary.errors import Misuse


@dataclass(frozen=True, slots=True)
class Home:
    """Where the demo lives."""

    folder: Path
    settings: Settings

    def environment(self) -> dict[str, str]:
        """For processes that live here; an address with a password goes this way, not by argument."""
        outer = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
        return outer | {
            f"{PREFIX}HOME": str(self.folder),
            f"{PREFIX}DATABASE_URL": self.settings.database_address,
            f"{PREFIX}DATABASE_SCHEMA": self.settings.database_schema,
            f"{PREFIX}LOG": "json",
        }


@contextmanager
def open_home(database_url: str | None) -> Iterator[Home]:
    """A home until the block ends, however it ends. Raises Misuse for an address that is none."""
    with tempfile.TemporaryDirectory(prefix="backroom-demo-") as folder:
        settings = _settings(Path(folder), database_url)
        try:
            yield Home(Path(folder), settings)
        finally:
            if database_url is not None:
                _drop_schema(settings)


def _settings(folder: Path, database_url: str | None) -> Settings:
    if database_url is not None and database_url.startswith("sqlite:"):
        raise Misuse("the demo makes its own SQLite; --database-url is for a PostgreSQL")
    try:
        # All of them are named: what the environment says is for another Backroom.
        return Settings(
            home=folder,
            database_url=None if database_url is None else SecretStr(database_url),
            database_schema=f"backroom_demo_{secrets.token_hex(6)}",
            secret_key=None,
            public_url=None,
            log="json",
        )
    except ValidationError as error:
        raise Misuse(f"--database-url: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None


def _drop_schema(settings: Settings) -> None:
    with compose.open_house(settings, tables="any") as house, house.database.writing() as transaction:
        transaction.execute(DropSchema(settings.database_schema, cascade=True, if_exists=True))
