"""Watches runs until they are over: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import typer

from backroom.cli.legible import printable
from backroom.cli.output import say
from backroom.cli.run_words import ended, progress, what
from backroom.db.database import Database
from backroom.jobs.runs import Run, read_run
from backroom.worker.heartbeat import read_signs

INTERRUPTED: Final = 130
"""The exit code that shells give for Ctrl-C."""
LOOK_SECONDS: Final = 0.2
LINE_SECONDS: Final = 5.0
"""Plain lines come when something else is done, and not more often than this for counts alone."""


def watch(database: Database, run_ids: Sequence[int]) -> bool:
    """Returns once all are over: whether all succeeded. Says on stderr why others did not.

    Ctrl-C ends the command, with exit code 130, and not the runs.
    """
    looks = _looks(database, run_ids)
    try:
        shown = deque(_bars(looks) if sys.stdout.isatty() else _lines(looks), maxlen=1)
    except KeyboardInterrupt:
        typer.echo(_go_on(run_ids), err=True)
        raise typer.Exit(INTERRUPTED) from None
    last = shown[0] if shown else []
    for run in last:
        if run.state != "succeeded":
            reason = f": {run.error}" if run.error else ""
            typer.echo(f"backroom: run {run.id} ({what(run)}) {ended(run)}{printable(reason)}", err=True)
    return all(run.state == "succeeded" for run in last)


def _looks(database: Database, run_ids: Sequence[int]) -> Iterator[list[Run]]:
    """All runs again and again, until they are over."""
    told = False
    while run_ids:
        with database.reading() as transaction:
            runs = [read_run(transaction, run_id) for run_id in run_ids]
            waits = any(run.state == "queued" for run in runs)
            idle = waits and not told and not any(sign.is_alive for sign in read_signs(transaction))
        yield runs
        if all(run.is_over for run in runs):
            return
        if idle:
            told = True
            typer.echo("no worker is alive: runs begin once `backroom serve` or `worker` runs", err=True)
        time.sleep(LOOK_SECONDS)


def _lines(looks: Iterator[list[Run]]) -> Iterator[list[Run]]:
    said: dict[int, tuple[str, str | None]] = {}
    again_at: dict[int, float] = {}
    for runs in looks:
        now = time.monotonic()
        for run in runs:
            fresh = (run.state, run.phase) != said.get(run.id)
            if fresh or (not run.is_over and now >= again_at[run.id]):
                said[run.id] = run.state, run.phase
                again_at[run.id] = now + LINE_SECONDS
                say(f"run {run.id}: {progress(run)}")
        yield runs


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
