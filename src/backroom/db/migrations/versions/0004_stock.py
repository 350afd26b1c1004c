"""Stock: locations, inventory items and levels, with their raw caches."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from backroom.db.types import BigInt, Instant, Payload

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DIRTY = sa.text("processed_at IS NULL AND dead_at IS NULL")
WANTED = sa.text("wanted_at IS NOT NULL")
DEAD = sa.text("dead_at IS NOT NULL")


def upgrade() -> None:
    _cache("location", ["shopify_location_id"], ["title"])
    _cache("inventory_item", ["shopify_inventory_item_id"], ["title"])
    _cache("inventory", ["shopify_inventory_item_id", "shopify_location_id"], [])
    _locations()
    _items()
    _levels()
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("field_change", "entity", comment="the table's name: product, inventory_level")


def _cache(resource: str, key: Sequence[str], lookups: Sequence[str]) -> None:
    """What `cache_table` made at this version, bodies last."""
    name = f"shopify_{resource}_cache"
    op.create_table(
        name,
        sa.Column("shop_id", BigInt, nullable=False),
        *(sa.Column(part, BigInt, nullable=False) for part in key),
        sa.Column(
            "revision",
            sa.Integer(),
            nullable=False,
            comment="counts bodies and marks; 0 where neither came yet",
        ),
        sa.Column("shape", sa.Text(), nullable=False, comment="rest or graphql"),
        sa.Column("source", sa.Text(), nullable=False, comment="webhook or pull"),
        sa.Column("updated_at", Instant(), nullable=True, comment="Shopify's, of the body"),
        sa.Column("triggered_at", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False, comment="for a pull: when it was asked"),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("body_sha256", Payload(), nullable=True),
        sa.Column(
            "delivery_id",
            BigInt,
            nullable=True,
            comment="the delivery that brought the body; its row may be gone",
        ),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column(
            "run_id", BigInt, nullable=True, comment="the run that pulled the body; its row may be gone"
        ),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column(
            "deleted_received_at",
            Instant(),
            nullable=True,
            comment="by the database's clock; null: as deleted_at",
        ),
        sa.Column("deleted_delivery_id", BigInt, nullable=True),
        sa.Column("deleted_topic", sa.Text(), nullable=True),
        sa.Column("deleted_run_id", BigInt, nullable=True, comment="the run that found it gone"),
        sa.Column("wanted_at", Instant(), nullable=True, comment="since when a refetch is wanted"),
        sa.Column("wanted_reason", sa.Text(), nullable=True),
        sa.Column(
            "wanted_updated_at", Instant(), nullable=True, comment="the answer may not be older than this"
        ),
        sa.Column(
            "want_attempts", sa.Integer(), nullable=False, comment="fetches that did not answer the want"
        ),
        sa.Column("want_next_at", Instant(), nullable=True, comment="when it is fetched again; null: now"),
        sa.Column(
            "pulled_at",
            Instant(),
            nullable=True,
            comment="when the latest pull that mentioned it was asked",
        ),
        sa.Column("last_synced_at", Instant(), nullable=False),
        sa.Column("processed_at", Instant(), nullable=True),
        sa.Column("processing_error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=True),
        sa.Column("dead_at", Instant(), nullable=True),
        sa.Column("applied_hash", Payload(), nullable=True),
        sa.Column(
            "applied_updated_at",
            Instant(),
            nullable=True,
            comment="Shopify's, of the body that the ERP rows say",
        ),
        *(sa.Column(lookup, sa.Text(), nullable=True) for lookup in lookups),
        sa.Column(
            "raw_data", Payload(), nullable=True, comment="as received; null where only a mark or a want came"
        ),
        sa.PrimaryKeyConstraint("shop_id", *key, name=op.f(f"pk_{name}")),
    )
    op.create_index(f"ix_{name}_dead", name, ["shop_id"], sqlite_where=DEAD, postgresql_where=DEAD)
    op.create_index(f"ix_{name}_dirty", name, ["shop_id", *key], sqlite_where=DIRTY, postgresql_where=DIRTY)
    op.create_index(
        f"ix_{name}_wanted", name, ["shop_id", "wanted_at"], sqlite_where=WANTED, postgresql_where=WANTED
    )


def _locations() -> None:
    op.create_table(
        "location",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_location_id", BigInt, nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column(
            "active",
            sa.Boolean(),
            nullable=True,
            comment="Shopify's own word: not deactivated; null until known",
        ),
        sa.Column("address1", sa.Text(), nullable=True),
        sa.Column("address2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("zip", sa.Text(), nullable=True),
        sa.Column("province_code", sa.Text(), nullable=True),
        sa.Column("country_code", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column(
            "is_active", sa.Boolean(), nullable=False, comment="not deleted upstream, deactivated or not"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_location_shop_id")),
        sa.UniqueConstraint(
            "shop_id", "shopify_location_id", name=op.f("uq_location_shop_id_shopify_location_id")
        ),
    )


def _items() -> None:
    op.create_table(
        "inventory_item",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_inventory_item_id", BigInt, nullable=False),
        sa.Column("sku_code", sa.Text(), nullable=True),
        sa.Column("tracked", sa.Boolean(), nullable=True, comment="null until known"),
        sa.Column("cost", BigInt, nullable=True, comment="1/10,000 of the shop's currency; null: not known"),
        sa.Column("requires_shipping", sa.Boolean(), nullable=True),
        sa.Column("country_code_of_origin", sa.Text(), nullable=True),
        sa.Column("harmonized_system_code", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="not deleted upstream"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_item")),
        sa.UniqueConstraint(
            "shop_id",
            "shopify_inventory_item_id",
            name=op.f("uq_inventory_item_shop_id_shopify_inventory_item_id"),
        ),
    )


def _levels() -> None:
    op.create_table(
        "inventory_level",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_inventory_item_id", BigInt, nullable=False),
        sa.Column("shopify_location_id", BigInt, nullable=False),
        sa.Column(
            "available",
            sa.Integer(),
            nullable=True,
            comment="null: not tracked, which is not 0; may be negative",
        ),
        sa.Column(
            "on_hand",
            sa.Integer(),
            nullable=True,
            comment="null: never pulled, as of the two that follow",
        ),
        sa.Column("committed", sa.Integer(), nullable=True),
        sa.Column("incoming", sa.Integer(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True, comment="Shopify's, of available"),
        sa.Column(
            "quantities_at",
            Instant(),
            nullable=True,
            comment="Shopify's, of the pulled body that said on_hand, committed and incoming",
        ),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="not disconnected"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory_level")),
        sa.UniqueConstraint(
            "shop_id",
            "shopify_inventory_item_id",
            "shopify_location_id",
            name="uq_inventory_level_key",
        ),
    )
