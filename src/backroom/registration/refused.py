"""Deliveries that were refused for their signature, and whether that is over: a bout of them a shop.

Enters: what the inbox counted, what was heard, and the secrets. Leaves: since when deliveries may be lost,
until their gap is filled. What never happens here: trust in who sent them. Anybody may send what is not
signed, so a bout costs one incremental sync at most, and that once an hour.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, func, select, update

from backroom.db.database import Transaction
from backroom.ingress.tables import webhook_refusal
from backroom.registration.plan import MARGIN
from backroom.registration.tables import topic_heard
from backroom.shops.tables import webhook_secret
from backroom.vocabulary.clock import format_instant, to_the_minute
from backroom.vocabulary.ids import ShopId

FILLED_EVERY: Final = timedelta(hours=1)
"""At most, where nothing but bad signatures says that something was missed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A bout. `taken_at`: when a delivery was last taken; `told_at`: when a secret was last given to us."""

    shop_id: ShopId
    first_at: datetime
    last_at: datetime
    number: int
    filled_at: datetime | None
    taken_at: datetime | None
    told_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Something was taken since, or we were told another secret: what is delivered now comes in."""
        return any(at is not None and at > self.last_at for at in (self.taken_at, self.told_at))

    def is_due(self, now: datetime) -> bool:
        """Whether its gap may be filled now."""
        waited = self.filled_at is None or now - self.filled_at >= FILLED_EVERY
        return self.is_over and waited

    def sentence(self) -> str:
        """For people."""
        webhooks = "1 webhook was" if self.number == 1 else f"{self.number} webhooks were"
        said = f"{webhooks} refused for the signature since {to_the_minute(self.first_at)}"
        return said if self.is_over else f"{said}, and nothing was taken since the last of them"

    def advice(self, domain: str, *, is_checked: bool) -> str:
        """What to do. `is_checked`: the shop's subscriptions are looked at, and gaps are filled."""
        if not self.is_over:
            return f"if the app's secret is another one now: `backroom shop secret add {domain}`"
        if is_checked:
            return (
                f"`backroom webhooks apply --shop {domain}` fetches what was missed, as the next check does"
            )
        since = format_instant((self.first_at - MARGIN).replace(microsecond=0))
        return f"`backroom sync all --since {since} --shop {domain}` fetches what was missed"


def read_refused(transaction: Transaction, shop_id: ShopId) -> Refused | None:
    """The bout whose gap is not filled yet."""
    return next(_bouts(transaction, shop_id), None)


def read_all_refused(transaction: Transaction) -> Iterator[Refused]:
    """Of all shops, by id."""
    return _bouts(transaction, None)


def close_refused(transaction: Transaction, refused: Refused) -> None:
    """Its gap is being filled. One that grew meanwhile stays: what came since is not known to be over."""
    c = webhook_refusal.c
    seen = update(webhook_refusal).where(c.shop_id == refused.shop_id, c.last_at == refused.last_at)
    transaction.execute(seen.values(first_at=None, last_at=None, refused=0, filled_at=transaction.now()))


def _bouts(transaction: Transaction, shop_id: ShopId | None) -> Iterator[Refused]:
    c = webhook_refusal.c
    bouts = select(webhook_refusal).where(c.first_at.is_not(None)).order_by(c.shop_id)
    for row in transaction.execute(bouts if shop_id is None else bouts.where(c.shop_id == shop_id)).all():
        yield Refused(
            shop_id=ShopId(row.shop_id),
            first_at=row.first_at,
            last_at=row.last_at,
            number=row.refused,
            filled_at=row.filled_at,
            taken_at=_taken_at(transaction, row.shop_id),
            told_at=_newest(transaction, webhook_secret.c.created_at, row.shop_id),
        )


def _taken_at(transaction: Transaction, shop_id: int) -> datetime | None:
    """Sorted, or signed by a known secret: the later of both, which are written at different times."""
    columns = (topic_heard.c.last_at, webhook_secret.c.last_used_at)
    found = [_newest(transaction, column, shop_id) for column in columns]
    return max((at for at in found if at is not None), default=None)


def _newest(transaction: Transaction, column: Column[Any], shop_id: int) -> datetime | None:
    newest = select(func.max(column)).where(column.table.c.shop_id == shop_id)
    at: datetime | None = transaction.execute(newest).scalar_one()
    return at
