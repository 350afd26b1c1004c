"""Parcels made by hand."""

from typing import Any

from shopify_simulator.webhooks.parcel import Parcel


def parcel(number: int, **fields: Any) -> Parcel:
    """A parcel about product `number`."""
    defaults: dict[str, Any] = {
        "number": number,
        "webhook_id": f"webhook-{number}",
        "event_id": f"event-{number}",
        "topic": "products/update",
        "triggered_at": "2026-11-22T10:00:00.000000000Z",
        "resource_id": number,
        "version": number,
        "subscription_id": 1,
        "uri": "http://127.0.0.1:9/",
        "headers": {},
        "body": b"{}",
        "whole": True,
    }
    return Parcel(**{**defaults, **fields})
