"""A shop of 200 locations: a full sync of its levels and a reconcile without drift, in flat memory.

2,000 SKUs, 400,000 levels; `--full` adds 20,000 SKUs, four million levels: some two gigabytes for the file,
and several for the database. Each has a worker of its own, so that its peak is its own.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bench.carried import Carried
from bench.catalogue import VARIANTS
from bench.exports import ExportFile, exporting
from bench.places import Kind, Places
from bench.reconcile import fetch_all, reconciled
from bench.report import Report, Row
from bench.stockroom import write_levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many locations, and how many SKUs are stocked at each of them; once for each number."""

    locations: int = 200
    skus: tuple[int, ...]


FULL: Final = Size(skus=(2_000,))
WHOLE: Final = Size(skus=(2_000, 20_000))
QUICK: Final = Size(skus=(200,))


def run(report: Report, places: Places, size: Size) -> None:
    """One file for both databases."""
    rows = [row for skus in size.skus for row in _measured(report, places, skus, size.locations)]
    report.table(f"levels at {size.locations} locations", rows)


def _measured(report: Report, places: Places, skus: int, locations: int) -> Iterator[Row]:
    report.doing(f"writing a file of {skus * locations:,} levels")
    folder = places.place("sqlite").folder
    file = write_levels(folder, skus // VARIANTS, locations)
    for kind in places.kinds:
        place = places.place(kind)
        with exporting(place, [file]):
            report.doing(f"{kind}, {file.resources:,} levels, {file.megabytes:,.0f} MB: the full sync")
            yield _row(kind, "full sync", file, fetch_all(place, file))
            report.doing(f"{kind}, {file.resources:,} levels: the reconcile")
            yield _row(kind, "reconcile", file, reconciled(place, file))
        # It may be gigabytes, and the next one comes beside it.
        shutil.rmtree(place.folder)
    shutil.rmtree(folder)


def _row(kind: Kind, what: str, file: ExportFile, found: Carried) -> Row:
    return {
        "database": kind,
        "what": what,
        "levels": file.resources,
        "seconds, all": found.seconds,
        "after the file": found.seconds_after_the_file,
        "levels/s": file.resources / found.seconds_after_the_file,
        "cpu µs a level": found.spent_seconds / file.resources * 1e6,
        "worker's peak MB": found.peak_mb,
    }
