"""GET /changes: the feed of field changes, for programs that follow along."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from sqlalchemy import select
from starlette.responses import Response

from backroom.db.database import Database
from backroom.erp.changes import Position, read_feed, read_floor
from backroom.shops.tables import shop
from backroom.vocabulary.pages import cursor_of, place_of
from backroom.web.api.asked import USUAL, Cursor, Limit, answer

Entity = Literal[
    "product", "sku", "listing", "listing_variant", "location", "inventory_item", "inventory_level"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """One change. `field` null: the entity was created. Amounts are decimal texts."""

    id: int
    entity: str
    entity_id: int
    shop: str | None
    field: str | None
    old: Any
    new: Any
    delivery_id: int | None
    topic: str | None
    triggered_at: datetime | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Some entries, oldest first. `next` is always there: ask again with it, also where nothing came."""

    items: list[FeedEntry]
    next: str


def router(database: Database) -> APIRouter:
    """Routes over the history."""
    routes = APIRouter(tags=["catalogue"])

    @routes.get("/changes", response_model=Feed)
    def list_changes(
        after: Cursor = None,
        cursor: Cursor = None,
        entity: Annotated[Entity | None, Query()] = None,
        limit: Limit = USUAL,
    ) -> Response:
        """Field changes, in an order that misses nothing that commits late.

        `after` (or `cursor`, as in every other listing): `next` of the answer before; without it the feed
        starts at its beginning. 410 where entries after it were deleted since, because they are old.
        """
        position = _position(after or cursor)
        with database.reading() as transaction:
            rows = read_feed(transaction, position, entity, limit)
            floor = read_floor(transaction)
            domains = {row.id: row.domain for row in transaction.execute(select(shop.c.id, shop.c.domain))}
        names = [name for name in FeedEntry.__slots__ if name != "shop"]
        entries = [
            FeedEntry(shop=domains.get(row["shop_id"]), **{name: row[name] for name in names}) for row in rows
        ]
        read_to = (rows[-1]["commit_order"], rows[-1]["id"]) if rows else _read_to(position)
        return answer(Feed(items=entries, next=cursor_of((*read_to, *floor))))

    return routes


def _position(cursor: str | None) -> Position | None:
    place = place_of(cursor, 4)
    if place is None:
        return None
    commit_order, id_, *floor = place
    return Position(commit_order, id_, (floor[0], floor[1]))


def _read_to(position: Position | None) -> tuple[int, int]:
    return (0, 0) if position is None else (position.commit_order, position.id)
