"""Stock as the ERP's tables hold it, written by the writer, without a body."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert

from backroom.db.database import Transaction
from backroom.erp.stock import StockChange
from backroom.erp.tables import listing, listing_variant, product, sku
from backroom.erp.writer import Cause, ErpWriter
from backroom.vocabulary.ids import DeliveryId, ResourceKey, RunId, ShopId
from tests.house import House, instant


def told_by(delivery: int, topic: str = "inventory_levels/update") -> Cause:
    """A delivery as a cause."""
    return Cause(delivery_id=DeliveryId(delivery), topic=topic, triggered_at=instant(delivery))


def pulled_by(run: int) -> Cause:
    """A run as a cause."""
    return Cause(delivery_id=None, topic=None, triggered_at=None, run_id=RunId(run))


def written(house: House, shop_id: ShopId | None = None, **said: Sequence[StockChange]) -> set[int]:
    """One batch, flushed: `locations`, `items`, `levels`. Leaves what the batch calls outdated."""
    shop = shop_id or house.shop_id
    with house.database.shop_writing(shop, patience_seconds=5) as transaction:
        writer = ErpWriter(transaction, shop, transaction.now())
        for kind, changes in said.items():
            getattr(writer.stock, f"put_{kind}")(changes)
        flush(transaction, writer)
        return writer.returned_items


def gone(house: House, kind: str, *keys: ResourceKey, cause: Cause | None = None) -> set[int]:
    """One batch of departures, flushed."""
    with house.database.shop_writing(house.shop_id, patience_seconds=5) as transaction:
        writer = ErpWriter(transaction, house.shop_id, transaction.now())
        getattr(writer.stock, f"deactivate_{kind}")([(key, cause or told_by(99)) for key in keys])
        flush(transaction, writer)
        return writer.returned_items


def flush(transaction: Transaction, writer: ErpWriter) -> None:
    writer.resolve()
    with transaction.unanswered():
        writer.flush()


def change(*key: int, cause: Cause | None = None, **fields: Any) -> StockChange:
    return StockChange(key=key, fields=fields, cause=cause or told_by(1))


def variant_row(house: House, number: int, item: int | None, **fields: Any) -> None:
    """A variant of the given item with its SKU of the same number, in the shop's one listing."""
    values: dict[str, Any] = {"shop_id": house.shop_id, "sku_id": number, "is_active": True, **fields}
    shop_id = values["shop_id"]
    rows = {row["shop_id"]: row["id"] for row in house.listings()}
    born = {"origin": "sync", "is_active": True, "created_at": instant(0)}
    with house.database.writing() as transaction:
        if shop_id not in rows:
            transaction.execute(insert(product).values(id=shop_id, **born))
            said = {"shopify_product_id": 1, "linked_by": "created", "is_active": True}
            transaction.execute(
                insert(listing).values(id=shop_id, shop_id=shop_id, product_id=shop_id, **said)
            )
        if values["sku_id"] not in {row["id"] for row in _skus(transaction)}:
            named = {"product_id": shop_id, "sku_code": f"CODE-{values['sku_id']}"}
            transaction.execute(insert(sku).values(id=values["sku_id"], **named, **born))
        ids = {"listing_id": shop_id, "shopify_variant_id": number, "shopify_inventory_item_id": item}
        transaction.execute(insert(listing_variant).values(**ids, **values))


def _skus(transaction: Transaction) -> Sequence[Any]:
    return transaction.execute(sku.select()).mappings().all()
