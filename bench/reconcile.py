"""A reconcile without drift by the real `serve`: 20,000 products of five variants, cached and processed.

What is measured begins where the export's file is there: what Shopify takes to make it is not ours. The
worker is started anew before it, so that its peak is the reconcile's own. `--full` adds 100,000 products, for
their peak memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.carried import Carried, carried
from bench.catalogue import VARIANTS, write_products
from bench.exports import ExportFile, exporting
from bench.places import Kind, Place, Places
from bench.programs import serving
from bench.report import Report, Row

TARGET_SECONDS: Final = 60.0
"""For 100,000 variants, after the file is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many products, and how many where only the memory is wanted."""

    products: int
    many: int = 0


FULL: Final = Size(products=20_000)
WHOLE: Final = Size(products=20_000, many=100_000)
QUICK: Final = Size(products=2_000)


def run(report: Report, places: Places, size: Size) -> None:
    """One file for both databases."""
    rows = [
        row
        for products in (size.products, size.many)
        if products
        for row in _measured(report, places, products)
    ]
    report.table("reconcile of products without drift", rows)
    report.note(f"The target is {TARGET_SECONDS:.0f} seconds for 100,000 variants, after the file is there.")


def _measured(report: Report, places: Places, products: int) -> Iterator[Row]:
    report.doing(f"writing a file of {products:,} products")
    file = write_products(places.place("sqlite").folder, products)
    for kind in places.kinds:
        place = places.place(kind)
        with exporting(place, [file]):
            report.doing(f"{kind}, {products:,} products: fetching them first")
            fetch_all(place, file)
            report.doing(f"{kind}, {products:,} products: the reconcile")
            yield _row(kind, products, reconciled(place, file))


def fetch_all(place: Place, file: ExportFile) -> Carried:
    """A full sync, by a worker of its own. Raises RuntimeError."""
    with serving(place) as program:
        found = carried(place, program.pid, file.resource.plural)
    if found.run.seen != file.resources:
        raise RuntimeError(f"the sync is not whole: {found.run}")
    return found


def reconciled(place: Place, file: ExportFile) -> Carried:
    """A reconcile, by a worker of its own. Raises RuntimeError where it finds anything."""
    with serving(place) as program:
        found = carried(place, program.pid, file.resource.plural, kind="reconcile", mode="compare")
    run = found.run
    if run.seen != run.unchanged or run.seen != file.resources:
        raise RuntimeError(f"the reconcile is not whole, or found drift: {run}")
    return found


def _row(kind: Kind, products: int, found: Carried) -> Row:
    return {
        "database": kind,
        "products": products,
        "variants": products * VARIANTS,
        "seconds, all": found.seconds,
        "after the file": found.seconds_after_the_file,
        "variants/s": products * VARIANTS / found.seconds_after_the_file,
        "cpu µs a product": found.spent_seconds / products * 1e6,
        "worker's peak MB": found.peak_mb,
    }
