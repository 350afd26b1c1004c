"""Durable receipt of a signed 6 KB products/update, all bodies distinct: ours and the bare bound, in turn."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from bench.load import Order, send
from bench.places import Kind, Places
from bench.programs import Address, bare, open_shop, serving
from bench.report import Report, Row, median_of, percentile

CONNECTIONS: Final = (1, 32, 128)
WARM: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much to send."""

    runs: int = 5
    alone: int = 1500
    """Requests a run over one connection."""
    crowded: int = 5000
    """Requests a run over many."""


FULL: Final = Size()
QUICK: Final = Size(runs=1, alone=500, crowded=2000)


def run(report: Report, places: Places, size: Size) -> None:
    """Both databases, then the generator's own ceiling."""
    for kind in places.kinds:
        report.table(
            f"receipt on {kind} (medians of {size.runs} runs)", _receipts(report, places, kind, size)
        )
    report.table("the load generator's ceiling: an app that answers at once", _ceiling(places, size))


def _receipts(report: Report, places: Places, kind: Kind, size: Size) -> list[Row]:
    rows: list[Row] = []
    with ExitStack() as stack:
        bound = stack.enter_context(bare(places.place(kind), "bound"))
        place = places.place(kind)
        open_shop(place)
        ours = stack.enter_context(serving(place, "--no-worker"))
        for connections in CONNECTIONS:
            report.doing(f"{kind}, {connections} at once")
            taken: dict[str, list[Mapping[str, float]]] = {"bound": [], "ours": []}
            for _ in range(size.runs):
                for name, program in (("bound", bound), ("ours", ours)):
                    taken[name].append(receive(program.address, connections, size))
            medians = {name: median_of(each) for name, each in taken.items()}
            ratio = medians["bound"]["req/s"] / medians["ours"]["req/s"]
            rows += [
                {"c": connections, "program": name, **medians[name], "time to the bound's": against}
                for name, against in (("bound", 1.0), ("ours", ratio))
            ]
    return rows


def _ceiling(places: Places, size: Size) -> list[Row]:
    with bare(places.place("sqlite"), "instant") as program:
        return [
            {"c": connections, **receive(program.address, connections, size)} for connections in CONNECTIONS
        ]


def receive(address: Address, connections: int, size: Size) -> dict[str, float]:
    """One run: its rate, and percentiles of its answers' times. Raises RuntimeError where one was refused."""
    count = size.alone if connections == 1 else size.crowded
    outcome = send(Order(address=address, count=count, connections=connections, warm=WARM))
    if outcome.refused:
        raise RuntimeError(f"{outcome.refused} of {count} were not answered 200")
    return {
        "req/s": outcome.per_second,
        "p50 ms": percentile(outcome.latencies, 50),
        "p95 ms": percentile(outcome.latencies, 95),
        "p99 ms": percentile(outcome.latencies, 99),
        "generator's cpu %": outcome.cpu_seconds / outcome.seconds * 100,
    }
