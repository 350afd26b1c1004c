"""Two workers under one name: the living one has the row in the end."""

from backroom.db.database import Database
from backroom.worker.heartbeat import Heartbeat, read_signs
from tests.waiting import eventually


def is_alive(database: Database) -> list[bool]:
    """Of each worker ever seen, whether it lives."""
    with database.reading() as transaction:
        return [sign.is_alive for sign in read_signs(transaction)]


def test_a_row_that_another_has_ended_is_taken_back_by_the_one_that_lives(database: Database) -> None:
    lives = Heartbeat(database, "one", seconds=0.02)
    ends = Heartbeat(database, "one", seconds=0.02)
    lives.start()
    ends.start()
    eventually(lambda: is_alive(database) == [True])
    ends.stop()
    try:
        eventually(lambda: is_alive(database) == [True])
    finally:
        lives.stop()
    assert is_alive(database) == [False]
