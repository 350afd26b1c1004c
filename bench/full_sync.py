"""A full sync from a bulk operation's file by the real `serve`: cache and ERP rows; then it comes again.

50,000 products of five variants and five images each, 550,000 lines. What Shopify takes to make the file is
not measured. The bound beside it: the same file read and joined, and nothing done with it. `--full` adds
500,000 products, for their peak memory.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from backroom.shopify.jsonl import read_stretches
from bench.carried import carried
from bench.catalogue import write_products
from bench.exports import ExportFile, exporting
from bench.places import Kind, Place, Places
from bench.programs import serving
from bench.report import Report, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many products, and how many where only the memory is wanted."""

    products: int
    many: int = 0


FULL: Final = Size(products=50_000)
WHOLE: Final = Size(products=50_000, many=500_000)
QUICK: Final = Size(products=5_000)


def run(report: Report, places: Places, size: Size) -> None:
    """One file for both databases."""
    rows: list[Row] = []
    for products in (size.products, size.many):
        if products:
            rows += _measured(report, places, products, again=products == size.products)
    report.table("full sync of products from a bulk file", rows)


def _measured(report: Report, places: Places, products: int, *, again: bool) -> Iterator[Row]:
    report.doing(f"writing a file of {products:,} products")
    file = write_products(places.place("sqlite").folder, products)
    yield _row("-", "reading and joining alone", products, _read_alone(file))
    for kind in places.kinds:
        report.doing(f"{kind}, {products:,} products, {file.megabytes:.0f} MB")
        yield from _synced(places.place(kind), kind, file, again=again)


def _row(
    kind: str,
    what: str,
    products: int,
    seconds: float,
    peak_mb: float | None = None,
    spent_seconds: float | None = None,
) -> Row:
    return {
        "database": kind,
        "what": what,
        "products": products,
        "seconds": seconds,
        "products/s": products / seconds,
        "worker's cpu µs": None if spent_seconds is None else spent_seconds / products * 1e6,
        "worker's peak MB": peak_mb,
    }


def _synced(place: Place, kind: Kind, file: ExportFile, *, again: bool) -> Iterator[Row]:
    with exporting(place, [file]), serving(place) as program:
        for what in ("first", "unchanged") if again else ("first",):
            found = carried(place, program.pid, file.resource.plural)
            if found.run.seen != file.resources:
                raise RuntimeError(f"the run is not whole: {found.run}")
            yield _row(kind, what, file.resources, found.seconds, found.peak_mb, found.spent_seconds)


def _read_alone(file: ExportFile) -> float:
    started = time.perf_counter()
    for _ in read_stretches(file.path, file.resource.selection):
        pass
    return time.perf_counter() - started
