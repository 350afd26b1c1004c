"""All tables of the first version."""

import sqlalchemy as sa
from alembic import op

from backroom.db.types import BigInt, Instant, Json, Payload

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="unique among the active ones"),
        sa.Column("role", sa.Text(), nullable=False, comment="viewer, operator or admin"),
        sa.Column(
            "token_sha256",
            sa.Text(),
            nullable=False,
            comment="hex; a token has 256 random bits, so needs no salt",
        ),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=True, comment="to the minute"),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_token_token_sha256")),
    )
    op.create_index(
        "uq_api_token_active_name",
        "api_token",
        ["name"],
        unique=True,
        sqlite_where=sa.text("revoked_at IS NULL"),
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "field_change",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("commit_order", BigInt, nullable=False),
        sa.Column("shop_id", BigInt, nullable=True),
        sa.Column("entity", sa.Text(), nullable=False, comment="product, sku, listing, listing_variant"),
        sa.Column("entity_id", BigInt, nullable=False),
        sa.Column("field", sa.Text(), nullable=True, comment="null: the entity was created"),
        sa.Column("old", Json(), nullable=True),
        sa.Column("new", Json(), nullable=True),
        sa.Column("delivery_id", BigInt, nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("triggered_at", Instant(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_change")),
    )
    op.create_index("ix_field_change_entity", "field_change", ["entity", "entity_id"], unique=False)
    op.create_index("ix_field_change_feed", "field_change", ["commit_order", "id"], unique=False)
    op.create_table(
        "product",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True, comment="the ERP's own key"),
        sa.Column("origin", sa.Text(), nullable=False, comment="sync or erp: who created it"),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="any of its listings is"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint("external_id", name=op.f("uq_product_external_id")),
    )
    op.create_table(
        "shop",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column(
            "domain", sa.Text(), nullable=False, comment="small letters; what X-Shopify-Shop-Domain says"
        ),
        sa.Column(
            "api_url", sa.Text(), nullable=True, comment="where to reach its API instead of https://<domain>"
        ),
        sa.Column("currency", sa.Text(), nullable=True, comment="ISO 4217; null until known"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column(
            "removed_at",
            Instant(),
            nullable=True,
            comment="set by `shop remove`: its webhooks are refused, its rows stay",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shop")),
        sa.UniqueConstraint("domain", name=op.f("uq_shop_domain")),
    )
    op.create_table(
        "shopify_product_cache",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_product_id", BigInt, nullable=False),
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
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("body_sha256", Payload(), nullable=True),
        sa.Column(
            "delivery_id",
            BigInt,
            nullable=True,
            comment="the delivery that brought the body; its row may be gone",
        ),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("deleted_delivery_id", BigInt, nullable=True),
        sa.Column("deleted_topic", sa.Text(), nullable=True),
        sa.Column("wanted_at", Instant(), nullable=True, comment="since when a refetch is wanted"),
        sa.Column("wanted_reason", sa.Text(), nullable=True),
        sa.Column(
            "wanted_updated_at", Instant(), nullable=True, comment="the answer may not be older than this"
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
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column(
            "raw_data", Payload(), nullable=True, comment="as received; null where only a mark or a want came"
        ),
        sa.PrimaryKeyConstraint("shop_id", "shopify_product_id", name=op.f("pk_shopify_product_cache")),
    )
    op.create_index(
        "ix_shopify_product_cache_dead",
        "shopify_product_cache",
        ["shop_id"],
        unique=False,
        sqlite_where=sa.text("dead_at IS NOT NULL"),
        postgresql_where=sa.text("dead_at IS NOT NULL"),
    )
    op.create_index(
        "ix_shopify_product_cache_dirty",
        "shopify_product_cache",
        ["shop_id", "shopify_product_id"],
        unique=False,
        sqlite_where=sa.text("processed_at IS NULL AND dead_at IS NULL"),
        postgresql_where=sa.text("processed_at IS NULL AND dead_at IS NULL"),
    )
    op.create_index("ix_shopify_product_cache_handle", "shopify_product_cache", ["handle"], unique=False)
    op.create_index(
        "ix_shopify_product_cache_wanted",
        "shopify_product_cache",
        ["shop_id", "wanted_at"],
        unique=False,
        sqlite_where=sa.text("wanted_at IS NOT NULL"),
        postgresql_where=sa.text("wanted_at IS NOT NULL"),
    )
    op.create_table(
        "webhook_delivery",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column(
            "webhook_id", sa.Text(), nullable=False, comment="X-Shopify-Webhook-Id: the same over retries"
        ),
        sa.Column(
            "event_id",
            sa.Text(),
            nullable=True,
            comment="shared by all deliveries of one action: never a dedupe key",
        ),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("api_version", sa.Text(), nullable=True),
        sa.Column("triggered_at", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False, comment="by the database's clock"),
        sa.Column("state", sa.Text(), nullable=False, comment="pending, sorted, parked (retries), dead"),
        sa.Column(
            "outcome", sa.Text(), nullable=True, comment="cached, unchanged, stale, refetch, ignored, failed"
        ),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("resource", sa.Text(), nullable=True),
        sa.Column("resource_key", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=True),
        sa.Column("sorted_at", Instant(), nullable=True),
        sa.Column("duplicates", sa.Integer(), server_default="0", nullable=False),
        sa.Column("headers", Json(), nullable=False),
        sa.Column("body", Payload(), nullable=False, comment="as received"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        sa.UniqueConstraint("shop_id", "webhook_id", name=op.f("uq_webhook_delivery_shop_id_webhook_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_webhook_delivery_dead",
        "webhook_delivery",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'dead'"),
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index(
        "ix_webhook_delivery_parked",
        "webhook_delivery",
        ["shop_id", "next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("state = 'parked'"),
        postgresql_where=sa.text("state = 'parked'"),
    )
    op.create_index(
        "ix_webhook_delivery_pending",
        "webhook_delivery",
        ["shop_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_index(
        "ix_webhook_delivery_resource",
        "webhook_delivery",
        ["resource", "resource_key"],
        unique=False,
        sqlite_where=sa.text("resource_key IS NOT NULL"),
        postgresql_where=sa.text("resource_key IS NOT NULL"),
    )
    op.create_table(
        "worker",
        sa.Column(
            "name", sa.Text(), nullable=False, comment="stable: a restart under this name replaces the row"
        ),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("heartbeat_at", Instant(), nullable=False, comment="each 5 s, by the database's clock"),
        sa.Column(
            "stopped_at", Instant(), nullable=True, comment="set by an orderly end; null after a crash"
        ),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.create_table(
        "listing",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_product_id", BigInt, nullable=False),
        sa.Column("product_id", BigInt, nullable=False),
        sa.Column("linked_by", sa.Text(), nullable=False, comment="the rule that made the link"),
        sa.Column("shopify_handle", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True, comment="active, draft, archived, unlisted"),
        sa.Column("vendor", sa.Text(), nullable=True),
        sa.Column("product_type", sa.Text(), nullable=True),
        sa.Column("tags", Json(), nullable=True, comment="sorted texts"),
        sa.Column("options", Json(), nullable=True, comment="[{name, values}] in Shopify's order"),
        sa.Column("images", Json(), nullable=True, comment="addresses in Shopify's order"),
        sa.Column(
            "is_active", sa.Boolean(), nullable=False, comment="not deleted upstream, whatever the status"
        ),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_listing_product_id")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_listing_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing")),
        sa.UniqueConstraint(
            "shop_id", "shopify_product_id", name=op.f("uq_listing_shop_id_shopify_product_id")
        ),
    )
    op.create_index("ix_listing_product_id", "listing", ["product_id"], unique=False)
    op.create_index("ix_listing_shopify_product_id", "listing", ["shopify_product_id"], unique=False)
    op.create_table(
        "shop_credential",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="access_token or client_secret"),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.Column("ciphertext", Payload(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_shop_credential_shop_id")),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_shop_credential")),
    )
    op.create_table(
        "sku",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("product_id", BigInt, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True, comment="the ERP's own key"),
        sa.Column("origin", sa.Text(), nullable=False, comment="sync or erp: who created it"),
        sa.Column(
            "sku_code",
            sa.Text(),
            nullable=True,
            comment="null where Shopify has none; never invented; not unique",
        ),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="any of its variants is"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_sku_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sku")),
        sa.UniqueConstraint("external_id", name=op.f("uq_sku_external_id")),
    )
    op.create_index("ix_sku_product_id", "sku", ["product_id"], unique=False)
    op.create_index("ix_sku_sku_code", "sku", ["sku_code"], unique=False)
    op.create_table(
        "webhook_secret",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("ciphertext", Payload(), nullable=False),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=False,
            comment="12 hex digits of a keyed hash: tells secrets apart",
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="added or client_secret"),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.Column("last_used_at", Instant(), nullable=True),
        sa.Column("use_count", BigInt, server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_webhook_secret_shop_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secret")),
    )
    op.create_index("ix_webhook_secret_shop_id", "webhook_secret", ["shop_id"], unique=False)
    op.create_table(
        "link_event",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("listing_id", BigInt, nullable=False),
        sa.Column("product_id", BigInt, nullable=False),
        sa.Column("action", sa.Text(), nullable=False, comment="linked, undone, refused"),
        sa.Column("rule", sa.Text(), nullable=False, comment="created: no product had it, so one was made"),
        sa.Column("evidence", Json(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False, comment="sync, or a person's name"),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_link_event_listing_id")),
        sa.ForeignKeyConstraint(["product_id"], ["product.id"], name=op.f("fk_link_event_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_event")),
    )
    op.create_index("ix_link_event_listing_id", "link_event", ["listing_id"], unique=False)
    op.create_table(
        "listing_variant",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False, comment="its listing's"),
        sa.Column("listing_id", BigInt, nullable=False),
        sa.Column("shopify_variant_id", BigInt, nullable=False),
        sa.Column("shopify_inventory_item_id", BigInt, nullable=True),
        sa.Column("sku_id", BigInt, nullable=False),
        sa.Column("sku_code", sa.Text(), nullable=True),
        sa.Column("barcode", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("price", BigInt, nullable=True, comment="1/10,000 of the shop's currency"),
        sa.Column("compare_at_price", BigInt, nullable=True, comment="1/10,000 of the shop's currency"),
        sa.Column("options", Json(), nullable=True, comment="{name: value}"),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["listing_id"], ["listing.id"], name=op.f("fk_listing_variant_listing_id")),
        sa.ForeignKeyConstraint(["sku_id"], ["sku.id"], name=op.f("fk_listing_variant_sku_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_variant")),
        sa.UniqueConstraint(
            "shop_id", "shopify_variant_id", name=op.f("uq_listing_variant_shop_id_shopify_variant_id")
        ),
    )
    op.create_index("ix_listing_variant_listing_id", "listing_variant", ["listing_id"], unique=False)
    op.create_index(
        "ix_listing_variant_shopify_inventory_item_id",
        "listing_variant",
        ["shopify_inventory_item_id"],
        unique=False,
    )
    op.create_index("ix_listing_variant_sku_code", "listing_variant", ["shop_id", "sku_code"], unique=False)
    op.create_index("ix_listing_variant_sku_id", "listing_variant", ["sku_id"], unique=False)
