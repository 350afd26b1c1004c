"""Upkeep: schedules, subscriptions and what was heard, the ledger of drift, shops that are disconnected."""

import sqlalchemy as sa
from alembic import op

from backroom.db.types import BigInt, Instant, Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FAILED = sa.text("state = 'failed'")
STANDING = sa.text("state IN ('open', 'ignored')")


def upgrade() -> None:
    _shops()
    _runs()
    _schedules()
    _registration()
    _drift()


def _shops() -> None:
    for name, kind, comment in (
        ("disconnected_at", Instant(), "since when the app is uninstalled; null: it is not"),
        ("granted_scopes", Json(), "as last heard; null until then"),
        ("keep_deliveries_days", sa.Integer(), "null: the default"),
        ("keep_history_days", sa.Integer(), "null: the default"),
    ):
        op.add_column("shop", sa.Column(name, kind, nullable=True, comment=comment))


def _runs() -> None:
    for name, comment in (
        ("drifted", "differences that count"),
        ("in_flight", "differences that may be of a change under way"),
        ("repaired", "differences that are gone since"),
    ):
        op.add_column(
            "sync_run", sa.Column(name, BigInt, nullable=False, server_default="0", comment=comment)
        )
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column(
            "webhook_delivery",
            "outcome",
            comment="cached, unchanged, stale, refetch, ignored, noted, failed",
        )
        op.alter_column("sync_run", "kind", comment="sync, refetch, reconcile, webhooks or retention")
        op.alter_column("sync_run", "resource", comment="its plural: products; or what else it is about")
        op.alter_column("sync_run", "mode", comment="a job's own: full, incremental, wanted, compare, repair")


def _schedules() -> None:
    op.create_index(
        "ix_sync_run_failed",
        "sync_run",
        ["id"],
        unique=False,
        sqlite_where=FAILED,
        postgresql_where=FAILED,
    )
    op.create_table(
        "schedule",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="sync, reconcile, webhooks, refetch, retention"),
        sa.Column("every_seconds", sa.Integer(), nullable=True, comment="null: the default"),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("repairs", sa.Boolean(), nullable=False, comment="of reconcile: what it finds"),
        sa.Column("fired_at", Instant(), nullable=True, comment="compared and set: once over all machines"),
        sa.PrimaryKeyConstraint("shop_id", "kind", name=op.f("pk_schedule")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_schedule_shop_id")),
    )
    op.create_table(
        "sweep_mark",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="deliveries or changes"),
        sa.Column("after_id", BigInt, nullable=False, comment="retention has been past all up to here"),
        sa.Column(
            "whole_at", Instant(), nullable=False, comment="when it last went all the way from the beginning"
        ),
        sa.PrimaryKeyConstraint("shop_id", "what", name=op.f("pk_sweep_mark")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_sweep_mark_shop_id")),
    )
    op.create_table(
        "feed_floor",
        sa.Column("shop_id", BigInt, autoincrement=False, nullable=False),
        sa.Column(
            "commit_order",
            BigInt,
            nullable=False,
            comment="with the id: the greatest place of the feed that",
        ),
        sa.Column("id", BigInt, nullable=False, comment="retention has deleted of this shop"),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_feed_floor")),
    )


def _registration() -> None:
    op.create_table(
        "webhook_subscription",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False, comment="products/update"),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="ok, or what was wrong with it when it was last looked at",
        ),
        sa.Column(
            "subscription_id",
            sa.Text(),
            nullable=True,
            comment="Shopify's gid; of the last one of ours where it is missing",
        ),
        sa.Column("uri", sa.Text(), nullable=True),
        sa.Column("checked_at", Instant(), nullable=False),
        sa.Column(
            "right_at",
            Instant(),
            nullable=True,
            comment="when it was last known to be right: what came since may be lost",
        ),
        sa.PrimaryKeyConstraint("shop_id", "topic", name=op.f("pk_webhook_subscription")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_webhook_subscription_shop_id")),
    )
    op.create_table(
        "topic_heard",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("first_at", Instant(), nullable=False, comment="by the database's clock, as all of these"),
        sa.Column("last_at", Instant(), nullable=False),
        sa.Column("deliveries", BigInt, nullable=False),
        sa.Column(
            "longest_pause_seconds",
            BigInt,
            nullable=False,
            comment="between two of them: silence like that is usual",
        ),
        sa.Column(
            "unnamed_at",
            Instant(),
            nullable=True,
            comment="the last one without our subscription's name: the app's own",
        ),
        sa.PrimaryKeyConstraint("shop_id", "topic", name=op.f("pk_topic_heard")),
    )
    op.create_table(
        "webhook_refusal",
        sa.Column("shop_id", BigInt, autoincrement=False, nullable=False),
        sa.Column(
            "first_at",
            Instant(),
            nullable=True,
            comment="of those refused for their signature whose gap nobody filled yet",
        ),
        sa.Column("last_at", Instant(), nullable=True),
        sa.Column("refused", BigInt, nullable=False, comment="since first_at"),
        sa.Column(
            "filled_at", Instant(), nullable=True, comment="when a gap was last filled because of them"
        ),
        sa.PrimaryKeyConstraint("shop_id", name=op.f("pk_webhook_refusal")),
    )


def _drift() -> None:
    op.create_table(
        "drift_finding",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("resource", sa.Text(), nullable=False, comment="its plural: products"),
        sa.Column(
            "leg",
            sa.Text(),
            nullable=False,
            comment="cache: Shopify and the cache; erp: the cache and the rows",
        ),
        sa.Column(
            "kind", sa.Text(), nullable=False, comment="missing, extra, deleted, stale, value, unlinked"
        ),
        sa.Column("key", sa.Text(), nullable=False, comment="Shopify's ids, as everywhere: 12 or 12:7"),
        sa.Column("location_id", BigInt, nullable=True, comment="Shopify's, for stock"),
        sa.Column("title", sa.Text(), nullable=True, comment="for people"),
        sa.Column("entity", sa.Text(), nullable=False, comment="the ERP's table; empty in the first leg"),
        sa.Column("entity_id", BigInt, nullable=False, comment="of its row; 0 where there is none"),
        sa.Column("field", sa.Text(), nullable=False, comment="empty: the whole of it"),
        sa.Column("theirs", Json(), nullable=True, comment="what Shopify says, or the cache says"),
        sa.Column("ours", Json(), nullable=True, comment="what the cache holds, or the rows hold"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it could not be repaired, or applied"),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="open, ignored, repaired, gone (healed by itself)"
        ),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("first_run_id", BigInt, nullable=False),
        sa.Column("last_run_id", BigInt, nullable=False),
        sa.Column(
            "settled_at", Instant(), nullable=True, comment="since when it is ignored, repaired or gone"
        ),
        sa.Column(
            "settled_run_id", BigInt, nullable=True, comment="the run that repaired it, or found it gone"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drift_finding")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_drift_finding_shop_id")),
    )
    op.create_index(
        "uq_drift_finding_standing",
        "drift_finding",
        ["shop_id", "resource", "key", "leg", "entity", "entity_id", "field"],
        unique=True,
        sqlite_where=STANDING,
        postgresql_where=STANDING,
    )
    op.create_index("ix_drift_finding_shop_id", "drift_finding", ["shop_id", "id"], unique=False)
