"""The raw caches of stock. They stand together because each of its resources looks at the others'."""

from backroom.cache.tables import cache_table

shopify_location_cache = cache_table("location", key=("shopify_location_id",), lookups=("title",))
shopify_inventory_item_cache = cache_table(
    "inventory_item", key=("shopify_inventory_item_id",), lookups=("title",)
)
shopify_inventory_cache = cache_table("inventory", key=("shopify_inventory_item_id", "shopify_location_id"))
