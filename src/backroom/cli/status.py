"""`status`: what waits, what is parked, what was given up, what is fetched, and who works."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from backroom.cli.labelled import say_wrapped
from backroom.cli.legible import when
from backroom.cli.output import AsJson, say, show
from backroom.cli.run_words import progress, what
from backroom.flow.status import ShopStatus, Status
from backroom.jobs.runs import Run, State
from backroom.settings import read_settings
from backroom.vocabulary.shown import json_text
from backroom.worker.heartbeat import Sign

if TYPE_CHECKING:
    from backroom.jobs.warnings import Concern

RUNS_SHOWN: Final = 10
ACTIVE: Final[tuple[State, ...]] = ("running", "queued")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownWorker:
    """A worker that did not end in order; an old heartbeat means that it crashed or hangs."""

    name: str
    heartbeat_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A shop's line; --json has all numbers."""

    shop: str
    pending: int
    dirty: int
    parked: int
    wanted: int
    dead: int
    last_received: datetime | None

    @classmethod
    def of(cls, found: ShopStatus) -> "Line":
        return cls(
            shop=found.domain,
            pending=found.inbox_pending,
            dirty=found.dirty,
            parked=found.parked,
            wanted=found.wanted,
            dead=found.dead,
            last_received=found.last_received_at,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(status)


def status(as_json: AsJson = False) -> None:
    """Show what waits, what is parked and what was given up, all from one snapshot."""
    from backroom import compose
    from backroom.drift.findings import count_open
    from backroom.erp.lone_levels import count_lone_levels
    from backroom.flow.status import read_status
    from backroom.jobs.lately import failed_lately
    from backroom.jobs.runs import RunFilter, count_active, read_runs
    from backroom.jobs.warnings import read_concerns
    from backroom.resources.registry import RESOURCES
    from backroom.worker.heartbeat import read_signs

    settings = read_settings()
    with compose.open_house(settings) as house, house.database.reading() as transaction:
        found = read_status(
            transaction,
            RESOURCES,
            running=count_active(transaction),
            drifting=count_open(transaction),
            lone_levels=count_lone_levels(transaction),
        )
        active = [
            run
            for state in ACTIVE
            for run in read_runs(transaction, RunFilter(state=state), None, RUNS_SHOWN).items
        ]
        failed = failed_lately(transaction)[:RUNS_SHOWN]
        concerns = read_concerns(transaction, compose.told_of(settings))
        signs = [sign for sign in read_signs(transaction) if sign.stopped_at is None]
    workers = [ShownWorker(name=sign.name, heartbeat_at=sign.heartbeat_at) for sign in signs]
    if as_json:
        say(json_text({**asdict(found), "workers": workers, "warnings": concerns}))
    else:
        _print(found, signs)
        for line in (*_run_lines(active, failed), *map(_warning, concerns)):
            say_wrapped(line)


def _print(found: Status, signs: list[Sign]) -> None:
    show([Line.of(each) for each in found.shops], Line, as_json=False, empty="no shops")
    say("")
    for line in (_what_waits(found), *_oddities(found), *_worker_lines(signs)):
        say_wrapped(line)


def _oddities(found: Status) -> Iterator[str]:
    if found.code_conflicts:
        codes = f"SKU codes that variants of one shop share: {found.code_conflicts}"
        yield f"{codes}; `backroom doctor` names them"
    if found.drifting:
        drift = (
            "1 finding of drift is" if found.drifting == 1 else f"{found.drifting:,} findings of drift are"
        )
        yield f"{drift} open: `backroom drift list`"
    if found.levels_without_variant:
        yield f"levels of stock whose item no known variant has: {found.levels_without_variant:,}"


def _worker_lines(signs: list[Sign]) -> Iterator[str]:
    for sign in signs:
        alive = "works" if sign.is_alive else "is silent"
        yield f"worker {sign.name} {alive}, seen {when(sign.heartbeat_at)}"
    if not any(sign.is_alive for sign in signs):
        yield "no worker is alive: run `backroom serve` or `backroom worker`"


def _run_lines(active: list[Run], failed: list[Run]) -> Iterator[str]:
    from backroom.jobs.lately import what_clears

    for run in active:
        yield f"run {run.id}, {what(run)}: {progress(run)}"
    for run in failed:
        yield f"run {run.id}, {what(run)}, failed: {run.error or '-'}; {what_clears(run)}"


def _warning(concern: "Concern") -> str:
    about = "" if concern.shop is None else f"{concern.shop}: "
    return f"warning: {about}{concern.text}; {concern.advice}"


def _what_waits(found: Status) -> str:
    """Of what has nothing pending or due, only the whole truth is `nothing waits`."""
    parts = [
        f"{number:,} {'is' if number == 1 else 'are'} {how}"
        for number, how in (
            (found.parked, "parked until tried again"),
            (found.wanted, "wanted from Shopify"),
        )
        if number
    ]
    if found.running:
        runs = "1 run is" if found.running == 1 else f"{found.running} runs are"
        parts.append(f"{runs} queued or running: `backroom runs list`")
    if found.inbox_pending + found.dirty:
        first = f"the oldest work that waits is {found.lag_seconds:.1f} s old"
    else:
        first = "no webhook waits" if parts else "nothing waits"
    return "; ".join((first, *parts))
