"""Migrated, empty databases by the hundred: the migrations run once, and each test gets a copy of that.

A copy is a file on SQLite; on PostgreSQL it is the same statements once more, sent in one go. What never
happens here: a database that another test has used.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import event

from backroom.db.database import Database, open_database
from backroom.db.migrate import upgrade

CHANGES = ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "COMMENT")
Remove = Callable[[Database], None]


class Copies:
    """Of what the migrations make, on either database. `folder` keeps the file that is copied."""

    def __init__(self, folder: Path, remove: Remove) -> None:
        self._file = folder / "migrated.db"
        self._remove = remove
        self._script: bytes | None = None

    def make(self, address: str, schema: str) -> Database:
        """A database of this address, as `upgrade` leaves an empty one."""
        opened = open_database(address, schema)
        if opened.schema is None:
            self._make_file(Path(address.removeprefix("sqlite:///")))
        else:
            self._make_schema(address, opened.schema)
        return opened

    def _make_file(self, path: Path) -> None:
        if not self._file.exists():
            first = open_database(f"sqlite:///{self._file}")
            upgrade(first)
            # The last connection takes the write-ahead log into the file.
            first.dispose()
        shutil.copyfile(self._file, path)

    def _make_schema(self, address: str, schema: str) -> None:
        if self._script is None:
            self._script = self._recorded(address, f"{schema}_first")
        with psycopg.connect(address) as connection:
            connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
            connection.execute(f'SET search_path TO "{schema}"'.encode())
            connection.execute(self._script)

    def _recorded(self, address: str, schema: str) -> bytes:
        """What the migrations send to PostgreSQL, in a schema that is gone again afterwards."""
        statements: list[str] = []

        def record(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
            if statement.lstrip().upper().startswith(CHANGES) and "CREATE SCHEMA" not in statement:
                assert not parameters, f"this can not be sent again as it is: {statement}"
                statements.append(statement.replace("%%", "%"))

        first = open_database(address, schema)
        event.listen(first.engine, "before_cursor_execute", record)
        upgrade(first)
        event.remove(first.engine, "before_cursor_execute", record)
        self._remove(first)
        first.dispose()
        script = ";\n".join(statements)
        assert schema not in script, "a copy would land in the schema that is gone"
        return script.encode()
