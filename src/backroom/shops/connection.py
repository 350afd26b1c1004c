"""Whether the app is installed on a shop, as far as we were told. Nothing here calls Shopify."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, update

from backroom.db.database import Transaction
from backroom.shops.tables import shop
from backroom.vocabulary.clock import to_the_minute
from backroom.vocabulary.ids import ShopId


def disconnected(transaction: Transaction, shop_id: ShopId) -> str | None:
    """Why nothing can be asked of the shop, in a sentence that says what to do; None: it is connected."""
    c = shop.c
    found = select(c.domain, c.disconnected_at, c.removed_at).where(c.id == shop_id)
    row = transaction.execute(found).one_or_none()
    if row is not None and row.removed_at is not None:
        return removed_sentence(row.domain)
    if row is None or row.disconnected_at is None:
        return None
    return disconnected_sentence(row.domain, row.disconnected_at)


def keep_scopes(transaction: Transaction, shop_id: ShopId, scopes: Iterable[str]) -> None:
    """What the shop grants the app, as last heard."""
    transaction.execute(update(shop).where(shop.c.id == shop_id).values(granted_scopes=sorted(scopes)))


def removed_sentence(domain: str) -> str:
    return f"{domain} was removed: open it again with `backroom shop add {domain}`"


def disconnected_sentence(domain: str, at: datetime) -> str:
    """`at`: when we heard of it."""
    return (
        f"the app was uninstalled from {domain} on {to_the_minute(at)}: install it again,"
        f" then `backroom shop test {domain}`"
    )
