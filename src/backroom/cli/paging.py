"""Listings over several pages: as many rows as were asked for, and a word where there are more."""

from collections.abc import Callable
from typing import Annotated, TypeVar

import typer

from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.pages import LARGEST_LIMIT, Page, Place, place_of

T = TypeVar("T")
Limit = Annotated[int, typer.Option(help="How many rows at most.")]
ShopOption = Annotated[str | None, typer.Option("--shop", metavar="DOMAIN", help="Only this shop.")]


def gather(read: Callable[[Place | None, int], Page[T]], limit: int, start: Place | None = None) -> list[T]:
    """Reads pages until there are `limit` rows. Says on stderr where more are left."""
    if limit < 1:
        raise Misuse("--limit is 1 at least")
    rows: list[T] = []
    place = start
    while True:
        page = read(place, min(LARGEST_LIMIT, limit - len(rows)))
        rows += page.items
        if page.next is None:
            return rows
        if len(rows) >= limit:
            typer.echo(f"there are more than these {limit}: see --limit", err=True)
            return rows
        place = place_of(page.next, None)


def domain_of(shop: str | None) -> str | None:
    """Domains are kept in small letters."""
    return None if shop is None else shop.strip().lower()
