"""Figures: percentiles, medians, tables of text, and the same as JSON."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.machine import Machine

WIDEST: Final = 110
RESULTS: Final = Path(__file__).resolve().parent / "results"
Row = Mapping[str, str | float | int | None]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median_of(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Column by column."""
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


class Report:
    """One benchmark's tables, printed as they come and written at the end."""

    def __init__(self, name: str, machine: Machine) -> None:
        self._name = name
        self._machine = machine
        self._tables: dict[str, Sequence[Row]] = {}
        self._notes: list[str] = []
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = WIDEST
        self._console.print(f"\n[bold]{name}[/bold]")
        self._console.print(str(machine))
        if machine.load > machine.cores / 2:
            self.note(
                f"Something else was running: before this began, the load of {machine.cores} cores was"
                f" {machine.load:.1f}. Figures taken like this are too poor to keep."
            )

    def doing(self, text: str) -> None:
        """A word for whoever waits."""
        self._console.print(f"[dim]{text}[/dim]")

    def note(self, text: str) -> None:
        """What a reader has to know beside the figures."""
        self._notes.append(text)
        self._console.print(text)

    def table(self, title: str, rows: Sequence[Row]) -> None:
        """Rows with the same columns."""
        self._tables[title] = rows
        # A table's own title is wrapped to the table's width.
        self._console.print(Text(title, "italic"))
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name, value in rows[0].items():
            table.add_column(name, justify="left" if isinstance(value, str) else "right")
        for row in rows:
            table.add_row(*map(_figure, row.values()))
        self._console.print(table)

    def write(self, path: Path | None = None) -> Path:
        """The JSON file; beside the code where no path is given."""
        target = path or RESULTS / f"{self._name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        found: dict[str, Any] = {
            "benchmark": self._name,
            "machine": {name: getattr(self._machine, name) for name in Machine.__slots__},
            "tables": self._tables,
            "notes": self._notes,
        }
        target.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        return target


def _figure(value: str | float | None) -> str:
    if value is None or isinstance(value, str):
        return value or "-"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.2f}"
