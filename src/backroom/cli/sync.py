"""`sync`: asks for runs that fetch from Shopify. The workers carry them."""

from typing import TYPE_CHECKING, Annotated

import typer

from backroom.cli.paging import ShopOption
from backroom.cli.queueing import queue_all, say_whether_anybody_works
from backroom.resources.registry import BY_PLURAL
from backroom.settings import read_settings
from backroom.vocabulary.errors import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backroom.db.database import Transaction
    from backroom.jobs.requests import NewRun

ALL = "all"
CHOICES = (*BY_PLURAL, ALL)


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(sync)


def sync(
    resource: Annotated[str, typer.Argument(help=f"One of: {', '.join(CHOICES)}.")],
    shop: ShopOption = None,
    full: Annotated[bool, typer.Option("--full", help="Everything, not only what changed.")] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="What changed since: 2026-11-28T09:00:00Z, or 90m, 36h, 7d ago."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show how it goes, until it is over.")] = False,
) -> None:
    """Fetch from Shopify: what changed since the last sync, or everything. All shops without --shop.

    Inventory brings locations and inventory items along.
    Prints one line a run. The workers carry the runs; `runs list` shows how they go.
    """
    from backroom import compose
    from backroom.cli.watching import watch

    if resource not in CHOICES:
        raise Misuse(f"no such resource: {resource[:60]} (there are {', '.join(CHOICES)})")
    plurals = list(BY_PLURAL) if resource == ALL else [*BY_PLURAL[resource].along, resource]
    with compose.open_house(read_settings()) as house:
        with house.database.writing() as transaction:
            run_ids, refusals = queue_all(transaction, _wanted(transaction, plurals, shop, full, since))
        succeeded = watch(house.database, run_ids) if wait else True
        say_whether_anybody_works(house.database)
    if refusals or not succeeded:
        raise typer.Exit(1)


def _wanted(
    transaction: "Transaction", plurals: list[str], shop: str | None, full: bool, since: str | None
) -> "Iterator[tuple[str, NewRun, str]]":
    from backroom.jobs.syncs import new_sync, shops_to_sync, since_of

    after = since_of(since, transaction.now()) if since is not None else None
    for each in shops_to_sync(transaction, shop):
        for plural in plurals:
            new = new_sync(transaction, each, plural, full=full, since=after, requested_by="command line")
            yield each.domain, new, new.mode
