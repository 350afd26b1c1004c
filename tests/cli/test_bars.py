"""The live bar, in terminals of several widths."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from backroom.cli.bars import EDGE, Bars
from backroom.jobs.runs import Run

RUN = Run(
    id=12,
    kind="sync",
    resource="products",
    mode="full",
    shop="demo.myshopify.com",
    state="running",
    phase="asking the shop to write its products to a file " * 3,
    options={},
    total=50_000,
    seen=31_200,
    written=31_200,
    unchanged=0,
    parked=0,
    failed=0,
    drifted=0,
    in_flight=0,
    repaired=0,
    error=None,
    samples=[],
    requested_by="a test",
    created_at=datetime(2026, 11, 28, tzinfo=UTC),
    started_at=None,
    heartbeat_at=None,
    finished_at=None,
    cancel_asked_at=None,
    executor=None,
    generation=1,
)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_bar_and_its_phase_are_a_line_each_and_leave_the_edge_free(width: int) -> None:
    screen = io.StringIO()
    with Bars(Console(file=screen, width=width)) as bars:
        bars.show([RUN])
    bar, phase = (line.rstrip() for line in screen.getvalue().splitlines())
    assert bar.startswith("run 12 ━")
    assert " 31,200 / 50,000 " in bar
    assert phase.startswith("run 12: asking the shop")
    assert phase.endswith("…")
    assert max(len(bar), len(phase)) <= width - EDGE


def test_differences_stand_behind_what_it_does() -> None:
    screen = io.StringIO()
    comparing = replace(RUN, kind="reconcile", phase="comparing", drifted=3, in_flight=2)
    with Bars(Console(file=screen, width=80)) as bars:
        bars.show([comparing])
    assert screen.getvalue().splitlines()[1].rstrip() == "run 12: comparing; 3 products drifted, 2 in flight"
