"""The inbox, which is also the history of deliveries. Duplicates are a counter, not rows."""

from sqlalchemy import Column, Index, Integer, Table, Text, UniqueConstraint, text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Json, Payload

_PENDING = text("state = 'pending'")
_PARKED = text("state = 'parked'")
_DEAD = text("state = 'dead'")
_SORTED = text("resource_key IS NOT NULL")

webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    # No foreign key: shops are never deleted, and the check would lock the shop's row for each delivery.
    Column("shop_id", BigInt, nullable=False),
    Column("webhook_id", Text, nullable=False, comment="X-Shopify-Webhook-Id: the same over retries"),
    Column("event_id", Text, comment="shared by all deliveries of one action: never a dedupe key"),
    Column("topic", Text, nullable=False),
    Column("api_version", Text),
    Column("triggered_at", Instant),
    Column("received_at", Instant, nullable=False, comment="by the database's clock"),
    Column("state", Text, nullable=False, comment="pending, sorted, parked (retries), dead"),
    Column("outcome", Text, comment="cached, unchanged, stale, refetch, ignored, noted, failed"),
    Column("error", Text),
    Column("resource", Text),
    Column("resource_key", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Instant),
    Column("sorted_at", Instant),
    Column("duplicates", Integer, nullable=False, server_default="0"),
    Column("headers", Json, nullable=False),
    Column("body", Payload, nullable=False, comment="as received"),
    UniqueConstraint("shop_id", "webhook_id"),
    # Partial: their size is the backlog's, not the history's.
    Index("ix_webhook_delivery_pending", "shop_id", "id", sqlite_where=_PENDING, postgresql_where=_PENDING),
    Index(
        "ix_webhook_delivery_parked",
        "shop_id",
        "next_attempt_at",
        sqlite_where=_PARKED,
        postgresql_where=_PARKED,
    ),
    Index("ix_webhook_delivery_dead", "id", sqlite_where=_DEAD, postgresql_where=_DEAD),
    Index(
        "ix_webhook_delivery_resource",
        "resource",
        "resource_key",
        sqlite_where=_SORTED,
        postgresql_where=_SORTED,
    ),
    sqlite_autoincrement=True,
)

webhook_refusal = Table(
    "webhook_refusal",
    metadata,
    # No foreign key, as above.
    Column("shop_id", BigInt, primary_key=True, autoincrement=False),
    Column("first_at", Instant, comment="of those refused for their signature whose gap nobody filled yet"),
    Column("last_at", Instant),
    Column("refused", BigInt, nullable=False, comment="since first_at"),
    Column("filled_at", Instant, comment="when a gap was last filled because of them"),
)
