from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from backroom.db.database import Database
from backroom.jobs.job import Job
from backroom.vocabulary.ids import ShopId
from backroom.worker.supervisor import Automatic
from tests.house import make_shop
from tests.jobs.counting import jobs_of
from tests.jobs.crew import Crew
from tests.jobs.workers import Workers
from tests.untouched import logging_as_it_was

MakeCrew = Callable[..., Crew]


def drop_jobs_schema(database: Database) -> None:
    """What DBOS keeps on PostgreSQL, beside the schema that the fixture `database` drops."""
    if database.schema is not None:
        with database.writing() as transaction:
            transaction.connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{database.schema}_jobs" CASCADE')


@pytest.fixture
def shop_id(database: Database) -> ShopId:
    return make_shop(database, "one.myshopify.com")


@pytest.fixture
def crew_of(database: Database, database_url: str, tmp_path: Path) -> Iterator[MakeCrew]:
    """Makes the one crew of a test, and begins it."""
    crews: list[Crew] = []

    def make(*jobs: Job, automatic: Sequence[Automatic] = ()) -> Crew:
        crew = Crew(database, database_url, tmp_path, jobs_of(*jobs))
        crew.automatic.extend(automatic)
        crews.append(crew)
        crew.begin()
        return crew

    with logging_as_it_was():
        yield make
        for crew in crews:
            crew.end()
    drop_jobs_schema(database)


@pytest.fixture
def workers(database: Database, database_url: str, tmp_path: Path) -> Iterator[Workers]:
    """Worker processes, of which none is left behind."""
    opened = Workers(database, database_url, tmp_path / "home")
    yield opened
    opened.close()
    drop_jobs_schema(database)
