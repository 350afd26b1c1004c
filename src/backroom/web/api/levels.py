"""GET /levels/{id}/history: what set the numbers of one level of stock, newest first."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Table
from starlette.responses import Response

from backroom.cache.reader import read_key
from backroom.db.database import Database
from backroom.erp.history import PLACE_WIDTH, HistoryEntry, read_history
from backroom.erp.levels_reader import level_number
from backroom.erp.tables import inventory_level
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import NO_NUL, USUAL, Cursor, Limit, ShopDomain, answer, domain_of

LevelField = Literal["available", "on_hand", "committed", "incoming", "is_active"]


def router(database: Database, cache: Table) -> APIRouter:
    """`cache`: the raw cache of levels, whose key a level's id is."""
    routes = APIRouter(tags=["catalogue"])

    @routes.get("/levels/{id}/history", response_model=Page[HistoryEntry])
    def list_level_history(
        id: Annotated[str, Path(pattern=NO_NUL, description="ITEM:LOCATION, by Shopify's ids")],
        shop: ShopDomain = None,
        field: Annotated[LevelField | None, Query()] = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """The changes of one level, or of one of its numbers, and its creation."""
        key = read_key(cache, id)
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            number = level_number(transaction, key, domain_of(shop))
            fields = [field] if field else []
            page = read_history(transaction, inventory_level.name, number, fields, place, limit)
        return answer(page)

    return routes
