"""A full sync of products with their stock, from bulk operations' files, by the real `serve`; then again.

50,000 products of five variants at one location: 250,000 inventory items and 250,000 levels. Products,
locations, items and levels come one after the other, each in a run of its own; then all once more, unchanged.
What Shopify takes to make the files is not measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.carried import Carried, carried
from bench.catalogue import write_products
from bench.exports import ExportFile, exporting
from bench.places import Kind, Place, Places
from bench.programs import serving
from bench.report import Report, Row
from bench.stockroom import write_items, write_levels, write_locations

TARGET: Final = 1_000
"""Products a second, with their levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many products, and at how many locations each of their variants is stocked."""

    products: int
    locations: int = 1


FULL: Final = Size(products=50_000)
QUICK: Final = Size(products=2_000)


def run(report: Report, places: Places, size: Size) -> None:
    """The same files for both databases."""
    report.doing(f"writing files of {size.products:,} products")
    files = _files(places.place("sqlite").folder, size)
    rows = [
        row
        for kind in places.kinds
        for row in _synced(report, places.place(kind), kind, files, size.products)
    ]
    report.table("full sync of products with their stock", rows)
    report.note(f"The target is {TARGET:,} products a second, all of it together.")


def _files(folder: Path, size: Size) -> list[ExportFile]:
    return [
        write_products(folder, size.products),
        write_locations(folder, size.locations),
        write_items(folder, size.products),
        write_levels(folder, size.products, size.locations),
    ]


def _synced(
    report: Report, place: Place, kind: Kind, files: Sequence[ExportFile], products: int
) -> Iterator[Row]:
    with exporting(place, files), serving(place) as program:
        for what in ("first", "unchanged"):
            taken: list[Carried] = []
            for file in files:
                report.doing(f"{kind}, {what}: {file.resources:,} {file.resource.plural}")
                found = carried(place, program.pid, file.resource.plural)
                if found.run.seen != file.resources:
                    raise RuntimeError(f"the run is not whole: {found.run}")
                taken.append(found)
                yield _row(kind, what, file.resource.plural, file.resources, products, [found])
            number = sum(file.resources for file in files)
            yield _row(kind, what, "all of it", number, products, taken)


def _row(kind: Kind, what: str, of: str, number: int, products: int, taken: Sequence[Carried]) -> Row:
    seconds = sum(each.seconds for each in taken)
    return {
        "database": kind,
        "what": what,
        "of": of,
        "number": number,
        "seconds": seconds,
        "each/s": number / seconds,
        "products/s": products / seconds,
        "worker's cpu µs each": sum(each.spent_seconds for each in taken) / number * 1e6,
        "worker's peak MB": max(each.peak_mb for each in taken),
    }
