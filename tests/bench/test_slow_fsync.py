"""The slow disk of the benchmarks: programs under it wait, this process does not; it takes a compiler."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import slow_disk as benchmark
from bench.machine import Machine
from bench.places import open_places
from bench.report import Report
from bench.slow_fsync import compiler, slow_disk

WAIT_MS = 40.0
SYNCS = 5
_SYNCING = f"""
import os, tempfile, time
for sync in (os.fsync, os.fdatasync):
    with tempfile.TemporaryFile() as file:
        started = time.perf_counter()
        for _ in range({SYNCS}):
            sync(file.fileno())
        print((time.perf_counter() - started) / {SYNCS} * 1000)
"""
_SYNCING_ON_DEMAND = """
import os, sys, tempfile, time
with tempfile.TemporaryFile() as file:
    for _ in sys.stdin:
        started = time.perf_counter()
        os.fsync(file.fileno())
        print((time.perf_counter() - started) * 1000, flush=True)
"""
needs_a_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


def syncs_of_a_program() -> list[float]:
    """What an fsync and an fdatasync take in a program that is started now, in ms."""
    done = subprocess.run([sys.executable, "-c", _SYNCING], check=True, capture_output=True, text=True)
    return [float(line) for line in done.stdout.split()]


def ask(program: subprocess.Popen[str]) -> float:
    """What one fsync takes in a program that syncs on demand, in ms."""
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write("\n")
    program.stdin.flush()
    return float(program.stdout.readline())


@needs_a_compiler
def test_each_fsync_and_fdatasync_of_a_program_waits_as_long_as_the_disk_is_told() -> None:
    cc = compiler()
    assert cc is not None
    with slow_disk(cc) as disk:
        disk.wait(WAIT_MS)
        assert all(took >= WAIT_MS for took in syncs_of_a_program())


@needs_a_compiler
def test_a_program_that_runs_already_learns_of_a_new_wait() -> None:
    cc = compiler()
    assert cc is not None
    with (
        slow_disk(cc) as disk,
        subprocess.Popen(
            [sys.executable, "-c", _SYNCING_ON_DEMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        first = ask(program)
        disk.wait(first + WAIT_MS)
        assert ask(program) >= first + WAIT_MS


@needs_a_compiler
def test_nothing_stays_behind_of_a_slow_disk() -> None:
    cc = compiler()
    assert cc is not None
    before = dict(os.environ)
    with slow_disk(cc):
        library = Path(os.environ["LD_PRELOAD"])
        assert library.exists()
    assert dict(os.environ) == before
    assert not library.exists()


def test_without_a_compiler_the_benchmark_says_that_it_is_skipped(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = Machine(cores=1, model="", python="", sqlite="", fdatasync_us=0, load=0)
    report = Report("slow_disk", machine)
    with open_places() as places:
        benchmark.run(report, places, benchmark.QUICK)
    written = report.write(tmp_path / "slow_disk.json").read_text()
    assert "there is no C compiler" in written
