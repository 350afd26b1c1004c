"""Which runs begin by themselves, how often, and what they wait for, shop by shop.

Enters: what people set. Leaves: rows of `schedule`, only where something was changed or has fired, and
`Standing`s, which say of each shop and kind what holds now. What never happens here: a run (`firing`).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import func, select, update

from backroom.cache.tables import sync_watermark
from backroom.db.database import Transaction
from backroom.db.idlist import among
from backroom.jobs.reconciling import RECONCILE
from backroom.jobs.syncs import SYNC
from backroom.jobs.tables import schedule, sync_run
from backroom.registration.tables import webhook_subscription
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import ShopId

WEBHOOKS: Final = "webhooks"
REFETCH: Final = "refetch"
RETENTION: Final = "retention"
EVERY_SECONDS: Final[Mapping[str, int]] = MappingProxyType(
    {SYNC: 900, RECONCILE: 86_400, WEBHOOKS: 600, REFETCH: 0, RETENTION: 86_400}
)
"""The kinds, and how often each is begun where nobody has said otherwise. A refetch begins as soon as
something is wanted; a number keeps it from beginning more often than that."""
SCHEDULED: Final = "the schedule"
"""Who asked for a run that began by itself."""
LONGEST_SECONDS: Final = 366 * 86_400
SKEW: Final = timedelta(seconds=5)
"""What was fired further in the future than this was fired by a clock that has been set back since."""
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One kind of a shop. `counts_from`: what the next one is `every_seconds` after; null: it is due at once.

    `waits_for`: what has to be there before anything is begun, in words. `plurals`: what has been synced.
    """

    shop_id: ShopId
    domain: str
    kind: str
    every_seconds: int
    is_on: bool
    repairs: bool
    fired_at: datetime | None
    counts_from: datetime | None
    waits_for: str | None
    plurals: tuple[str, ...]

    def next_at(self, now: datetime) -> datetime | None:
        """When it is begun next; None: not as things are."""
        if not self.is_on or self.waits_for is not None:
            return None
        if self.counts_from is None or self.counts_from > now + SKEW:
            return now
        return max(now, self.counts_from + timedelta(seconds=self.every_seconds))


@dataclass(frozen=True, slots=True)
class _Shop:
    id: ShopId
    domain: str
    created_at: datetime
    is_removed: bool
    waits_for: str | None


def read_standings(
    transaction: Transaction,
    plurals: Collection[str],
    public_url: str | None,
    kinds: Collection[str] = tuple(EVERY_SECONDS),
) -> list[Standing]:
    """All shops, by domain; a removed one has its retention only: its rows stay, but not for ever."""
    shops = _shops(transaction)
    rows = {(row.shop_id, row.kind): row for row in transaction.execute(select(schedule))}
    synced = _synced(transaction, plurals)
    fired = {key for key, row in rows.items() if row.fired_at is not None}
    begun = _first_synced(
        transaction, [each for each in synced if not {(each, SYNC), (each, RECONCILE)} <= fired]
    )
    checked = last_checked(transaction)

    def counts_from(of: _Shop, kind: str) -> datetime | None:
        if kind in (SYNC, RECONCILE):
            return begun.get(of.id) or of.created_at
        return checked.get(of.id) if kind == WEBHOOKS else of.created_at

    return [
        _standing(
            each,
            kind,
            rows.get((each.id, kind)),
            counts_from(each, kind),
            _waits_for(each, kind, synced, public_url),
            synced.get(each.id, ()),
        )
        for each in shops
        for kind in kinds
        if kind == RETENTION or not each.is_removed
    ]


def set_schedule(
    transaction: Transaction,
    shop_id: ShopId,
    kind: str,
    *,
    every_seconds: int | None = None,
    is_on: bool | None = None,
    repairs: bool | None = None,
) -> None:
    """Changes what is given, and leaves the rest. Raises Misuse for what makes no sense."""
    checked_kind(kind)
    if repairs is not None and kind != RECONCILE:
        raise Misuse(f"only a reconcile repairs: {kind} has no --repair")
    if every_seconds is not None and not (every_seconds >= 1 or kind == REFETCH):
        raise Misuse(f"a {kind} may begin each second at most: give 1s or longer, or switch it off")
    make_row(transaction, shop_id, kind)
    given = {"every_seconds": every_seconds, "is_on": is_on, "repairs": repairs}
    changed = {name: value for name, value in given.items() if value is not None}
    if changed:
        c = schedule.c
        transaction.execute(update(schedule).where(c.shop_id == shop_id, c.kind == kind).values(changed))


