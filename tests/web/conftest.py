from collections.abc import Iterator

import pytest

from backroom.db.database import Database
from tests.web.front import Front, open_front


@pytest.fixture
def front(database: Database) -> Iterator[Front]:
    """The web application with one shop, on loopback, over each database."""
    with open_front(database) as opened:
        yield opened
