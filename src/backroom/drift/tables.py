"""The ledger of drift: one row for each thing that differs, for as long as it does, and after.

A row is found again and again by its identity (resource, key, leg, entity, entity_id, field); the parts that
do not apply are empty and 0, never null, so that the identity is unique on both databases.
"""

from sqlalchemy import Column, ForeignKey, Index, Table, Text, text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Json

_STANDING = text("state IN ('open', 'ignored')")
_IDENTITY = ("shop_id", "resource", "key", "leg", "entity", "entity_id", "field")
"""The key before the leg: findings are looked up, and gone through, by their keys."""

drift_finding = Table(
    "drift_finding",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("resource", Text, nullable=False, comment="its plural: products"),
    Column("leg", Text, nullable=False, comment="cache: Shopify and the cache; erp: the cache and the rows"),
    Column("kind", Text, nullable=False, comment="missing, extra, deleted, stale, value, unlinked"),
    Column("key", Text, nullable=False, comment="Shopify's ids, as everywhere: 12 or 12:7"),
    Column("location_id", BigInt, comment="Shopify's, for stock"),
    Column("title", Text, comment="for people"),
    Column("entity", Text, nullable=False, comment="the ERP's table; empty in the first leg"),
    Column("entity_id", BigInt, nullable=False, comment="of its row; 0 where there is none"),
    Column("field", Text, nullable=False, comment="empty: the whole of it"),
    Column("theirs", Json, comment="what Shopify says, or the cache says"),
    Column("ours", Json, comment="what the cache holds, or the rows hold"),
    Column("reason", Text, comment="why it could not be repaired, or applied"),
    Column("state", Text, nullable=False, comment="open, ignored, repaired, gone (healed by itself)"),
    Column("first_seen_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("first_run_id", BigInt, nullable=False),
    Column("last_run_id", BigInt, nullable=False),
    Column("settled_at", Instant, comment="since when it is ignored, repaired or gone"),
    Column("settled_run_id", BigInt, comment="the run that repaired it, or found it gone"),
    Index(
        "uq_drift_finding_standing",
        *_IDENTITY,
        unique=True,
        sqlite_where=_STANDING,
        postgresql_where=_STANDING,
    ),
    Index("ix_drift_finding_shop_id", "shop_id", "id"),
)
