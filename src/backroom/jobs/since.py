"""Since when an incremental sync asks for what changed.

It begins a while before the watermark: Shopify's search runs on an index that is behind, and a change within
the watermark's own second may have been missed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from backroom.cache.watermarks import read_watermark
from backroom.db.database import Transaction
from backroom.jobs.runs import RunView
from backroom.vocabulary.clock import parse_instant

INCREMENTAL: Final = "incremental"
OVERLAP: Final = timedelta(minutes=10)
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before there was a Shopify. An odd instant must not lead out of the calendar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`since`: by Shopify's clock; null: from the beginning. `saves`: nothing before it is left out, so that
    what the run sees becomes the watermark."""

    since: datetime | None
    saves: bool


def asked_since(transaction: Transaction, run: RunView) -> Asked:
    """What the run was told, or since a while before the watermark."""
    held = read_watermark(transaction, run.shop_id, run.resource)
    told = run.options.get("since")
    if told is not None:
        since: datetime | None = parse_instant(told)
    else:
        since = max(held, EARLIEST) - OVERLAP if held else None
    return Asked(since=since, saves=since is None or (held is not None and since <= held))
