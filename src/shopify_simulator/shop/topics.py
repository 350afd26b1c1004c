"""The topics that a shop's subscriptions can name, as data: a misspelt one is refused, as Shopify does. And
the scopes that an app needs to hear of each.

Shopify has more (companies, markets, themes ...); these are the ones about what a shop sells, where it lies,
who buys it, and the app itself. Source: the enum WebhookSubscriptionTopic of the Admin API 2026-10, and for
those that only an app names, shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

from collections.abc import Iterable, Mapping
from typing import Final

_ACTIONS: Final = {
    "app": "uninstalled scopes_update",
    "app_purchases_one_time": "update",
    "app_subscriptions": "approaching_capped_amount update",
    "bulk_operations": "finish",
    "collections": "create delete update",
    "customers": "create delete disable enable merge purchasing_summary update",
    "customers_email_marketing_consent": "update",
    "customers_marketing_consent": "update",
    "customers_whats_app_marketing_consent": "update",
    "fulfillments": "create update",
    "inventory_items": "create delete update",
    "inventory_levels": "connect disconnect update",
    "inventory_shipments": (
        "add_items create delete mark_in_transit receive_items remove_items update_item_quantities"
        " update_tracking"
    ),
    "inventory_transfers": (
        "add_items cancel complete ready_to_ship remove_items update_item_quantities updated"
    ),
    "locations": "activate create deactivate delete update",
    "orders": (
        "cancelled create delete edited fulfilled link_requested paid partially_fulfilled"
        " risk_assessment_changed shopify_protect_eligibility_changed updated"
    ),
    "products": "create delete update",
    "refunds": "create",
    "shop": "update",
    "variants": "in_stock out_of_stock",
}

COMPLIANCE_TOPICS: Final = frozenset({"customers/data_request", "customers/redact", "shop/redact"})
"""An app's configuration names them, nobody else."""

TOPICS: Final = COMPLIANCE_TOPICS | {
    f"{kind}/{action}" for kind, actions in _ACTIONS.items() for action in actions.split()
}

BY_NAME: Final[Mapping[str, str]] = {
    topic.replace("/", "_").upper(): topic for topic in sorted(TOPICS - COMPLIANCE_TOPICS)
}
"""As the Admin API calls them: `PRODUCTS_UPDATE` -> `products/update`. It knows no compliance topics."""

_ORDERS: Final = ("read_orders", "read_marketplace_orders", "read_buyer_membership_orders")
_CUSTOMERS: Final = ("read_customers",)
_SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "collections": ("read_products",),
    "customers": _CUSTOMERS,
    "customers/merge": ("read_customer_merge",),
    "customers_email_marketing_consent": _CUSTOMERS,
    "customers_marketing_consent": _CUSTOMERS,
    "customers_whats_app_marketing_consent": _CUSTOMERS,
    "fulfillments": ("read_fulfillments", "read_marketplace_orders"),
    "inventory_items": ("read_inventory", "read_products"),
    "inventory_levels": ("read_inventory",),
    "inventory_shipments": ("read_inventory_shipments",),
    "inventory_shipments/receive_items": ("read_inventory_shipments_received_items",),
    "inventory_transfers": ("read_inventory_transfers",),
    "locations": ("read_locations",),
    "orders": _ORDERS,
    "products": ("read_products",),
    "refunds": _ORDERS,
    "variants": ("read_products",),
}


def scopes_for(topic: str) -> tuple[str, ...]:
    """One of these is enough to hear of it; none are needed for the app itself, the shop and bulk operations.

    Source: the descriptions of the enum's values.
    """
    return _SCOPES.get(topic) or _SCOPES.get(topic.partition("/")[0], ())


def may_hear(topic: str, granted: Iterable[str]) -> bool:
    """Whether these scopes are enough. Who may write may read."""
    wanted = scopes_for(topic)
    reading = {scope.replace("write_", "read_", 1) for scope in granted}
    return not wanted or bool(reading & set(wanted))
