"""The live bars of runs that are watched, for terminals of 60 columns and more.

Enters: runs, again and again. Leaves: a line for each with its bar, and below them all what each is doing,
cut to the width. What never happens here: a line that reaches the right edge; the `^C` that a terminal
writes behind it would break it, and Rich would draw over the wrong lines.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from backroom.cli.legible import printable
from backroom.cli.run_words import counted, differences
from backroom.jobs.runs import Run

EDGE: Final = 4
"""Cells that are left free on the right."""
LOOKS_A_SECOND: Final = 10


class Bars:
    """A bar for each run, while the block lasts."""

    def __init__(self, console: Console) -> None:
        self._console = console
        # Counts and reckons; it is not started, so it draws nothing itself.
        self._progress = Progress(
            TextColumn("run {task.fields[run]}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[counted]}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(elapsed_when_finished=True),
            console=console,
            expand=True,
        )
        self._tasks: dict[int, TaskID] = {}
        self._phases: list[str] = []
        self._live = Live(console=console, get_renderable=self._picture, refresh_per_second=LOOKS_A_SECOND)

    def __enter__(self) -> "Bars":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, runs: Sequence[Run]) -> None:
        """How they are now."""
        for run in runs:
            if run.id not in self._tasks:
                # A resumed run did not do in no time what it had done before.
                self._tasks[run.id] = self._progress.add_task(
                    "", total=run.total, completed=run.seen, run=run.id, counted="", rate=""
                )
            self._update(self._tasks[run.id], run)
        self._phases = [f"run {run.id}: {_doing(run)}" for run in runs]

    def _update(self, task: TaskID, run: Run) -> None:
        speed = self._progress.tasks[self._progress.task_ids.index(task)].speed
        rate = f"{speed:,.0f}/s" if speed else ""
        self._progress.update(task, total=run.total, completed=run.seen, counted=counted(run), rate=rate)

    def _picture(self) -> Group:
        width = self._console.width - EDGE
        table = self._progress.make_tasks_table(self._progress.tasks)
        table.width = width
        phases = [Text(phase, "dim") for phase in self._phases]
        for phase in phases:
            phase.truncate(width, overflow="ellipsis")
        return Group(table, *phases)


def _doing(run: Run) -> str:
    doing, found = printable(run.phase or run.state), differences(run)
    return doing if found is None else f"{doing}; {found}"
