"""A cache row while a batch is sorted, and the rules of what an arrival does to it.

Enters: bodies, marks and wants in the order of arrival. Leaves: the row as it has to be written.
What never happens here: I/O, and looking into a body.
"""

from dataclasses import dataclass, fields, replace
from datetime import datetime

from backroom.cache.versions import Decision, Outcome, Version, decide
from backroom.vocabulary.ids import DeliveryId, ResourceKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The delivery that brings something, as plain values: its row will not live for ever."""

    delivery_id: DeliveryId
    topic: str
    triggered_at: datetime | None
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body with what was read from its head."""

    raw: bytes
    version: Version
    lookups: dict[str, str | None]


@dataclass(slots=True, kw_only=True)
class CacheRow:
    """One row of a cache table, without the body where it did not change."""

    key: ResourceKey
    lookups: dict[str, str | None]
    last_synced_at: datetime
    received_at: datetime
    revision: int = 0
    shape: str = "rest"
    source: str = "webhook"
    updated_at: datetime | None = None
    triggered_at: datetime | None = None
    partial: bool = False
    body_sha256: bytes | None = None
    delivery_id: DeliveryId | None = None
    topic: str | None = None
    deleted_at: datetime | None = None
    deleted_delivery_id: DeliveryId | None = None
    deleted_topic: str | None = None
    wanted_at: datetime | None = None
    wanted_reason: str | None = None
    wanted_updated_at: datetime | None = None
    processed_at: datetime | None = None
    processing_error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    dead_at: datetime | None = None
    new_body: bytes | None = None

    def take_body(self, body: Body, origin: Origin) -> Outcome:
        """Law 3: the newer body stays. Law 4: a deletion's mark stays, and such a body wants a refetch."""
        decision = decide(self._version(), body.version)
        self.last_synced_at = origin.received_at
        if decision.replaces:
            self._replace(body, origin)
        elif decision.outcome is Outcome.UNCHANGED:
            self._advance(body.version)
        self._want_what_is_uncertain(body, decision, origin)
        return decision.outcome

    def take_deletion(self, origin: Origin) -> Outcome:
        """Law 4: a mark beside the body. The first one counts."""
        self.last_synced_at = origin.received_at
        if self.deleted_at is not None:
            return Outcome.UNCHANGED
        self.deleted_at = origin.triggered_at or origin.received_at
        self.deleted_delivery_id = origin.delivery_id
        self.deleted_topic = origin.topic
        self._make_dirty()
        return Outcome.CACHED

    def take_want(self, reason: str, origin: Origin) -> Outcome:
        """A body without a version records that Shopify has to be asked, and nothing else."""
        self.want(reason, origin.received_at, None)
        return Outcome.REFETCH

    def want(self, reason: str, at: datetime, updated_at: datetime | None) -> None:
        """Records a want. The answer has to be asked after the latest one, and be as new as the newest."""
        self.wanted_at = max(at, self.wanted_at or at)
        self.wanted_reason = reason
        if updated_at is not None:
            self.wanted_updated_at = max(updated_at, self.wanted_updated_at or updated_at)

    def _want_what_is_uncertain(self, body: Body, decision: Decision, origin: Origin) -> None:
        if decision.tied:
            reason = "two different bodies carry the same instant"
        elif decision.overruled:
            reason = "a later body of the same instant is not whole"
        elif decision.replaces and self.deleted_at is not None:
            reason = "a body came after its deletion"
        elif decision.replaces and body.version.partial:
            reason = "the body is not whole"
        else:
            return
        self.want(reason, origin.received_at, body.version.updated_at)

    def _version(self) -> Version | None:
        if self.body_sha256 is None or self.updated_at is None:
            return None
        return Version(
            updated_at=self.updated_at,
            partial=self.partial,
            triggered_at=self.triggered_at,
            sha256=self.body_sha256,
        )

    def _replace(self, body: Body, origin: Origin) -> None:
        self.new_body = body.raw
        self.lookups = body.lookups
        self.updated_at = body.version.updated_at
        self.partial = body.version.partial
        self.triggered_at = body.version.triggered_at
        self.body_sha256 = body.version.sha256
        self.received_at = origin.received_at
        self.delivery_id = origin.delivery_id
        self.topic = origin.topic
        self._make_dirty()

    def _advance(self, version: Version) -> None:
        if version.triggered_at is not None:
            self.triggered_at = max(version.triggered_at, self.triggered_at or version.triggered_at)

    def _make_dirty(self) -> None:
        """A new revision resets attempts and revives the dead."""
        self.revision += 1
        self.processed_at = None
        self.processing_error = None
        self.attempts = 0
        self.next_attempt_at = None
        self.dead_at = None


STATE_FIELDS = tuple(
    field.name for field in fields(CacheRow) if field.name not in ("key", "lookups", "new_body")
)
"""The columns that every cache table has, in the order of the dataclass."""


def copy_of(row: CacheRow) -> CacheRow:
    """A row to change while the given one stays as it was read."""
    return replace(row, lookups=dict(row.lookups))
