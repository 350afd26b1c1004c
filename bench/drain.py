"""Draining a filled inbox: deliveries of five-variant, 6 KB products, sorted and processed by one worker.

Three phases over the same products: new ones, all prices changed, and nothing changed but `updated_at`.
The CPU time beside the rates is what to compare where other work shares the machine. `--deliveries` and
`--runs` ask for another size: `make bench ARGS="drain --deliveries 4000 --runs 4"`.
"""

from dataclasses import dataclass
from typing import Final

from bench.household import open_household
from bench.places import Kind, Places
from bench.report import Report, Row, median_of
from bench.requests import body_of
from bench.spent import Spent

PHASES: Final = (("new", 0.0, "19.99"), ("changed prices", 1.0, "21.50"), ("unchanged", 2.0, "21.50"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many deliveries a phase, and how often all of it."""

    deliveries: int
    runs: int


FULL: Final = Size(deliveries=6000, runs=3)
QUICK: Final = Size(deliveries=1500, runs=1)


def run(report: Report, places: Places, size: Size) -> None:
    """Both databases, in turn where there are several runs."""
    taken: dict[tuple[Kind, str], list[dict[str, float]]] = {}
    for _ in range(size.runs):
        for kind in places.kinds:
            report.doing(f"{kind}, {size.deliveries} deliveries a phase")
            for phase, figures in _drain(places, kind, size):
                taken.setdefault((kind, phase), []).append(figures)
    rows: list[Row] = [
        {"database": kind, "phase": phase, **median_of(each)} for (kind, phase), each in taken.items()
    ]
    report.table(f"draining {size.deliveries} deliveries, per second (medians of {size.runs} runs)", rows)


def _drain(places: Places, kind: Kind, size: Size) -> list[tuple[str, dict[str, float]]]:
    found = []
    with open_household(places.place(kind)) as household:
        for phase, at, price in PHASES:
            household.fill([body_of(number, at=at, price=price) for number in range(size.deliveries)])
            before = Spent.so_far(places, kind)
            worked = household.work()
            spent = Spent.so_far(places, kind) - before
            if worked.rows != {"sort": size.deliveries, "process.product": size.deliveries}:
                raise RuntimeError(f"not all was worked: {worked}")
            figures = {
                "sorted": worked.per_second("sort"),
                "processed": worked.per_second("process.product"),
                "in all": size.deliveries / worked.seconds,
                "cpu µs here": spent.here / size.deliveries * 1e6,
                "the server's": spent.server / size.deliveries * 1e6,
            }
            found.append((phase, figures))
    return found
