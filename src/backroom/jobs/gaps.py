"""Outages of webhooks, and the runs that fill them: an incremental sync of just that time.

Enters: since when deliveries of a resource may be lost. Leaves: runs whose options say since when and why.
What never happens here: a gap that is forgotten because its run failed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import select

from backroom.cache.watermarks import read_watermark
from backroom.db.database import Transaction
from backroom.jobs.requests import NewRun
from backroom.jobs.since import OVERLAP
from backroom.jobs.syncs import SYNC
from backroom.jobs.tables import sync_run
from backroom.registration.plan import Line
from backroom.registration.record import Recorded
from backroom.registration.refused import Refused
from backroom.vocabulary.clock import format_instant, instant_or_none, to_the_minute
from backroom.vocabulary.ids import ShopId

LOOKED_BACK: Final = 200
"""Runs of a resource."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """`since`: when deliveries were last known to come in. `unknown`: that is not known of some
    of the topics, and the watermark has to do."""

    resource: str
    since: datetime | None
    reason: str
    unknown: bool = False


def gaps_of(lines: Sequence[Line], recorded: Mapping[str, Recorded], since: datetime | None) -> list[Gap]:
    """What is to be filled now that these topics come in again, one gap a resource.

    `since`: of an outage of everything (the app was uninstalled), or null.
    """
    resources = list(dict.fromkeys(line.wanted.resource for line in lines if line.wanted))
    found = [_gap(resource, lines, recorded, since) for resource in resources if resource is not None]
    return [gap for gap in found if gap is not None]


def refused_gaps(refused: Refused, plurals: Iterable[str]) -> list[Gap]:
    """Of anything, for nobody knows of what: what is not signed is not read."""
    reason = f"webhooks were refused for their signature since {to_the_minute(refused.first_at)}"
    return [Gap(resource=plural, since=refused.first_at, reason=reason) for plural in plurals]


def unfilled(transaction: Transaction, shop_id: ShopId, resource: str) -> Gap | None:
    """The gap of the last filling run, where that one failed and no full sync came since."""
    c = sync_run.c
    runs = (
        select(c.state, c.mode, c.options)
        .where(c.shop_id == shop_id, c.kind == SYNC, c.resource == resource)
        .order_by(c.id.desc())
        .limit(LOOKED_BACK)
    )
    for run in transaction.execute(runs):
        if run.mode == "full" and run.state == "succeeded":
            return None
        if (reason := run.options.get("reason")) is not None:
            if run.state != "failed":
                return None
            since = instant_or_none(run.options.get("since"))
            lost_at = None if since is None else since + OVERLAP
            return Gap(resource=resource, since=lost_at, reason=reason, unknown=since is None)
    return None


def joined(gaps: Sequence[Gap]) -> list[Gap]:
    """One gap a resource: the longest of them, with all the reasons."""
    found: dict[str, Gap] = {}
    for gap in gaps:
        other = found.get(gap.resource)
        found[gap.resource] = gap if other is None else _together(other, gap)
    return list(found.values())


def filling_run(transaction: Transaction, shop_id: ShopId, gap: Gap, requested_by: str) -> NewRun | None:
    """The run that fills it; None where the resource was never synced: only a full sync helps there."""
    watermark = read_watermark(transaction, shop_id, gap.resource)
    if watermark is None:
        return None
    known = [] if gap.since is None else [gap.since]
    since = min([*known, watermark] if gap.unknown or not known else known) - OVERLAP
    return NewRun(
        kind=SYNC,
        resource=gap.resource,
        mode="incremental",
        shop_id=shop_id,
        requested_by=requested_by,
        options={"since": format_instant(since), "reason": gap.reason},
    )


def _gap(
    resource: str, lines: Sequence[Line], recorded: Mapping[str, Recorded], outage: datetime | None
) -> Gap | None:
    lost = [
        held
        for line in lines
        if line.wanted and line.wanted.resource == resource
        if (held := recorded.get(line.topic)) is not None and not held.was_told
    ]
    if not lost and outage is None:
        return None
    since = min((at for at in (outage, *(held.right_at for held in lost)) if at is not None), default=None)
    unknown = any(held.right_at is None for held in lost)
    return Gap(resource=resource, since=since, reason=_reason(lost, since), unknown=unknown)


def _reason(lost: Sequence[Recorded], since: datetime | None) -> str:
    """`products/create and products/update may not have come in since ...`"""
    topics = " and ".join(held.topic for held in lost)
    if not topics:
        return f"webhooks did not come in since {to_the_minute(since)}" if since else ""
    if since is None:
        return f"{topics} did not come in before"
    return f"{topics} may not have come in since {to_the_minute(since)}"


def _together(one: Gap, other: Gap) -> Gap:
    return Gap(
        resource=one.resource,
        since=min((at for at in (one.since, other.since) if at is not None), default=None),
        reason="; ".join(dict.fromkeys((*one.reason.split("; "), *other.reason.split("; ")))),
        unknown=one.unknown or other.unknown,
    )
