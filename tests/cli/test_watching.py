"""What is said of runs while somebody waits for them, into a pipe; the time is the test's own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from backroom.cli.queueing import NOBODY_WORKS
from backroom.cli.watching import LINE_SECONDS, LOOK_SECONDS, NOBODY_SECONDS, Pace, watch
from backroom.db.database import Database, open_database
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import claim_queued, finish
from backroom.jobs.requests import cancel_run
from tests.cli.conftest import Backroom
from tests.cli.test_cli_runs import SHOP, TOKEN, alive


@pytest.fixture
def database(home: Path, backroom: Backroom) -> Iterator[Database]:
    """The database that the commands look at, with one shop and a run that waits."""
    assert backroom("shop", "add", SHOP, stdin=TOKEN).code == 0
    assert backroom("sync", "products", "--full").code == 0
    opened = open_database(f"sqlite:///{home}/backroom.db")
    yield opened
    opened.dispose()


@dataclass(slots=True)
class Hand:
    """Seconds that pass at each look, and what happens at some of them."""

    seconds: float = 0.0
    events: dict[float, Callable[[], None]] = field(default_factory=dict)

    def at(self, seconds: float, happens: Callable[[], None]) -> None:
        self.events[seconds] = happens

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        for due in [each for each in self.events if each <= self.seconds]:
            self.events.pop(due)()

    @property
    def pace(self) -> Pace:
        return Pace(now=lambda: self.seconds, wait=self.wait)


def cancel(database: Database) -> None:
    with database.writing() as transaction:
        cancel_run(transaction, 1)


def test_who_waits_for_nobody_is_told_so_each_minute_and_not_more(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    hand = Hand()
    hand.at(10 * NOBODY_SECONDS - 1, lambda: cancel(database))
    capsys.readouterr()
    assert not watch(database, [1], hand.pace)
    said = capsys.readouterr()
    assert said.out.splitlines() == ["run 1: queued", "run 1: cancelled, 0"]
    assert said.err.splitlines() == [
        *[NOBODY_WORKS] * 10,
        f"backroom: run 1 (full sync of products of {SHOP}) was cancelled",
    ]


def test_once_somebody_works_nothing_more_is_said_of_that(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    hand = Hand()
    hand.at(NOBODY_SECONDS / 2, lambda: alive(database))
    hand.at(3 * NOBODY_SECONDS, lambda: cancel(database))
    capsys.readouterr()
    watch(database, [1], hand.pace)
    assert capsys.readouterr().err.splitlines()[:-1] == [NOBODY_WORKS]


def test_a_line_comes_only_where_it_says_something_else_and_for_counts_alone_not_often(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    alive(database)
    with database.writing() as transaction:
        (claim,) = claim_queued(transaction, [1], "w")
    chunks = Chunks(database, claim)

    def count(seen: int, phase: str) -> None:
        with chunks.noting() as chunk:
            chunk.count(seen=seen)
            chunk.say(phase)

    def end() -> None:
        with database.writing() as transaction:
            finish(transaction, claim, "succeeded", None)

    hand = Hand()
    hand.at(LOOK_SECONDS, lambda: count(10, "reading"))
    hand.at(LOOK_SECONDS * 2, lambda: count(10, "reading"))
    hand.at(LOOK_SECONDS * 4, lambda: count(5, "reading"))
    hand.at(LINE_SECONDS * 9, lambda: count(10, "processing"))
    hand.at(LINE_SECONDS * 20, end)
    capsys.readouterr()
    assert watch(database, [1], hand.pace)
    assert capsys.readouterr().out.splitlines() == [
        "run 1: running, 0",
        "run 1: running, 10, reading",
        "run 1: running, 25, reading",
        "run 1: running, 35, processing",
        "run 1: succeeded, 35",
    ]
