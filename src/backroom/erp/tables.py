"""The ERP's tables.

Listings are Shopify's side of the link: what Shopify says lives in `listing` and `listing_variant`
and nowhere else. `product` and `sku` are the ERP's side. Stock is Shopify's: a level is of an inventory item
at a location, and finds its SKUs through the variants that name the item. Who owns which field:

| table | Shopify owns | the ERP owns |
| listing, listing_variant | everything but the link | - |
| product created by a sync | name, is_active (they follow its listings) | external_id |
| product brought by the ERP | is_active | external_id, name |
| sku created by a sync | sku_code, barcode, is_active (they follow its variants) | external_id |
| sku brought by the ERP | is_active | external_id, sku_code, barcode |
| location, inventory_item, inventory_level | everything | - |
| link_event, field_change | written by the writer, never changed | - |
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Json

product = Table(
    "product",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("external_id", Text, unique=True, comment="the ERP's own key"),
    Column("origin", Text, nullable=False, comment="sync or erp: who created it"),
    Column("name", Text),
    Column("is_active", Boolean, nullable=False, comment="any of its listings is"),
    Column("created_at", Instant, nullable=False),
)

sku = Table(
    "sku",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("product_id", BigInt, ForeignKey("product.id"), nullable=False),
    Column("external_id", Text, unique=True, comment="the ERP's own key"),
    Column("origin", Text, nullable=False, comment="sync or erp: who created it"),
    Column("sku_code", Text, comment="null where Shopify has none; never invented; not unique"),
    Column("barcode", Text),
    Column("is_active", Boolean, nullable=False, comment="any of its variants is"),
    Column("created_at", Instant, nullable=False),
    Index("ix_sku_product_id", "product_id"),
    Index("ix_sku_sku_code", "sku_code"),
)

listing = Table(
    "listing",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("shopify_product_id", BigInt, nullable=False),
    Column("product_id", BigInt, ForeignKey("product.id"), nullable=False),
    Column("linked_by", Text, nullable=False, comment="the rule that made the link"),
    Column("shopify_handle", Text),
    Column("title", Text),
    Column("status", Text, comment="active, draft, archived, unlisted"),
    Column("vendor", Text),
    Column("product_type", Text),
    Column("tags", Json, comment="sorted texts"),
    Column("options", Json, comment="[{name, values}] in Shopify's order"),
    Column("images", Json, comment="addresses in Shopify's order"),
    Column("is_active", Boolean, nullable=False, comment="not deleted upstream, whatever the status"),
    UniqueConstraint("shop_id", "shopify_product_id"),
    Index("ix_listing_product_id", "product_id"),
    Index("ix_listing_shopify_product_id", "shopify_product_id"),
)

listing_variant = Table(
    "listing_variant",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, nullable=False, comment="its listing's"),
    Column("listing_id", BigInt, ForeignKey("listing.id"), nullable=False),
    Column("shopify_variant_id", BigInt, nullable=False),
    # Not unique: Shopify has announced that several variants may share one item.
    Column("shopify_inventory_item_id", BigInt),
    Column("sku_id", BigInt, ForeignKey("sku.id"), nullable=False),
    Column("sku_code", Text),
    Column("barcode", Text),
    Column("title", Text),
    Column("price", BigInt, comment="1/10,000 of the shop's currency"),
    Column("compare_at_price", BigInt, comment="1/10,000 of the shop's currency"),
    Column("options", Json, comment="{name: value}"),
    Column("position", Integer),
    Column("is_active", Boolean, nullable=False),
    UniqueConstraint("shop_id", "shopify_variant_id"),
    Index("ix_listing_variant_listing_id", "listing_id"),
    Index("ix_listing_variant_sku_id", "sku_id"),
    Index("ix_listing_variant_shopify_inventory_item_id", "shopify_inventory_item_id"),
    Index("ix_listing_variant_sku_code", "shop_id", "sku_code"),
)

location = Table(
    "location",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("shopify_location_id", BigInt, nullable=False),
    Column("name", Text),
    Column("active", Boolean, comment="Shopify's own word: not deactivated; null until known"),
    Column("address1", Text),
    Column("address2", Text),
    Column("city", Text),
    Column("zip", Text),
    Column("province_code", Text),
    Column("country_code", Text),
    Column("phone", Text),
    Column("is_active", Boolean, nullable=False, comment="not deleted upstream, deactivated or not"),
    UniqueConstraint("shop_id", "shopify_location_id"),
)

# Items and levels have no key to their shop, their item or their location: they come in any order, by the
# million, and a key would have each of them looked up.
inventory_item = Table(
    "inventory_item",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, nullable=False),
    Column("shopify_inventory_item_id", BigInt, nullable=False),
    Column("sku_code", Text),
    Column("tracked", Boolean, comment="null until known"),
    Column("cost", BigInt, comment="1/10,000 of the shop's currency; null: not known"),
    Column("requires_shipping", Boolean),
    Column("country_code_of_origin", Text),
    Column("harmonized_system_code", Text),
    Column("is_active", Boolean, nullable=False, comment="not deleted upstream"),
    UniqueConstraint("shop_id", "shopify_inventory_item_id"),
)

inventory_level = Table(
    "inventory_level",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, nullable=False),
    Column("shopify_inventory_item_id", BigInt, nullable=False),
    Column("shopify_location_id", BigInt, nullable=False),
    Column("available", Integer, comment="null: not tracked, which is not 0; may be negative"),
    Column("on_hand", Integer, comment="null: never pulled, as of the two that follow"),
    Column("committed", Integer),
    Column("incoming", Integer),
    Column("updated_at", Instant, comment="Shopify's, of available"),
    Column(
        "quantities_at",
        Instant,
        comment="Shopify's, of the pulled body that said on_hand, committed and incoming",
    ),
    Column("is_active", Boolean, nullable=False, comment="not disconnected"),
    # Named here: by the convention it would be longer than PostgreSQL's names may be.
    UniqueConstraint(
        "shop_id", "shopify_inventory_item_id", "shopify_location_id", name="uq_inventory_level_key"
    ),
)

link_event = Table(
    "link_event",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("listing_id", BigInt, ForeignKey("listing.id"), nullable=False),
    Column("product_id", BigInt, ForeignKey("product.id"), nullable=False),
    Column("action", Text, nullable=False, comment="linked, undone, refused"),
    Column("rule", Text, nullable=False, comment="created: no product had it, so one was made"),
    Column("evidence", Json, nullable=False),
    Column("actor", Text, nullable=False, comment="sync, or a person's name"),
    Column("at", Instant, nullable=False),
    Index("ix_link_event_listing_id", "listing_id"),
)

field_change = Table(
    "field_change",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    # Ids are handed out before they commit. On PostgreSQL this is the transaction's number, so that the
    # feed can stop short of those that are still open; SQLite has one writer and needs none.
    Column("commit_order", BigInt, nullable=False),
    Column("shop_id", BigInt),
    Column("entity", Text, nullable=False, comment="the table's name: product, inventory_level"),
    Column("entity_id", BigInt, nullable=False),
    Column("field", Text, comment="null: the entity was created"),
    Column("old", Json),
    Column("new", Json),
    # Plain values: the delivery's row may be gone.
    Column("delivery_id", BigInt),
    Column("topic", Text),
    Column("triggered_at", Instant),
    Column("at", Instant, nullable=False),
    Column("run_id", BigInt, comment="the run whose body was applied"),
    Index("ix_field_change_entity", "entity", "entity_id"),
    Index("ix_field_change_feed", "commit_order", "id"),
)

feed_floor = Table(
    "feed_floor",
    metadata,
    # No foreign key: as in field_change.
    Column("shop_id", BigInt, primary_key=True, autoincrement=False),
    Column(
        "commit_order", BigInt, nullable=False, comment="with the id: the greatest place of the feed that"
    ),
    Column("id", BigInt, nullable=False, comment="retention has deleted of this shop"),
)
