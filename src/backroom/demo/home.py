"""The throw-away home: a folder for its owner only, a database, and the environment of who lives there.

Enters: the address of a PostgreSQL, or none. Leaves: settings, until the block ends; then folder and schemas
are gone. What never happens here: a look at the `BACKROOM_*` variables or a database that somebody uses.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError
from sqlalchemy.schema import DropSchema

from backroom import compose
from backroom.db.database import open_database
from backroom.demo.owner import HOMES, owned, sweep
from backroom.settings import PREFIX, Settings
from backroom.vocabulary.errors import Misuse, StoreUnavailable

_HOST: Final = re.compile(r"(?:^|[?&\s])host(?:addr)?\s*=\s*([^\s&']+)")
"""In an address as `key=value`, or in a URL's parameters."""
NO_ADDRESS: Final = "not the address of a PostgreSQL, such as postgresql:///NAME"


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
            # What a process that is killed leaves among the temporary files goes with the home, too.
            "TMPDIR": str(self.folder),
        }


@contextmanager
def open_home(database_url: str | None) -> Iterator[Home]:
    """A home until the block ends, however it ends. Homes of demos that were killed are removed first.

    Raises Misuse for an address that is none, and StoreUnavailable for one where nobody answers.
    """
    sweep(Path(tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix=HOMES) as folder, owned(Path(folder)):
        settings = _settings(Path(folder), database_url)
        if database_url is not None:
            _knock(settings)
        try:
            yield Home(Path(folder), settings)
        finally:
            if database_url is not None:
                _drop_schemas(settings)


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
        complaint = error.errors()[0]["msg"].removeprefix("Value error, ")
        # Elsewhere a file is as good an address as any.
        complaint = complaint.replace("neither sqlite:///FILE nor an address of a PostgreSQL", NO_ADDRESS)
        raise Misuse(f"--database-url: {complaint}") from None


def _knock(settings: Settings) -> None:
    """Before anything is started, so that the reason comes at once. Raises StoreUnavailable."""
    database = open_database(settings.database_address, settings.database_schema)
    try:
        with database.reading():
            pass
    except StoreUnavailable as error:
        raise StoreUnavailable(
            f"--database-url: no PostgreSQL answers at {_host(settings.database_address)}: {error}"
        ) from None
    finally:
        database.dispose()


def _host(address: str) -> str:
    """The host alone: never the user, and nothing that may be a part of the password."""
    host = None
    if "://" in address:
        with suppress(ValueError):  # libpq takes more for an address than others do
            host = urlsplit(address, allow_fragments=False).hostname
    if host is None and "password" not in address and (named := _HOST.search(address)):
        host = named[1]
    return host or "the address given"


def _drop_schemas(settings: Settings) -> None:
    """Ours, and the one beside it that the worker's jobs have."""
    with compose.open_house(settings, tables="any") as house, house.database.writing() as transaction:
        for name in (settings.database_schema, f"{settings.database_schema}_jobs"):
            transaction.execute(DropSchema(name, cascade=True, if_exists=True))
