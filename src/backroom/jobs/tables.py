"""The runs: what people see of a job, and what it goes on from. A queued row is all that a worker needs.

Beside them the schedules: which runs a shop's workers begin by themselves, and when they last did.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text, text

from backroom.db.metadata import metadata
from backroom.db.types import BigInt, Instant, Json

_ACTIVE = text("state IN ('queued', 'running')")
_FAILED = text("state = 'failed'")

sync_run = Table(
    "sync_run",
    metadata,
    Column("id", BigInt, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False, comment="sync, refetch, reconcile, webhooks or retention"),
    Column("resource", Text, nullable=False, comment="its plural: products; or what else it is about"),
    Column("mode", Text, nullable=False, comment="a job's own: full, incremental, wanted, compare, repair"),
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("state", Text, nullable=False, comment="queued, running, succeeded, failed, cancelled"),
    Column("phase", Text, comment="what it does now, for people"),
    Column("options", Json, nullable=False),
    Column("cursor", Json, comment="where to go on; null at the start"),
    # Counts of resources, never of lines. They commit with the rows that they count.
    Column("total", BigInt, comment="null until known"),
    Column("seen", BigInt, nullable=False),
    Column("written", BigInt, nullable=False, comment="bodies that were new to the cache"),
    Column("unchanged", BigInt, nullable=False),
    Column("parked", BigInt, nullable=False, comment="cached, and waiting for a retry of their processing"),
    Column("failed", BigInt, nullable=False, comment="bodies that could not be taken"),
    Column("drifted", BigInt, nullable=False, server_default="0", comment="differences that count"),
    Column(
        "in_flight",
        BigInt,
        nullable=False,
        server_default="0",
        comment="differences that may be of a change under way",
    ),
    Column("repaired", BigInt, nullable=False, server_default="0", comment="differences that are gone since"),
    Column("error", Text, comment="one plain sentence, that says what to do"),
    Column("samples", Json, nullable=False, comment="[{id, reason}], at most 10"),
    Column("requested_by", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("started_at", Instant),
    Column("heartbeat_at", Instant),
    Column("finished_at", Instant),
    Column("cancel_asked_at", Instant),
    Column("executor", Text, comment="the worker that has it"),
    Column("generation", Integer, nullable=False, comment="counts claims: with the executor, the fence"),
    Index(
        "uq_sync_run_active",
        "shop_id",
        "kind",
        "resource",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index("ix_sync_run_shop_id", "shop_id", "id"),
    Index("ix_sync_run_failed", "id", sqlite_where=_FAILED, postgresql_where=_FAILED),
)

schedule = Table(
    "schedule",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="sync, reconcile, webhooks, refetch, retention"),
    Column("every_seconds", Integer, comment="null: the default"),
    Column("is_on", Boolean, nullable=False),
    Column("repairs", Boolean, nullable=False, comment="of reconcile: what it finds"),
    Column("fired_at", Instant, comment="compared and set: once over all machines"),
    PrimaryKeyConstraint("shop_id", "kind"),
)

sweep_mark = Table(
    "sweep_mark",
    metadata,
    Column("shop_id", BigInt, ForeignKey("shop.id"), nullable=False),
    Column("what", Text, nullable=False, comment="deliveries or changes"),
    Column("after_id", BigInt, nullable=False, comment="retention has been past all up to here"),
    Column("whole_at", Instant, nullable=False, comment="when it last went all the way from the beginning"),
    PrimaryKeyConstraint("shop_id", "what"),
)
