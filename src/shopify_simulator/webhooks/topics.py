"""The topics that a shop's subscriptions can name, as data: a misspelt one is refused, as Shopify does.

Shopify has more (companies, markets, themes ...); these are the ones about what a shop sells, where it lies,
who buys it, and the app itself. Source: the enum WebhookSubscriptionTopic of the Admin API 2026-10, and for
those that only an app names, shopify.dev/docs/apps/build/compliance/privacy-law-compliance.
"""

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
