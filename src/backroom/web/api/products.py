"""GET /products."""

from fastapi import APIRouter
from sqlalchemy import Table
from starlette.responses import Response

from backroom.db.database import Database
from backroom.erp.products_reader import PLACE_WIDTH, Product, ProductFilter, read_products
from backroom.vocabulary.pages import Page, place_of
from backroom.web.api.asked import USUAL, Cursor, Flag, Limit, ShopDomain, ShopifyId, Text, answer, domain_of


def router(database: Database, cache: Table) -> APIRouter:
    """`cache`: the raw cache of Shopify's products."""
    routes = APIRouter(tags=["catalogue"])

    @routes.get("/products", response_model=Page[Product])
    def list_products(
        shop: ShopDomain = None,
        q: Text = None,
        shopify_product_id: ShopifyId = None,
        is_active: Flag = None,
        limit: Limit = USUAL,
        cursor: Cursor = None,
    ) -> Response:
        """Products with their listings and SKUs, inactive ones too.

        `q` finds a part of a name, title, handle, vendor or SKU code, in small or capital letters.
        """
        wanted = ProductFilter(
            shop=domain_of(shop), q=q, shopify_product_id=shopify_product_id, is_active=is_active
        )
        place = place_of(cursor, PLACE_WIDTH)
        with database.reading() as transaction:
            page = read_products(transaction, cache, wanted, place, limit)
        return answer(page)

    return routes
