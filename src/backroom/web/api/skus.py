"""GET /skus, and the codes that several variants share."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from backroom.db.database import Database
from backroom.erp.conflicts import CodeConflict, read_code_conflicts
from backroom.erp.skus_reader import PLACE_WIDTH, Sku, SkuFilter, read_skus
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import USUAL, Cursor, Flag, Limit, ShopDomain, ShopifyId, Text, answer, domain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeConflicts:
    """All of them; at most 200 codes."""

    items: list[CodeConflict]


def router(database: Database) -> APIRouter:
    """Routes over SKUs."""
    routes = APIRouter(tags=["catalogue"])

    @routes.get("/skus", response_model=Page[Sku])
    def list_skus(
        code: Text = None,
        shopify_variant_id: ShopifyId = None,
        inventory_item_id: ShopifyId = None,
        shop: ShopDomain = None,
        is_active: Flag = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """SKUs with Shopify's variants of them, inactive ones too. A code may belong to several SKUs."""
        wanted = SkuFilter(
            code=code,
            shopify_variant_id=shopify_variant_id,
            inventory_item_id=inventory_item_id,
            shop=domain_of(shop),
            is_active=is_active,
        )
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            page = read_skus(transaction, wanted, place, limit)
        return answer(page)

    @routes.get("/code-conflicts", response_model=CodeConflicts)
    def list_code_conflicts(shop: ShopDomain = None) -> Response:
        """SKU codes that several active variants of one shop share."""
        with database.reading() as transaction:
            return answer(CodeConflicts(items=read_code_conflicts(transaction, domain_of(shop))))

    return routes
