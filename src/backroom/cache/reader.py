"""The raw cache as people read it: one row with its body and its state, and the walk over all rows.

Enters: Shopify's id of a resource. Leaves: what we hold of it, and how far it was processed. What never
happens here: decoding a body, a write.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Table, and_, func, select, tuple_

from backroom.cache.store import DirtyRow
from backroom.cache.tables import key_columns
from backroom.db.database import Transaction
from backroom.db.fitting import fitting
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Ambiguous, Misuse, Unknown
from backroom.vocabulary.ids import GREATEST_ID, ResourceKey, ShopId, key_text, parse_key
from backroom.vocabulary.shown import ShownBody, show_body

WALK_ROWS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedResource:
    """A cache row. `updated_at` is Shopify's; `processed_at` null: the body waits to be processed."""

    shop_id: ShopId
    shop: str
    id: str
    body: ShownBody | None
    shape: str
    source: str
    topic: str | None
    delivery_id: int | None
    run_id: int | None
    updated_at: datetime | None
    triggered_at: datetime | None
    received_at: datetime
    last_synced_at: datetime
    revision: int
    partial: bool
    deleted_at: datetime | None
    wanted_at: datetime | None
    wanted_reason: str | None
    want_attempts: int
    want_next_at: datetime | None
    processed_at: datetime | None
    processing_error: str | None
    attempts: int
    next_attempt_at: datetime | None
    dead_at: datetime | None


_STATE = tuple(
    field.name for field in fields(CachedResource) if field.name not in ("shop_id", "shop", "id", "body")
)


def read_key(table: Table, text: str) -> ResourceKey:
    """`12` or `12:7`, as wide as the table's key. Raises Misuse."""
    width = len(key_columns(table))
    try:
        key = parse_key(text) if text.isascii() else ()
    except ValueError:
        key = ()
    if len(key) != width or not all(0 < part <= GREATEST_ID for part in key) or key_text(key) != text:
        raise Misuse(f"{text[:60]!r} is no id of this resource: it is {key_form(table)}, as Shopify gives it")
    return key


def key_form(table: Table) -> str:
    """How an id is written: `NUMBER`, or for a level `ITEM:LOCATION`."""
    columns = key_columns(table)
    if len(columns) == 1:
        return "NUMBER"
    return ":".join(name.removesuffix("_id").rpartition("_")[2].upper() for name in columns)


def read_cached(
    transaction: Transaction, table: Table, key: ResourceKey, domain: str | None
) -> CachedResource:
    """What is held of a resource. Raises Unknown, and Ambiguous where several shops hold it."""
    statement = (
        select(
            *(table.c[name] for name in _STATE), table.c.raw_data, shop.c.domain, shop.c.id.label("shop_id")
        )
        .join(shop, shop.c.id == table.c.shop_id)
        .where(*(table.c[name] == part for name, part in zip(key_columns(table), key, strict=True)))
        .order_by(shop.c.domain)
    )
    if domain is not None:
        statement = statement.where(shop.c.domain == domain)
    rows = transaction.execute(statement).mappings().all()
    if not rows:
        raise Unknown(f"nothing is cached under {key_text(key)}" + (f" for {domain}" if domain else ""))
    if len(rows) > 1:
        raise Ambiguous(f"several shops hold {key_text(key)}: {', '.join(row['domain'] for row in rows)}")
    row = rows[0]
    return CachedResource(
        shop_id=ShopId(row["shop_id"]),
        shop=row["domain"],
        id=key_text(key),
        body=None if row["raw_data"] is None else show_body(row["raw_data"]),
        **{name: row[name] for name in _STATE},
    )


@dataclass(frozen=True, slots=True)
class Walked:
    """A row of the walk. `title`: for people, where the resource has such a look-up."""

    row: DirtyRow
    title: str | None


def walk(transaction: Transaction, table: Table, shop_id: ShopId, after: ResourceKey | None) -> list[Walked]:
    """The next rows of a shop that hold a body or a deletion, in key order; empty at the end.

    As many as fit in memory together: sizes are asked for first, because a driver fetches whole answers.
    """
    keys = [table.c[name] for name in key_columns(table)]
    held = (table.c.raw_data.is_not(None)) | (table.c.deleted_at.is_not(None))
    ahead = and_(table.c.shop_id == shop_id, held)
    if after is not None:
        ahead = and_(ahead, tuple_(*keys) > after if len(keys) > 1 else keys[0] > after[0])
    sizes = select(*keys, func.coalesce(func.length(table.c.raw_data), 0)).where(ahead)
    rows = fitting((key, size) for *key, size in transaction.execute(sizes.order_by(*keys).limit(WALK_ROWS)))
    names = [field.name for field in fields(DirtyRow) if field.name != "key"]
    title = [table.c.title] if "title" in table.c else []
    bodies = select(*keys, *(table.c[name] for name in names), *title).where(ahead)
    found = transaction.execute(bodies.order_by(*keys).limit(len(rows)))
    return [_walked(row, len(keys), names) for row in found]


def _walked(row: Row[Any], width: int, names: Sequence[str]) -> Walked:
    until = width + len(names)
    dirty = DirtyRow(key=tuple(row[:width]), **dict(zip(names, row[width:until], strict=True)))
    return Walked(dirty, row[until] if len(row) > until else None)
