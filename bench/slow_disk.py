"""Receipt and flow once more, on a disk whose every fsync takes some milliseconds longer.

The programs and the PostgreSQL server run with a small library preloaded (`slow_fsync`), so all that they
make durable waits: the bound as well as ours. Without a C compiler there is nothing to preload: it says so.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Final

from bench.flow import flow
from bench.places import Kind, Places
from bench.programs import Address, bare, open_shop, serving
from bench.receipt import Size as ReceiptSize
from bench.receipt import receive
from bench.report import Report, Row, median_of
from bench.slow_fsync import SlowDisk, compiler, slow_disk

CONNECTIONS: Final = 32
RATE: Final = 300
"""Deliveries a second in the flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The waits in ms, and how much to send under each."""

    waits: tuple[int, ...] = (0, 5, 20)
    receipt: ReceiptSize = field(default_factory=lambda: ReceiptSize(runs=5, crowded=3000))
    flow_seconds: int = 20


FULL: Final = Size()
QUICK: Final = Size(waits=(0, 5), receipt=ReceiptSize(runs=1, crowded=1000), flow_seconds=4)


def run(report: Report, places: Places, size: Size) -> None:
    """Every wait on each database. The places must be fresh: PostgreSQL is started under the slow disk."""
    cc = compiler()
    if cc is None:
        report.note("skipped: there is no C compiler, and it takes one to make the disk slower")
        return
    with slow_disk(cc) as disk:
        for kind in places.kinds:
            report.table(
                f"receipt on {kind}, {CONNECTIONS} at once, with a wait added to each fsync"
                f" (medians of {size.receipt.runs} runs)",
                _receipts(report, places, kind, disk, size),
            )
        report.table(
            f"from the 200 to the row at {RATE}/s, ms, with a wait added to each fsync",
            [_flow(report, places, kind, disk, wait, size) for wait in size.waits for kind in places.kinds],
        )


def _receipts(report: Report, places: Places, kind: Kind, disk: SlowDisk, size: Size) -> list[Row]:
    rows: list[Row] = []
    with ExitStack() as stack:
        bound = stack.enter_context(bare(places.place(kind), "bound"))
        place = places.place(kind)
        open_shop(place)
        ours = stack.enter_context(serving(place, "--no-worker"))
        programs = {"bound": bound.address, "ours": ours.address}
        for wait in size.waits:
            report.doing(f"{kind}, receipt, {wait} ms more")
            disk.wait(wait)
            medians = _in_turn(programs, size.receipt)
            ratio = medians["bound"]["req/s"] / medians["ours"]["req/s"]
            rows += [
                {"wait ms": wait, "program": name, **medians[name], "time to the bound's": against}
                for name, against in (("bound", 1.0), ("ours", ratio))
            ]
        disk.wait(0)
    return rows


def _in_turn(programs: Mapping[str, Address], size: ReceiptSize) -> dict[str, dict[str, float]]:
    taken: dict[str, list[Mapping[str, float]]] = {name: [] for name in programs}
    for _ in range(size.runs):
        for name, address in programs.items():
            taken[name].append(receive(address, CONNECTIONS, size))
    return {name: median_of(each) for name, each in taken.items()}


def _flow(report: Report, places: Places, kind: Kind, disk: SlowDisk, wait: int, size: Size) -> Row:
    report.doing(f"{kind}, {RATE}/s for {size.flow_seconds} s, {wait} ms more")
    disk.wait(wait)
    figures = flow(places.place(kind), RATE, size.flow_seconds)
    disk.wait(0)
    return {"wait ms": wait, **figures}
