"""Listings over several pages: as many rows as were asked for, and a word where there are more."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import typer

from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.pages import LARGEST_LIMIT, Page, Place, place_of

T = TypeVar("T")
Limit = Annotated[int, typer.Option(help="How many rows at most.")]
Before = Annotated[
    int | None, typer.Option("--before", metavar="ID", min=1, max=GREATEST_ID, help="Only ids below.")
]
ShopOption = Annotated[str | None, typer.Option("--shop", metavar="DOMAIN", help="Only this shop.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered(Generic[T]):
    """Rows, and the place of the last of them where more follow."""

    rows: list[T]
    place: Place | None

    def say_whether_more(self) -> None:
        """On stderr, below the rows: what shows those that follow."""
        if self.place is None:
            return
        match self.place:
            case (last,):
                typer.echo(f"older ones: --before {last}", err=True)
            case _:
                typer.echo(f"there are more than these {len(self.rows)}: see --limit", err=True)


def gather_from(
    read: Callable[[Place | None, int], Page[T]], limit: int, before: int | None = None
) -> Gathered[T]:
    """Reads pages until there are `limit` rows. `before`: of a listing by ids, only those below."""
    if limit < 1:
        raise Misuse("--limit is 1 at least")
    rows: list[T] = []
    place: Place | None = None if before is None else (before,)
    while True:
        page = read(place, min(LARGEST_LIMIT, limit - len(rows)))
        rows += page.items
        place = place_of(page.next, None)
        if place is None or len(rows) >= limit:
            return Gathered(rows=rows, place=place)


def gather(read: Callable[[Place | None, int], Page[T]], limit: int) -> list[T]:
    """The rows alone. Says at once, above them, where more are left."""
    found = gather_from(read, limit)
    found.say_whether_more()
    return found.rows


def domain_of(shop: str | None) -> str | None:
    """Domains are kept in small letters."""
    return None if shop is None else shop.strip().lower()
