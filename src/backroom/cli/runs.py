"""`runs`: how the long work goes, and what to do about it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from backroom.cli.labelled import say_value
from backroom.cli.legible import printable, when
from backroom.cli.output import AsJson, room, say, show
from backroom.cli.paging import Before, Limit, ShopOption, domain_of, gather_from
from backroom.cli.run_words import called, counted, differences, drift_listing, mended, what
from backroom.cli.spans import day_or_time, short_span, span
from backroom.cli.watching import watch
from backroom.jobs.chunks import COUNTS
from backroom.jobs.runs import Run, RunFilter, State
from backroom.settings import read_settings
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.shown import json_text

RunId = Annotated[int, typer.Argument(metavar="ID", min=1, max=GREATEST_ID)]
RunIds = Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=GREATEST_ID)]
_APART: Final = frozenset({"samples", "options", "error", "total"})
"""Told apart, or (the total) with what was seen."""
OUR_SHOPS: Final = ".myshopify.com"
LISTED: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A run in the list; --json has all fields. `short`: where a terminal has no room, a line of 80 cells."""

    id: int
    shop: str
    run: str
    state: str
    seen: str
    rate: str | None
    took: str | None
    begun: datetime | str | None

    @classmethod
    def of(cls, found: Run, now: datetime, *, short: bool = False) -> "Line":
        seconds, begun = seconds_of(found, now), found.started_at
        return cls(
            id=found.id,
            shop=found.shop.removesuffix(OUR_SHOPS) if short else found.shop,
            run=called(found),
            state=_state(found),
            seen=counted(found).replace(" ", "") if short else counted(found),
            rate=_rate(found, seconds),
            took=None if seconds is None else short_span(seconds) if short else span(seconds),
            begun=day_or_time(begun, now) if short and begun is not None else begun,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="Runs: the long work, such as a sync.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show_)
    group.command("wait")(wait)
    group.command("cancel")(cancel)
    group.command("resume")(resume)
    app.add_typer(group, name="runs")


def list_(
    state: Annotated[State | None, typer.Option(help="Only this state.")] = None,
    shop: ShopOption = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List runs, newest first."""
    from backroom import compose
    from backroom.jobs.runs import read_runs

    wanted = RunFilter(shop=domain_of(shop), state=state)
    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = gather_from(lambda place, many: read_runs(transaction, wanted, place, many), limit, before)
        now = transaction.now()
    if as_json:
        say(json_text(found.rows))
    else:
        _list(found.rows, now)
    found.say_whether_more()


def show_(run_id: RunId, as_json: AsJson = False) -> None:
    """Show one run: how far it is, and why it ended."""
    from backroom import compose
    from backroom.jobs.runs import read_run

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = read_run(transaction, run_id)
        now = transaction.now()
    if as_json:
        say(json_text(found))
    else:
        _print(found, now)


def wait(run_ids: RunIds) -> None:
    """Show how runs go, until they are over; exit code 1 where one did not succeed.

    Ctrl-C ends the watching, not the runs.
    """
    from backroom import compose
    from backroom.jobs.runs import read_run

    with compose.open_house(read_settings()) as house:
        with house.database.reading() as transaction:
            runs = [read_run(transaction, run_id) for run_id in dict.fromkeys(run_ids)]
        for run in runs:
            say(f"run {run.id}: {what(run)}")
        if not watch(house.database, [run.id for run in runs]):
            raise typer.Exit(1)


def cancel(run_id: RunId) -> None:
    """Cancel a run: at once where it waits, else before its next chunk. What it has fetched stays."""
    from backroom import compose
    from backroom.jobs.requests import cancel_run
    from backroom.jobs.runs import read_run

    with compose.open_house(read_settings()) as house, house.database.writing() as transaction:
        cancel_run(transaction, run_id)
        state = read_run(transaction, run_id).state
    say(f"run {run_id} is cancelled" if state == "cancelled" else f"run {run_id} stops before its next chunk")


def resume(run_id: RunId) -> None:
    """Go on with a failed or cancelled run, where it was."""
    from backroom import compose
    from backroom.jobs.requests import resume_run

    with compose.open_house(read_settings()) as house, house.database.writing() as transaction:
        resume_run(transaction, run_id)
    say(f"run {run_id} is queued again, and goes on where it was")


def seconds_of(run: Run, now: datetime) -> float | None:
    """How long it took, or has taken yet. None where it has not begun, or was taken up again: for a while
    nobody worked on it. `now` is the database's clock's, which said when it began: this machine's may go
    wrong by minutes."""
    if run.started_at is None or run.generation > 1:
        return None
    return max(0.0, ((run.finished_at or now) - run.started_at).total_seconds())


def _state(run: Run) -> str:
    return "cancelling" if run.state == "running" and run.cancel_asked_at is not None else run.state


def _rate(run: Run, seconds: float | None) -> str | None:
    return f"{run.seen / seconds:,.0f}/s" if seconds and run.seen else None


def _list(runs: list[Run], now: datetime) -> None:
    """One line a run; below it why it failed, how many differences it found, or what it mended."""
    from backroom.cli.table import fits

    below = {run.id: run.error or differences(run) or mended(run) for run in runs}
    lines = [Line.of(run, now) for run in runs]
    if not fits(lines, Line, room()):
        lines = [Line.of(run, now, short=True) for run in runs]
    show(lines, Line, as_json=False, empty="no runs", below=lambda line: below[line.id])


def _print(found: Run, now: datetime) -> None:
    """What there is to say of this run; --json has all of it."""
    for field in fields(found):
        text = None if field.name in _APART else _shown(found, field.name)
        if text is not None:
            say_value(field.name, text)
    if (seconds := seconds_of(found, now)) is not None:
        say_value("took", span(seconds))
    for name, value in found.options.items():
        say_value(name, _option(value))
    if (listing := drift_listing(found)) is not None:
        say_value("see", listing)
    if found.error is not None:
        say_value("error", found.error)
    for sample in found.samples:
        say(f"  {printable(sample.id)}: {printable(sample.reason)}")


def _shown(found: Run, name: str) -> str | None:
    """A field for people. None where it says nothing: a count of none, or what has not come yet."""
    value = getattr(found, name)
    if name == "seen":
        return None if found.state == "queued" and not value else counted(found)
    if value is None or value == 0:
        return None
    if isinstance(value, datetime):
        return when(value)
    return f"{value:,}" if name in COUNTS else str(value)


def _option(value: Any) -> str:
    """A list may be of thousands of ids: the first of them, and how many; --json has them all."""
    if not isinstance(value, list) or len(value) <= LISTED:
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{', '.join(map(str, value[:LISTED]))} and {len(value) - LISTED:,} more"
