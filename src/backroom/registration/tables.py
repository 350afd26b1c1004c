"""What is known of a shop's webhooks: our subscriptions as they were last looked at, and what was heard."""

from sqlalchemy import Column, ForeignKey, PrimaryKeyConstraint, Table, Text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant

webhook_subscription = Table(
    "webhook_subscription",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("topic", Text, nullable=False, comment="products/update"),
    Column("state", Text, nullable=False, comment="ok, or what was wrong with it when it was last looked at"),
    Column("subscription_id", Text, comment="Shopify's gid; of the last one of ours where it is missing"),
    Column("uri", Text),
    Column("checked_at", Instant, nullable=False),
    Column("right_at", Instant, comment="when it was last known to be right: what came since may be lost"),
    PrimaryKeyConstraint("shop_id", "topic"),
)

topic_heard = Table(
    "topic_heard",
    metadata,
    # No foreign key: written with each batch that is sorted.
    Column("shop_id", BigInt, nullable=False),
    Column("topic", Text, nullable=False),
    Column("first_at", Instant, nullable=False, comment="by the database's clock, as all of these"),
    Column("last_at", Instant, nullable=False),
    Column("deliveries", BigInt, nullable=False),
    Column(
        "longest_pause_seconds",
        BigInt,
        nullable=False,
        comment="between two of them: silence like that is usual",
    ),
    Column("unnamed_at", Instant, comment="the last one without our subscription's name: the app's own"),
    PrimaryKeyConstraint("shop_id", "topic"),
)
