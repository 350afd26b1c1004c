"""Small catalogues for the reading side's tests, and what real people do to them by hand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import event, select, update

from backroom.db.database import Database
from backroom.erp.tables import listing, listing_variant
from backroom.vocabulary.ids import ShopId
from backroom.vocabulary.pages import Page, Place, place_of
from tests.house import House, make_shop

T = TypeVar("T")
SECOND = "two.myshopify.com"


def second_shop(house: House) -> ShopId:
    """Another shop beside the house's own."""
    return make_shop(house.database, SECOND)


def link_to_first(house: House, product_number: int) -> None:
    """All listings with this Shopify id become one product, their variants (by position) its SKUs."""
    with house.database.writing() as transaction:
        rows = transaction.execute(
            select(listing).where(listing.c.shopify_product_id == product_number).order_by(listing.c.shop_id)
        ).mappings()
        first, *others = rows.all()
        for other in others:
            transaction.execute(
                update(listing).where(listing.c.id == other["id"]).values(product_id=first["product_id"])
            )
        for row in transaction.execute(
            select(listing_variant).where(listing_variant.c.listing_id == first["id"])
        ).mappings().all():  # fmt: skip
            transaction.execute(
                update(listing_variant)
                .where(listing_variant.c.shopify_variant_id == row["shopify_variant_id"])
                .values(sku_id=row["sku_id"])
            )


def pages(read: Callable[[Place | None], Page[T]]) -> Iterator[list[T]]:
    """All pages, one after the other."""
    place: Place | None = None
    while True:
        page = read(place)
        yield page.items
        if page.next is None:
            return
        place = place_of(page.next, None)


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    """The statements that the block sends."""
    sent: list[str] = []

    def note(*arguments: object) -> None:
        sent.append(str(arguments[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
