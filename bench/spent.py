"""CPU seconds: what other work on the machine makes far less of a difference to than to seconds."""

import time
from dataclasses import dataclass
from typing import Self

import psutil

from bench.places import Kind, Places


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What this process and, on PostgreSQL, all processes of the server have used so far, in seconds."""

    here: float
    server: float

    @classmethod
    def so_far(cls, places: Places, kind: Kind) -> Self:
        return cls(
            here=time.process_time(), server=_of_server(places.postgres_pid) if kind == "postgres" else 0.0
        )

    def __sub__(self, earlier: "Spent") -> "Spent":
        return Spent(here=self.here - earlier.here, server=self.server - earlier.server)


def _of_server(pid: int) -> float:
    postmaster = psutil.Process(pid)
    return sum(map(_of_process, [postmaster, *postmaster.children()]))


def _of_process(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return times.user + times.system
