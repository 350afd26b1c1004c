from collections.abc import Iterator

import pytest

from backroom.db.database import Database, open_database
from tests.upkeep.scheduled import Scene, StoppedClock


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def timed(database: Database, database_url: str, schema: str, clock: StoppedClock) -> Iterator[Database]:
    """The database, by a clock that a test moves."""
    opened = open_database(database_url, schema, clock)
    yield opened
    opened.dispose()


@pytest.fixture
def scene(timed: Database, clock: StoppedClock) -> Scene:
    return Scene(timed, clock)
