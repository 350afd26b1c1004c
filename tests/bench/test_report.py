"""A benchmark's report: its lines stay whole, and a machine that was busy is told of."""

from pathlib import Path

import msgspec
import pytest

from bench.machine import Machine
from bench.report import Report

MACHINE = Machine(cores=4, model="Some CPU", python="3.11", sqlite="3.45", fdatasync_us=90.0, load=0.2)
BUSY = Machine(cores=4, model="Some CPU", python="3.11", sqlite="3.45", fdatasync_us=90.0, load=2.1)


def test_a_title_that_is_longer_than_its_table_stays_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Report("receipt", MACHINE).table("one webhook after the other, at once", [{"a": 1}])
    assert "one webhook after the other, at once\n" in capsys.readouterr().out


@pytest.mark.parametrize(("machine", "notes"), [(MACHINE, 0), (BUSY, 1)])
def test_a_machine_that_was_busy_before_is_told_of(
    machine: Machine, notes: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = msgspec.json.decode(Report("receipt", machine).write(tmp_path / "found.json").read_bytes())
    assert len(written["notes"]) == notes
    assert ("Something else was running" in capsys.readouterr().out) == bool(notes)
