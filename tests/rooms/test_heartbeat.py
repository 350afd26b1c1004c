"""Two workers under one name: the living one has the row in the end."""

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import update

from backroom.db.database import Database
from backroom.worker.heartbeat import Heartbeat, Sign, read_signs
from backroom.worker.tables import worker
from tests.waiting import eventually

ANOTHER = 1
"""A process that is surely not this one."""


def sign(database: Database) -> Sign | None:
    """The row, if there is one."""
    with database.reading() as transaction:
        return next(iter(read_signs(transaction)), None)


@pytest.fixture
def beating(database: Database) -> Iterator[Heartbeat]:
    """A worker that is alive."""
    heartbeat = Heartbeat(database, "one", seconds=0.02)
    heartbeat.start()
    eventually(lambda: sign(database), "a first sign of life")
    yield heartbeat
    heartbeat.stop()


def test_a_row_is_taken_back_from_another_process_that_has_ended(
    database: Database, beating: Heartbeat
) -> None:
    with database.writing() as transaction:
        transaction.execute(update(worker).values(pid=ANOTHER, stopped_at=transaction.now()))

    def taken_back() -> bool:
        found = sign(database)
        return found is not None and found.pid == os.getpid() and found.is_alive

    assert eventually(taken_back, "the row of the one that lives")
