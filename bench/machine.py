"""The machine's line: without it a figure says nothing."""

import os
import platform
import sqlite3
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SYNCS: Final = 200
SYNCED_BYTES: Final = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the figures were taken on. `load`: the mean of the last minute before they were."""

    cores: int
    model: str
    python: str
    sqlite: str
    fdatasync_us: float
    load: float

    def __str__(self) -> str:
        return (
            f"{self.cores} cores of {self.model}, Python {self.python}, SQLite {self.sqlite}, "
            f"fdatasync of 8 KB {self.fdatasync_us:.0f} µs, load before {self.load:.1f}"
        )


def this_machine() -> Machine:
    """Looks, and measures the disk under the temporary folder."""
    return Machine(
        cores=os.cpu_count() or 0,
        model=_model(),
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        fdatasync_us=_fdatasync_us(),
        load=os.getloadavg()[0],
    )


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _fdatasync_us() -> float:
    """The median time to make 8 KB at the end of a file durable, as a commit does."""
    sync = getattr(os, "fdatasync", os.fsync)
    took = []
    with tempfile.TemporaryFile(buffering=0) as file:
        for _ in range(SYNCS):
            started = time.perf_counter()
            file.write(b"x" * SYNCED_BYTES)
            sync(file.fileno())
            took.append(time.perf_counter() - started)
    return statistics.median(took) * 1e6
