"""One cache table per resource, all from this factory, all with the same columns but key and look-ups.

`processed_at` null means dirty. `deleted_at` is a mark beside the body and is kept for ever.
"""

from collections.abc import Sequence

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Payload


def cache_table(resource: str, *, key: Sequence[str], lookups: Sequence[str] = ()) -> Table:
    """The table `shopify_<resource>_cache`. `key` are Shopify's ids, `lookups` are texts to search by."""
    name = f"shopify_{resource}_cache"
    dirty = text("processed_at IS NULL AND dead_at IS NULL")
    wanted = text("wanted_at IS NOT NULL")
    dead = text("dead_at IS NOT NULL")
    return Table(
        name,
        metadata,
        Column("shop_id", BigInt, nullable=False),
        *(Column(part, BigInt, nullable=False) for part in key),
        Column(
            "revision", Integer, nullable=False, comment="counts bodies and marks; 0 where neither came yet"
        ),
        Column("shape", Text, nullable=False, comment="rest or graphql"),
        Column("source", Text, nullable=False, comment="webhook or pull"),
        Column("updated_at", Instant, comment="Shopify's, of the body"),
        Column("triggered_at", Instant),
        Column("received_at", Instant, nullable=False, comment="for a pull: when it was asked"),
        Column("partial", Boolean, nullable=False),
        Column("body_sha256", Payload),
        Column("delivery_id", BigInt, comment="the delivery that brought the body; its row may be gone"),
        Column("topic", Text),
        Column("run_id", BigInt, comment="the run that pulled the body; its row may be gone"),
        Column("deleted_at", Instant),
        Column("deleted_received_at", Instant, comment="by the database's clock; null: as deleted_at"),
        Column("deleted_delivery_id", BigInt),
        Column("deleted_topic", Text),
        Column("deleted_run_id", BigInt, comment="the run that found it gone"),
        Column("wanted_at", Instant, comment="since when a refetch is wanted"),
        Column("wanted_reason", Text),
        Column("wanted_updated_at", Instant, comment="the answer may not be older than this"),
        Column("want_attempts", Integer, nullable=False, comment="fetches that did not answer the want"),
        Column("want_next_at", Instant, comment="when it is fetched again; null: now"),
        Column("pulled_at", Instant, comment="when the latest pull that mentioned it was asked"),
        Column("last_synced_at", Instant, nullable=False),
        Column("processed_at", Instant),
        Column("processing_error", Text),
        Column("attempts", Integer, nullable=False),
        Column("next_attempt_at", Instant),
        Column("dead_at", Instant),
        Column("applied_hash", Payload),
        Column("applied_updated_at", Instant, comment="Shopify's, of the body that the ERP rows say"),
        *(Column(lookup, Text) for lookup in lookups),
        Column("raw_data", Payload, comment="as received; null where only a mark or a want came"),
        PrimaryKeyConstraint("shop_id", *key),
        Index(f"ix_{name}_dirty", "shop_id", *key, sqlite_where=dirty, postgresql_where=dirty),
        Index(f"ix_{name}_wanted", "shop_id", "wanted_at", sqlite_where=wanted, postgresql_where=wanted),
        Index(f"ix_{name}_dead", "shop_id", sqlite_where=dead, postgresql_where=dead),
        *(Index(f"ix_{name}_{lookup}", lookup) for lookup in lookups if lookup == "handle"),
    )


sync_watermark = Table(
    "sync_watermark",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("resource", Text, nullable=False, comment="its plural: products"),
    Column(
        "updated_at", Instant, nullable=False, comment="Shopify's: all up to here was seen by a whole run"
    ),
    Column("run_id", BigInt, nullable=False),
    Column("saved_at", Instant, nullable=False),
    PrimaryKeyConstraint("shop_id", "resource"),
)


def key_columns(table: Table) -> tuple[str, ...]:
    """The names of Shopify's ids in a cache table, without the shop."""
    return tuple(column.name for column in table.primary_key.columns if column.name != "shop_id")