def make_row(transaction: Transaction, shop_id: ShopId, kind: str, fired_at: datetime | None = None) -> bool:
    """The row with its defaults, unless it is there; whether it was made."""
    (made,) = transaction.insert_new(
        schedule,
        ("shop_id", "kind", "is_on", "repairs", "fired_at"),
        [(shop_id, kind, True, False, fired_at)],
        unique=("shop_id", "kind"),
    )
    return made


def checked_kind(kind: str) -> str:
    """The kind itself. Raises Misuse."""
    if kind not in EVERY_SECONDS:
        raise Misuse(f"no such schedule: {kind[:40]} (there are {', '.join(EVERY_SECONDS)})")
    return kind


def seconds_of(text: str) -> int:
    """`30s`, `10m`, `6h`, `1d`. Raises Misuse."""
    number, unit = text.strip()[:-1], text.strip()[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and len(number) < 10:
        seconds = int(number) * _UNITS[unit]
        if seconds <= LONGEST_SECONDS:
            return seconds
    raise Misuse(f"{text[:40]!r} says no length of time: write 30s, 10m, 6h or 1d, of 366 days at most")


def shown_seconds(seconds: int) -> str:
    """The other way round, in the largest unit that fits."""
    unit = next(unit for unit in reversed(_UNITS) if seconds % _UNITS[unit] == 0 and (seconds or unit == "s"))
    return f"{seconds // _UNITS[unit]}{unit}"


def _shops(transaction: Transaction) -> list[_Shop]:
    c = shop.c
    rows = transaction.execute(
        select(
            c.id,
            c.domain,
            c.created_at,
            c.removed_at,
            c.disconnected_at,
            shop_credential.c.kind,
            shop_credential.c.client_id,
        )
        .outerjoin(shop_credential, shop_credential.c.shop_id == c.id)
        .order_by(c.domain)
    )
    return [
        _Shop(ShopId(row.id), row.domain, row.created_at, row.removed_at is not None, _lacks(row))
        for row in rows
    ]


def _lacks(row: Any) -> str | None:
    if row.disconnected_at is not None:
        return "the app is not installed"
    if row.kind is None:
        return "nothing opens its API"
    return "no client id" if row.kind == "client_secret" and not row.client_id else None


def _synced(transaction: Transaction, plurals: Collection[str]) -> dict[ShopId, tuple[str, ...]]:
    """What of each shop has been fetched whole once."""
    found: dict[ShopId, tuple[str, ...]] = {}
    c = sync_watermark.c
    for row in transaction.execute(select(c.shop_id, c.resource).order_by(c.shop_id, c.resource)):
        if row.resource in plurals:
            found[row.shop_id] = (*found.get(row.shop_id, ()), row.resource)
    return found


def _first_synced(transaction: Transaction, shop_ids: Collection[ShopId]) -> dict[ShopId, datetime]:
    """When the first sync of each of these shops had ended well."""
    if not shop_ids:
        return {}
    c = sync_run.c
    first = (
        select(c.finished_at)
        .where(c.shop_id == shop.c.id, c.kind == SYNC, c.state == "succeeded")
        .order_by(c.id)
        .limit(1)
        .scalar_subquery()
    )
    rows = transaction.execute(select(shop.c.id, first.label("at")).where(among(shop.c.id, shop_ids)))
    return {ShopId(row.id): row.at for row in rows if row.at is not None}


def last_checked(transaction: Transaction) -> dict[ShopId, datetime]:
    """When the subscriptions of each shop were last looked at."""
    c = webhook_subscription.c
    rows = transaction.execute(select(c.shop_id, func.max(c.checked_at)).group_by(c.shop_id))
    return {ShopId(row[0]): row[1] for row in rows}


def _waits_for(
    of: _Shop, kind: str, synced: Mapping[ShopId, tuple[str, ...]], public_url: str | None
) -> str | None:
    if kind == RETENTION:
        return None
    if of.waits_for is None and kind == WEBHOOKS and public_url is None:
        return "BACKROOM_PUBLIC_URL is not set"
    if of.waits_for is None and kind in (SYNC, RECONCILE) and of.id not in synced:
        return "nothing was synced in full yet"
    return of.waits_for


def _standing(
    of: _Shop,
    kind: str,
    row: Any,
    counts_from: datetime | None,
    waits_for: str | None,
    plurals: tuple[str, ...],
) -> Standing:
    every = None if row is None else row.every_seconds
    fired_at = None if row is None else row.fired_at
    return Standing(
        shop_id=of.id,
        domain=of.domain,
        kind=kind,
        every_seconds=EVERY_SECONDS[kind] if every is None else every,
        is_on=row is None or row.is_on,
        repairs=row is not None and row.repairs,
        fired_at=fired_at,
        counts_from=fired_at or counts_from,
        waits_for=waits_for,
        plurals=plurals,
    )
