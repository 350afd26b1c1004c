"""One real Backroom on each database for all tests of a module: each test has a shop of its own in it."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from backroom.db.database import open_database
from tests.conftest import BACKENDS

if TYPE_CHECKING:
    from tests.crash.served import Served

for _part in ("crash.served", "simulated.scene"):
    pytest.register_assert_rewrite(f"tests.{_part}")


@pytest.fixture(scope="module", params=BACKENDS)
def backroom(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    """Started, with one worker."""
    from tests.crash.served import Served

    folder = tmp_path_factory.mktemp("simulated")
    schema = f"s{os.getpid()}"
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if on_postgres else f"sqlite:///{folder}/backroom.db"
    served = Served(url, schema, folder / "home")
    served.start()
    yield served
    served.kill()
    served.database.dispose()
    if on_postgres:
        database = open_database(url, schema)
        with database.writing() as transaction:
            transaction.connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
        database.dispose()
