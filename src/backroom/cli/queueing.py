"""Queues runs for a command, one line each, and says why others were not."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import typer

from backroom.cli.output import say
from backroom.cli.run_words import announced

if TYPE_CHECKING:
    from backroom.db.database import Database, Transaction
    from backroom.jobs.requests import NewRun

NOBODY_WORKS: Final = "no worker is alive: runs begin once `backroom serve` or `worker` runs"


def queue_all(
    transaction: "Transaction", wanted: Iterable[tuple[str, "NewRun", str]]
) -> tuple[list[int], list[str]]:
    """From (domain, run, note; see `announced`): the runs that were queued, and why others were not."""
    from backroom.jobs.requests import AlreadyRunning, Disconnected, queue_run

    run_ids: list[int] = []
    refusals: list[str] = []
    for domain, new, note in wanted:
        try:
            run_ids.append(queue_run(transaction, new))
        except AlreadyRunning as error:
            refusals.append(f"{domain}: {error}")
        except Disconnected as error:
            refusals.append(str(error))
        else:
            say(announced(run_ids[-1], new, domain, note))
    for refusal in refusals:
        typer.echo(f"backroom: {refusal}", err=True)
    return run_ids, refusals


def say_whether_anybody_works(database: "Database") -> None:
    """On stderr, where nobody would carry what was queued."""
    from backroom.worker.heartbeat import read_signs

    with database.reading() as transaction:
        if not any(sign.is_alive for sign in read_signs(transaction)):
            typer.echo(NOBODY_WORKS, err=True)
