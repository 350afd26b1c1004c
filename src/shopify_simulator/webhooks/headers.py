"""The headers of a delivery, as Shopify lists them
(shopify.dev/docs/apps/build/webhooks/delivery-structure).

An event, a subscription and a signature enter; pairs of names and texts leave. What never happens
here: a key.
"""

from datetime import UTC
from typing import Final

from shopify_simulator.shop.events import Event
from shopify_simulator.shop.subscription import Subscription

USER_AGENT: Final = "Shopify-Captain-Hook"


def headers_of(
    event: Event, subscription: Subscription, *, domain: str, webhook_id: str, signature: str
) -> dict[str, str]:
    """All headers of one delivery; every attempt of it sends the same ones."""
    named = {} if subscription.name is None else {"X-Shopify-Name": subscription.name}
    return {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        "X-Shopify-Topic": event.topic,
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": domain,
        "X-Shopify-API-Version": subscription.api_version,
        "X-Shopify-Webhook-Id": webhook_id,
        "X-Shopify-Event-Id": event.event_id,
        "X-Shopify-Triggered-At": triggered_at(event),
        **named,
    }


def triggered_at(event: Event) -> str:
    """RFC 3339 in UTC with nine decimals, as Shopify writes it; our clocks know the first six of them."""
    return f"{event.triggered_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}000Z"
