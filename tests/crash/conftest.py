"""A real Backroom in processes of its own, ended by force at the end of each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backroom.db.database import open_database

if TYPE_CHECKING:
    from tests.crash.served import Served

for _part in ("served", "traffic", "truth"):
    pytest.register_assert_rewrite(f"tests.crash.{_part}")


@pytest.fixture
def served(database_url: str, schema: str, tmp_path: Path) -> "Iterator[Served]":
    """Not started yet."""
    from tests.crash.served import Served

    program = Served(database_url, schema, tmp_path / "home")
    yield program
    program.kill()
    program.database.dispose()
    if not database_url.startswith("sqlite"):
        database = open_database(database_url, schema)
        with database.writing() as transaction:
            transaction.connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        database.dispose()
