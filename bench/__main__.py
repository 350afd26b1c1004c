"""`python -m bench [receipt|drain|full_sync|reconcile ...]`; `--help` names all of them, and the options."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

from bench.machine import this_machine
from bench.places import KINDS, open_places
from bench.report import Report

BENCHMARKS: Final = (
    "receipt",
    "drain",
    "flow",
    "full_sync",
    "reconcile",
    "stock_live",
    "stock_sync",
    "stock_many",
    "slow_disk",
    "growth",
)
SIZES: Final = ("deliveries", "runs")
"""What can be asked of drain's size."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is asked for, or all."""
    wanted = _read(arguments)
    for name in wanted.benchmark or BENCHMARKS:
        benchmark = import_module(f"bench.{name}")
        report = Report(name, this_machine())
        with open_places((wanted.database,) if wanted.database else KINDS) as places:
            benchmark.run(report, places, _size(benchmark, wanted))
        print(f"written to {report.write(wanted.json)}")


def _size(benchmark: ModuleType, wanted: argparse.Namespace) -> object:
    if wanted.quick:
        size = benchmark.QUICK
    else:
        size = getattr(benchmark, "WHOLE", benchmark.FULL) if wanted.full else benchmark.FULL
    asked = {name: getattr(wanted, name) for name in SIZES if getattr(wanted, name) is not None}
    return replace(size, **asked)


def _read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="What Backroom costs, measured.")
    names = ", ".join(BENCHMARKS)
    parser.add_argument("benchmark", nargs="*", help=f"which ones, of {names}; all without a word")
    parser.add_argument("--quick", action="store_true", help="small sizes: a look, not a figure to quote")
    parser.add_argument(
        "--full",
        action="store_true",
        help="10 million deliveries, 500,000 products, 100,000 reconciled, 4 million levels: hours",
    )
    parser.add_argument("--database", choices=KINDS, help="on this one only; on both without a word")
    parser.add_argument("--json", type=Path, help="where to write the one benchmark's figures")
    parser.add_argument("--deliveries", type=_positive, metavar="N", help="drain: so many a phase")
    parser.add_argument("--runs", type=_positive, metavar="N", help="drain: the medians of so many runs")
    wanted = parser.parse_args(arguments)
    for name in wanted.benchmark:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}: there are {names}")
    if wanted.json is not None and len(wanted.benchmark) != 1:
        parser.error("--json takes the figures of one benchmark: name it")
    if wanted.benchmark != ["drain"] and any(getattr(wanted, name) is not None for name in SIZES):
        parser.error("--deliveries and --runs are drain's: name it, and no other")
    return wanted


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


if __name__ == "__main__":
    main()
