"""Watches runs until they are over: a live bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Final

import typer

from backroom.cli.output import printable, say
from backroom.db.database import Database
from backroom.jobs.reconciling import FINDINGS
from backroom.jobs.runs import Run, read_run
from backroom.worker.heartbeat import read_signs

INTERRUPTED: Final = 130
"""The exit code that shells give for Ctrl-C."""
LOOK_SECONDS: Final = 0.2
NAMED: Final = 2
"""Topics in a line: there has to be room for the run that fetches what was missed."""
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


def announced(run_id: int, resource: str, shop: str, mode: str) -> str:
    """The line that says which run this is, before it is watched."""
    return f"run {run_id}: {resource} of {shop}, {mode}"


def what(run: Run) -> str:
    """`products of one.myshopify.com`"""
    return f"{run.resource} of {run.shop}"


def ended(run: Run) -> str:
    """The state as a sentence goes on."""
    return "was cancelled" if run.state == "cancelled" else run.state


def counted(run: Run) -> str:
    """`3,200 / 50,000`, or what there is of it."""
    return f"{run.seen:,}" if run.total is None else f"{run.seen:,} / {run.total:,}"


def differences(run: Run) -> str | None:
    """`3 drifted, 2 in flight, 3 repaired`, or what there is of it; None where there is nothing."""
    numbers = {"drifted": run.drifted, "in flight": run.in_flight, "repaired": run.repaired}
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number) or None


def mended(run: Run) -> str | None:
    """What a check of subscriptions did (`mended products/update; run 4 fetches what changed since ...`), or
    why a sync fills a gap. None of all others."""
    if run.kind != "webhooks":
        reason = run.options.get("reason")
        return None if reason is None else str(reason)
    topics = [topic for each in run.samples if "/" in each.id for topic in each.id.split(", ")]
    others = [each.reason for each in run.samples if "/" not in each.id]
    what = ", ".join(topics) if len(topics) <= NAMED else f"{len(topics)} topics"
    return "; ".join([*([f"mended {what}"] if topics else []), *dict.fromkeys(others)]) or None


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


def progress(run: Run) -> str:
    """`running, 1,204 / 5,000, reading the file`, `succeeded, 1,000 / 1,000 compared, 3 drifted`"""
    if run.state == "queued":
        return run.state
    parts = [run.state, *_counts(run), differences(run), run.phase and printable(run.phase)]
    return ", ".join(part for part in parts if part)


def _counts(run: Run) -> Iterator[str]:
    """What a kind of run counts, in its own words."""
    match run.kind:
        case "reconcile":
            if run.mode != FINDINGS:
                yield f"{counted(run)} compared"
                if run.state == "succeeded" and not run.drifted:
                    yield "nothing drifted"
        case "webhooks":
            yield f"{counted(run)} topics"
            if run.written:
                yield f"{run.written:,} mended"
        case "retention":
            yield f"{counted(run)} looked at, {run.written:,} deleted"
        case _:
            yield counted(run)


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
