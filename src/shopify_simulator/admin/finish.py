"""The event that tells of a bulk operation's end. The operation enters; bulk_operations/finish leaves.

Source: shopify.dev/docs/api/webhooks, bulk_operations/finish: enums in lower case, and no address of a file.
"""

import uuid
from datetime import datetime

import msgspec

from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.readers import gid
from shopify_simulator.admin.slices import stamp
from shopify_simulator.shop.events import Event

TOPIC = "bulk_operations/finish"


def finish_event(operation: Operation, now: datetime) -> Event:
    """Told once, when it is over."""
    body = msgspec.json.encode(
        {
            "admin_graphql_api_id": gid("BulkOperation", operation.number),
            "completed_at": None if operation.completed_at is None else stamp(operation.completed_at),
            "created_at": stamp(operation.created_at),
            "error_code": None if operation.error_code is None else operation.error_code.lower(),
            "status": operation.status.lower(),
            "type": "query",
        }
    )
    return Event(
        event_id=str(uuid.uuid4()),
        topic=TOPIC,
        resource_id=operation.number,
        body=body,
        id_only=body,
        triggered_at=now,
        partial=False,
    )
