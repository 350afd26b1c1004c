"""The pull: runs and watermarks, granted tokens, and what the cache and the history hold of a run."""

import sqlalchemy as sa
from alembic import op

from backroom.db.types import BigInt, Instant, Json, Payload

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ACTIVE = sa.text("state IN ('queued', 'running')")
DIRTY = sa.text("processed_at IS NULL AND dead_at IS NULL")
WANTED = sa.text("wanted_at IS NOT NULL")
DEAD = sa.text("dead_at IS NOT NULL")
CACHE = "shopify_product_cache"


def upgrade() -> None:
    _runs()
    _watermarks()
    for name, kind in (
        ("token_ciphertext", Payload()),
        ("token_expires_at", Instant()),
        ("refresh_ciphertext", Payload()),
        ("refresh_expires_at", Instant()),
    ):
        op.add_column("shop_credential", sa.Column(name, kind, nullable=True))
    if op.get_bind().dialect.name != "sqlite":
        op.alter_column("shop_credential", "kind", comment="access_token, client_secret or offline")
        op.alter_column("shop_credential", "ciphertext", comment="the fixed token, or the client secret")
    op.add_column(
        "field_change", sa.Column("run_id", BigInt, nullable=True, comment="the run whose body was applied")
    )
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_cache()
    else:
        _widen_cache()


def _runs() -> None:
    op.create_table(
        "sync_run",
        sa.Column("id", BigInt, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="sync or refetch"),
        sa.Column("resource", sa.Text(), nullable=False, comment="its plural: products"),
        sa.Column("mode", sa.Text(), nullable=False, comment="full, incremental or wanted"),
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column(
            "state", sa.Text(), nullable=False, comment="queued, running, succeeded, failed, cancelled"
        ),
        sa.Column("phase", sa.Text(), nullable=True, comment="what it does now, for people"),
        sa.Column("options", Json(), nullable=False),
        sa.Column("cursor", Json(), nullable=True, comment="where to go on; null at the start"),
        sa.Column("total", BigInt, nullable=True, comment="null until known"),
        sa.Column("seen", BigInt, nullable=False),
        sa.Column("written", BigInt, nullable=False, comment="bodies that were new to the cache"),
        sa.Column("unchanged", BigInt, nullable=False),
        sa.Column(
            "parked", BigInt, nullable=False, comment="cached, and waiting for a retry of their processing"
        ),
        sa.Column("failed", BigInt, nullable=False, comment="bodies that could not be taken"),
        sa.Column("error", sa.Text(), nullable=True, comment="one plain sentence, that says what to do"),
        sa.Column("samples", Json(), nullable=False, comment="[{id, reason}], at most 10"),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("heartbeat_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("cancel_asked_at", Instant(), nullable=True),
        sa.Column("executor", sa.Text(), nullable=True, comment="the worker that has it"),
        sa.Column(
            "generation", sa.Integer(), nullable=False, comment="counts claims: with the executor, the fence"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sync_run")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_sync_run_shop_id")),
    )
    op.create_index(
        "uq_sync_run_active",
        "sync_run",
        ["shop_id", "kind", "resource"],
        unique=True,
        sqlite_where=ACTIVE,
        postgresql_where=ACTIVE,
    )
    op.create_index("ix_sync_run_shop_id", "sync_run", ["shop_id", "id"], unique=False)


