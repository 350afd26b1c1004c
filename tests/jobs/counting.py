"""A job that asks nobody: it counts to `options["total"]`, a few at a time, and can be told to stumble."""

import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from backroom.jobs.chunks import Chunks
from backroom.jobs.job import Done, Job, Next, Services, Sleep
from backroom.jobs.runs import RunView


def nothing(_run: RunView) -> None:
    """No stumbling."""


@dataclass
class Counting:
    """`options`: total, chunk (how many at a time), pause_seconds (before each chunk),
    notes (a file that gets a line for each chunk that was committed: the process, the place).

    `before` is called before each chunk, `calls` keeps the cursors that it was called with.
    """

    kind: str = "sync"
    mode: str = "full"
    before: Callable[[RunView], None] = nothing
    calls: list[int | None] = field(default_factory=list)

    def abandon(self, run: RunView, services: Services) -> object:
        """Nothing of it is anywhere else."""
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        self.calls.append(run.cursor)
        self.before(run)
        total, size = run.options["total"], run.options.get("chunk", 10)
        services.sleep(run.options.get("pause_seconds", 0))
        if run.seen >= total:
            return Done()
        place = run.cursor or 0
        number = min(size, total - place)
        with chunks.open() as chunk:
            chunk.expect(total)
            chunk.say("counting")
            chunk.count(seen=number, written=number)
            chunk.go_on_at(place + number)
        if "notes" in run.options:
            # Appended at once, so that lines of several processes do not mix.
            with Path(run.options["notes"]).open("a") as notes:
                notes.write(f"{os.getpid()} {place}\n")
        return Next()


@dataclass
class Stubborn:
    """Holds its thread for so many seconds, and hears nothing meanwhile."""

    kind: str = "sync"
    mode: str = "full"

    def abandon(self, run: RunView, services: Services) -> object:
        """Nothing of it is anywhere else."""
        return run.cursor

    def advance(self, run: RunView, chunks: Chunks, services: Services) -> Next | Done | Sleep:
        with chunks.noting() as chunk:
            chunk.say("holding on")
        time.sleep(run.options["seconds"])
        return Done()


def jobs_of(*jobs: Job) -> Mapping[tuple[str, str], Job]:
    return {(job.kind, job.mode): job for job in jobs}


def ready(event: threading.Event) -> None:
    """Fails where the event does not come."""
    assert event.wait(30), "this never came"
