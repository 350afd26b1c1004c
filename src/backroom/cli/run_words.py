"""Runs in the words of the command line: what one is, how far it is, what it found, how it ended.

Enters: a run as it stands. Leaves: a text of one line. What never happens here: printing, or reading tables.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from backroom.cli.legible import printable
from backroom.jobs.reconciling import COMPARE, FINDINGS, RECONCILE, REPAIR
from backroom.jobs.requests import NewRun
from backroom.jobs.runs import Run
from backroom.resources.registry import BY_PLURAL

NAMED: Final = 2
"""Topics in a line: there has to be room for the run that fetches what was missed."""
WORDS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("sync", "full"): "full sync",
        ("sync", "incremental"): "sync",
        ("refetch", "wanted"): "refetch",
        ("webhooks", "check"): "check",
        (RECONCILE, COMPARE): "reconcile",
        (RECONCILE, REPAIR): "repair",
        (RECONCILE, FINDINGS): "mending",
        ("retention", "sweep"): "sweep",
    }
)
"""What a run does to its resource, by its kind and mode. A repair compares all of it, a mending none."""
_ONE: Final[Mapping[str, str]] = MappingProxyType({"inventory": "level"})
"""What one of a resource is called, where that is not its name."""


def announced(run_id: int, new: NewRun, shop: str, note: str) -> str:
    """The line that says which run this is, before it is watched. `note`: its mode, or what else there is."""
    said = f"run {run_id}: {_does(new)} of {new.resource} of {shop}"
    return said if note == new.mode else f"{said}, {note}"


def what(run: Run) -> str:
    """`full sync of products of one.myshopify.com`, `check of webhooks of one.myshopify.com`"""
    return f"{_does(run)} of {run.resource} of {run.shop}"


def called(run: Run) -> str:
    """The same in a list, which has little room, and the shop elsewhere: `full sync products`."""
    return f"{_does(run)} {run.resource}"


def _does(run: Run | NewRun) -> str:
    return WORDS.get((run.kind, run.mode), run.kind)


def things(resource: str, number: int) -> str:
    """`1 product`, `3,200 inventory items`, `2 levels`: so many of a resource, which is a plural."""
    known = BY_PLURAL.get(resource)
    one = _ONE.get(resource, resource if known is None else known.name.replace("_", " "))
    return f"{number:,} {one if number == 1 else f'{one}s'}"


def ended(run: Run) -> str:
    """The state as a sentence goes on."""
    return "was cancelled" if run.state == "cancelled" else run.state


def counted(run: Run) -> str:
    """`3,200 / 50,000`, or what there is of it."""
    return f"{run.seen:,}" if run.total is None else f"{run.seen:,} / {run.total:,}"


def differences(run: Run) -> str | None:
    """`3 products drifted, 2 in flight, 3 repaired`, or what there is of it; None where there is nothing."""
    said = [f"{things(run.resource, run.drifted)} drifted"] if run.drifted else []
    numbers = {"in flight": run.in_flight, "repaired": run.repaired}
    said += [f"{number:,} {word}" for word, number in numbers.items() if number]
    return ", ".join(said) or None


def open_findings(run: Run, number: int) -> str:
    """`2 findings are open (of 1 product)`: a finding is of a field, what drifted is counted by resources."""
    said = "1 finding is open" if number == 1 else f"{number:,} findings are open"
    left = run.drifted - run.repaired
    # What a repair left open may be of resources that it has mended otherwise.
    return f"{said} (of {things(run.resource, left)})" if 0 < left <= number else said


def drift_listing(run: Run) -> str | None:
    """The command that lists what a reconcile found; what is repaired is open no more. None of all others."""
    if run.kind != RECONCILE or not (run.drifted or run.mode == FINDINGS):
        return None
    settled = " --state all" if run.repaired else ""
    return f"backroom drift list --shop {run.shop} --resource {run.resource}{settled}"


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
    """`running, 1,204 / 5,000, reading the file`, `succeeded, 1,000 / 1,000 compared, 3 products drifted`"""
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
