"""What Shopify tells an app about itself: that it was uninstalled, and that its scopes changed.

The shop and the scopes enter; events leave. What never happens here: the change itself (`installation.py`).

Source: shopify.dev/docs/api/webhooks, app/uninstalled (the shop's object, as the REST API wrote it) and
app/scopes_update.
"""

import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from shopify_simulator.admin.readers import gid
from shopify_simulator.shop.bodies import deleted_body
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.shop import Shop

UNINSTALLED: Final = "app/uninstalled"
SCOPES_UPDATE: Final = "app/scopes_update"
SHOP_NUMBER: Final = 1


def uninstalled_event(shop: Shop, now: datetime) -> Event:
    """Told once, while its subscriptions are still there."""
    return _event(UNINSTALLED, _shop_object(shop), now)


def scopes_event(previous: Iterable[str], current: Iterable[str], now: datetime) -> Event:
    """Told after every change of what the app may do."""
    body = {
        "id": SHOP_NUMBER,
        "shop_id": gid("Shop", SHOP_NUMBER),
        "previous": list(previous),
        "current": list(current),
        "updated_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
    }
    return _event(SCOPES_UPDATE, body, now)


def _event(topic: str, body: dict[str, Any], now: datetime) -> Event:
    return Event(
        event_id=str(uuid.uuid4()),
        topic=topic,
        resource_id=SHOP_NUMBER,
        body=msgspec.json.encode(body),
        id_only=deleted_body(SHOP_NUMBER),
        triggered_at=now,
        partial=False,
    )


def _shop_object(shop: Shop) -> dict[str, Any]:
    """The shop's own values where it has them, else those of a small shop in New York."""
    return {
        "id": SHOP_NUMBER,
        "name": shop.name,
        "email": f"owner@{shop.domain}",
        "domain": shop.domain,
        **_ADDRESS,
        "source": None,
        "primary_locale": "en",
        "created_at": None,
        "updated_at": None,
        "currency": shop.currency,
        "customer_email": f"hello@{shop.domain}",
        "timezone": "(GMT-05:00) Eastern Time (US & Canada)",
        "iana_timezone": "America/New_York",
        "shop_owner": "Jane Doe",
        "money_format": "${{amount}}",
        "money_with_currency_format": f"${{{{amount}}}} {shop.currency}",
        "weight_unit": "kg",
        "plan_display_name": "Basic",
        "plan_name": "basic",
        "myshopify_domain": shop.domain,
        "money_in_emails_format": "${{amount}}",
        "money_with_currency_in_emails_format": f"${{{{amount}}}} {shop.currency}",
        "primary_location_id": 655_441_491,
        "enabled_presentment_currencies": [shop.currency],
        **_UNKNOWN,
        **_SWITCHES,
    }


_ADDRESS: Final = {
    "address1": "1 Example Street",
    "address2": None,
    "city": "New York",
    "zip": "10001",
    "province": "New York",
    "province_code": "NY",
    "country": "US",
    "country_code": "US",
    "country_name": "United States",
    "latitude": None,
    "longitude": None,
    "phone": "2125550100",
}
_UNKNOWN: Final[dict[str, None]] = dict.fromkeys(
    [
        "taxes_included",
        "auto_configure_tax_inclusivity",
        "tax_shipping",
        "county_taxes",
        "google_apps_domain",
        "google_apps_login_enabled",
        "password_enabled",
    ]
)
_SWITCHES: Final = {
    "has_discounts": False,
    "has_gift_cards": False,
    "eligible_for_payments": True,
    "requires_extra_payments_agreement": False,
    "has_storefront": True,
    "finances": True,
    "checkout_api_supported": True,
    "multi_location_enabled": True,
    "setup_required": False,
    "pre_launch_enabled": False,
    "marketing_sms_consent_enabled_at_checkout": False,
    "transactional_sms_disabled": False,
}