def _watermarks() -> None:
    op.create_table(
        "sync_watermark",
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("resource", sa.Text(), nullable=False, comment="its plural: products"),
        sa.Column(
            "updated_at",
            Instant(),
            nullable=False,
            comment="Shopify's: all up to here was seen by a whole run",
        ),
        sa.Column("run_id", BigInt, nullable=False),
        sa.Column("saved_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("shop_id", "resource", name=op.f("pk_sync_watermark")),
        sa.ForeignKeyConstraint(["shop_id"], ["shop.id"], name=op.f("fk_sync_watermark_shop_id")),
    )


def _widen_cache() -> None:
    for name, kind, comment in (
        ("run_id", BigInt, "the run that pulled the body; its row may be gone"),
        ("deleted_received_at", Instant(), "by the database's clock; null: as deleted_at"),
        ("deleted_run_id", BigInt, "the run that found it gone"),
        ("want_next_at", Instant(), "when it is fetched again; null: now"),
        ("pulled_at", Instant(), "when the latest pull that mentioned it was asked"),
    ):
        op.add_column(CACHE, sa.Column(name, kind, nullable=True, comment=comment))
    attempts = sa.Column(
        "want_attempts",
        sa.Integer(),
        nullable=False,
        server_default="0",
        comment="fetches that did not answer the want",
    )
    op.add_column(CACHE, attempts)
    op.alter_column(CACHE, "want_attempts", server_default=None)
    op.alter_column(CACHE, "received_at", comment="for a pull: when it was asked")


def _rebuild_cache() -> None:
    """Bodies stay the last column: SQLite walks through all of a long one to read what lies behind it."""
    for index in ("dead", "dirty", "handle", "wanted"):
        op.drop_index(f"ix_{CACHE}_{index}", CACHE)
    op.rename_table(CACHE, f"{CACHE}_0001")
    names = [column["name"] for column in sa.inspect(op.get_bind()).get_columns(f"{CACHE}_0001")]
    op.create_table(
        CACHE,
        sa.Column("shop_id", BigInt, nullable=False),
        sa.Column("shopify_product_id", BigInt, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("triggered_at", Instant(), nullable=True),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("partial", sa.Boolean(), nullable=False),
        sa.Column("body_sha256", Payload(), nullable=True),
        sa.Column("delivery_id", BigInt, nullable=True),
        sa.Column("topic", sa.Text(), nullable=True),
        sa.Column("run_id", BigInt, nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("deleted_received_at", Instant(), nullable=True),
        sa.Column("deleted_delivery_id", BigInt, nullable=True),
        sa.Column("deleted_topic", sa.Text(), nullable=True),
        sa.Column("deleted_run_id", BigInt, nullable=True),
        sa.Column("wanted_at", Instant(), nullable=True),
        sa.Column("wanted_reason", sa.Text(), nullable=True),
        sa.Column("wanted_updated_at", Instant(), nullable=True),
        sa.Column("want_attempts", sa.Integer(), nullable=False),
        sa.Column("want_next_at", Instant(), nullable=True),
        sa.Column("pulled_at", Instant(), nullable=True),
        sa.Column("last_synced_at", Instant(), nullable=False),
        sa.Column("processed_at", Instant(), nullable=True),
        sa.Column("processing_error", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=True),
        sa.Column("dead_at", Instant(), nullable=True),
        sa.Column("applied_hash", Payload(), nullable=True),
        sa.Column("applied_updated_at", Instant(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("handle", sa.Text(), nullable=True),
        sa.Column("raw_data", Payload(), nullable=True),
        sa.PrimaryKeyConstraint("shop_id", "shopify_product_id", name=op.f("pk_shopify_product_cache")),
    )
    listed = ", ".join(names)
    op.execute(
        f"INSERT INTO {CACHE} ({listed}, want_attempts) SELECT {listed}, 0 FROM {CACHE}_0001"  # noqa: S608  names of ours
    )
    op.drop_table(f"{CACHE}_0001")
    op.create_index(f"ix_{CACHE}_dead", CACHE, ["shop_id"], sqlite_where=DEAD)
    op.create_index(f"ix_{CACHE}_dirty", CACHE, ["shop_id", "shopify_product_id"], sqlite_where=DIRTY)
    op.create_index(f"ix_{CACHE}_handle", CACHE, ["handle"])
    op.create_index(f"ix_{CACHE}_wanted", CACHE, ["shop_id", "wanted_at"], sqlite_where=WANTED)
