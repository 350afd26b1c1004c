"""Runs in the words of the command line: what one is, how far it is, what it found, how it ended.

Enters: a run as it stands. Leaves: a text of one line. What never happens here: printing, or reading tables.
"""

from collections.abc import Iterator
from typing import Final

from backroom.cli.legible import printable
from backroom.jobs.reconciling import FINDINGS
from backroom.jobs.runs import Run

NAMED: Final = 2
"""Topics in a line: there has to be room for the run that fetches what was missed."""


def announced(run_id: int, resource: str, shop: str, mode: str) -> str:
    """The line that says which run this is, before it is watched."""
    return f"run {run_id}: {resource} of {shop}, {mode}"


def what(run: Run) -> str:
    """`products of one.myshopify.com`"""
    return f"{run.resource} of {run.shop}"


def ended(run: Run) -> str:
    """The state as a sentence goes on."""
    return "was cancelled" if run.state == "cancelled" else run.state


def counted(run: Run) -> str:
    """`3,200 / 50,000`, or what there is of it."""
    return f"{run.seen:,}" if run.total is None else f"{run.seen:,} / {run.total:,}"


def differences(run: Run) -> str | None:
    """`3 drifted, 2 in flight, 3 repaired`, or what there is of it; None where there is nothing."""
    numbers = {"drifted": run.drifted, "in flight": run.in_flight, "repaired": run.repaired}
    return ", ".join(f"{number:,} {word}" for word, number in numbers.items() if number) or None


def mended(run: Run) -> str | None:
    """What a check of subscriptions did (`mended products/update; run 4 fetches what changed since ...`), or
    why a sync fills a gap. None of all others."""
    if run.kind != "webhooks":
        reason = run.options.get("reason")
        return None if reason is None else str(reason)
    topics = [topic for each in run.samples if "/" in each.id for topic in each.id.split(", ")]
    others = [each.reason for each in run.samples if "/" not in each.id]
    what = ", ".join(topics) if len(topics) <= NAMED else f"{len(topics)} topics"
    return "; ".join([*([f"mended {what}"] if topics else []), *dict.fromkeys(others)]) or None


def progress(run: Run) -> str:
    """`running, 1,204 / 5,000, reading the file`, `succeeded, 1,000 / 1,000 compared, 3 drifted`"""
    if run.state == "queued":
        return run.state
    parts = [run.state, *_counts(run), differences(run), run.phase and printable(run.phase)]
    return ", ".join(part for part in parts if part)


def _counts(run: Run) -> Iterator[str]:
    """What a kind of run counts, in its own words."""
    match run.kind:
        case "reconcile":
            if run.mode != FINDINGS:
                yield f"{counted(run)} compared"
                if run.state == "succeeded" and not run.drifted:
                    yield "nothing drifted"
        case "webhooks":
            yield f"{counted(run)} topics"
            if run.written:
                yield f"{run.written:,} mended"
        case "retention":
            yield f"{counted(run)} looked at, {run.written:,} deleted"
        case _:
            yield counted(run)
