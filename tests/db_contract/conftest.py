"""The specimen's table beside the house's own, in both databases."""

import pytest

from backroom.db.database import Database
from tests.db_contract import specimen

for _part in ("transactions", "faults", "locks", "rows", "feed", "unanswered"):
    pytest.register_assert_rewrite(f"tests.db_contract.{_part}")


@pytest.fixture
def store(database: Database) -> Database:
    """A migrated database that also has the specimen's tables."""
    specimen.create(database)
    return database
