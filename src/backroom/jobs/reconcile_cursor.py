"""Where a reconcile is, as its run keeps it."""

from typing import Any, Literal

import msgspec

from backroom.jobs.exporting import Export
from backroom.jobs.mending import Batch

Stage = Literal["export", "heads", "compare", "ghosts", "totals", "mend", "verify", "anew"]


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reconcile is. `after`: the last key that was compared; `mended`: that was mended; `laid`: the
    last ghost that was; `asked`: the last total that was asked for.

    `taken`: resources that were to be mended; what people ignore meanwhile is not among them.
    """

    stage: Stage
    export: Export | None = None
    after: tuple[int, ...] | None = None
    mended: str = ""
    laid: str = ""
    asked: str = ""
    taken: int = 0
    batch: Batch | None = None


def as_json(cursor: Cursor) -> Any:
    """As a run's row holds it."""
    return msgspec.to_builtins(cursor)
