"""A real Backroom in processes of its own, ended by force at the end of each test."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import drop_schemas

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
    drop_schemas(program.database)
    program.database.dispose()
