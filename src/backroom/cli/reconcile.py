"""`reconcile`: asks for runs that compare Shopify, the cache and the rows. The workers carry them."""

from typing import TYPE_CHECKING, Annotated

import typer

from backroom.cli.paging import ShopOption
from backroom.cli.queueing import queue_all, say_whether_anybody_works
from backroom.cli.sync import ALL, CHOICES
from backroom.resources.registry import BY_PLURAL
from backroom.settings import read_settings
from backroom.vocabulary.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backroom.db.database import Database, Transaction
    from backroom.jobs.requests import NewRun


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(reconcile)


def reconcile(
    resources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RESOURCE...]", help=f"Of: {', '.join(CHOICES)}. All without a word."),
    ] = None,
    shop: ShopOption = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs, too.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Show how it goes, until it is over.")] = False,
) -> None:
    """Compare everything in Shopify with the cache, and the cache with the rows. All shops without --shop.

    Prints one line a run; the workers carry the runs. Without --repair nothing is changed: `drift list` shows
    what was found. With --wait the exit code is 1 where drift was found and not repaired.
    """
    from backroom import compose
    from backroom.cli.watching import watch

    plurals = _plurals(resources or [ALL])
    with compose.open_house(read_settings()) as house:
        with house.database.writing() as transaction:
            run_ids, refusals = queue_all(transaction, _wanted(transaction, plurals, shop, repair))
        succeeded = watch(house.database, run_ids) if wait else True
        left = say_what_is_left(house.database, run_ids) if wait else False
        say_whether_anybody_works(house.database)
    if refusals or left or not succeeded:
        raise typer.Exit(1)


def say_what_is_left(database: "Database", run_ids: list[int]) -> bool:
    """Whether runs that succeeded found drift that is open still; says on stderr how much of it."""
    from backroom.cli.run_words import open_findings, what
    from backroom.drift.findings import count_left
    from backroom.jobs.runs import read_run

    with database.reading() as transaction:
        runs = [read_run(transaction, run_id) for run_id in sorted(run_ids)]
        left = count_left(transaction, {run.id: run.created_at for run in runs})
    told = [run for run in runs if run.state == "succeeded" and run.id in left]
    for run in told:
        found = open_findings(run, left[run.id])
        typer.echo(f"backroom: run {run.id} ({what(run)}): {found}: `backroom drift list`", err=True)
    return bool(told)


def _plurals(asked: list[str]) -> list[str]:
    for each in asked:
        if each not in CHOICES:
            raise Misuse(f"no such resource: {each[:60]} (there are {', '.join(CHOICES)})")
    return list(BY_PLURAL) if ALL in asked else list(dict.fromkeys(asked))


def _wanted(
    transaction: "Transaction", plurals: list[str], shop: str | None, repair: bool
) -> "Iterator[tuple[str, NewRun, str]]":
    from backroom.jobs.reconciling import new_reconcile
    from backroom.jobs.syncs import shops_to_sync

    for each in shops_to_sync(transaction, shop):
        for plural in plurals:
            new = new_reconcile(transaction, each, plural, repair=repair, requested_by="command line")
            yield each.domain, new, new.mode
