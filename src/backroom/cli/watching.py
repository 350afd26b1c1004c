"""Watches runs until they are over: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import typer

from backroom.cli.legible import printable
from backroom.cli.output import say
from backroom.cli.queueing import NOBODY_WORKS
from backroom.cli.run_words import ended, progress, what
from backroom.db.database import Database
from backroom.jobs.runs import Run, read_run
from backroom.worker.heartbeat import read_signs

INTERRUPTED: Final = 130
"""The exit code that shells give for Ctrl-C."""
LOOK_SECONDS: Final = 0.2
LINE_SECONDS: Final = 5.0
"""Plain lines come when something else is done, and not more often than this for counts alone."""
NOBODY_SECONDS: Final = 60.0
"""How often it is said that nobody works, as long as that is so."""


@dataclass(frozen=True, slots=True)
class Pace:
    """The time that passes between two looks, in seconds."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep


def watch(database: Database, run_ids: Sequence[int], pace: Pace | None = None) -> bool:
    """Returns once all are over: whether all succeeded. Says on stderr why others did not.

    Ctrl-C ends the command, with exit code 130, and not the runs.
    """
    pace = pace or Pace()
    looks = _looks(database, run_ids, pace)
    try:
        shown = deque(_bars(looks) if sys.stdout.isatty() else _lines(looks, pace), maxlen=1)
    except KeyboardInterrupt:
        typer.echo(_go_on(run_ids), err=True)
        raise typer.Exit(INTERRUPTED) from None
    last = shown[0] if shown else []
    for run in last:
        if run.state != "succeeded":
            reason = f": {run.error}" if run.error else ""
            typer.echo(f"backroom: run {run.id} ({what(run)}) {ended(run)}{printable(reason)}", err=True)
    return all(run.state == "succeeded" for run in last)


def _looks(database: Database, run_ids: Sequence[int], pace: Pace) -> Iterator[list[Run]]:
    """All runs again and again, until they are over."""
    again_at = pace.now()
    while run_ids:
        with database.reading() as transaction:
            runs = [read_run(transaction, run_id) for run_id in run_ids]
            due = pace.now() >= again_at and any(run.state == "queued" for run in runs)
            idle = due and not any(sign.is_alive for sign in read_signs(transaction))
        yield runs
        if all(run.is_over for run in runs):
            return
        if idle:
            again_at = pace.now() + NOBODY_SECONDS
            typer.echo(NOBODY_WORKS, err=True)
        pace.wait(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class _Said:
    """The last line of a run, what it did then, and when that was."""

    text: str
    doing: tuple[str, str | None]
    at: float


def _lines(looks: Iterator[list[Run]], pace: Pace) -> Iterator[list[Run]]:
    """A line where it differs from the last one of its run."""
    said: dict[int, _Said] = {}
    for runs in looks:
        now = pace.now()
        for run in runs:
            line = _Said(progress(run), (run.state, run.phase), now)
            if _is_news(line, said.get(run.id)):
                said[run.id] = line
                say(f"run {run.id}: {line.text}")
        yield runs


def _is_news(line: _Said, last: _Said | None) -> bool:
    if last is None or line.text == last.text:
        return last is None
    return line.doing != last.doing or line.at >= last.at + LINE_SECONDS


def _go_on(run_ids: Sequence[int]) -> str:
    ids = " ".join(map(str, run_ids))
    goes, one = (f"run {ids} goes on", ids) if len(run_ids) == 1 else ("the runs go on", "ID")
    return f"{goes}; `backroom runs wait {ids}` shows it again, `backroom runs cancel {one}` ends it"


def _bars(looks: Iterator[list[Run]]) -> Iterator[list[Run]]:
    from rich.console import Console

    from backroom.cli.bars import Bars

    with Bars(Console()) as bars:
        for runs in looks:
            bars.show(runs)
            yield runs
