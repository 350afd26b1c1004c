"""A cache row while a batch is sorted, and the rules of what an arrival does to it.

Enters: bodies, marks and wants in the order of arrival, by webhook or pulled. Leaves: the row as it has to
be written. What never happens here: I/O, and looking into a body.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Final

from backroom.cache.versions import Decision, Outcome, Version, decide
from backroom.vocabulary.ids import DeliveryId, ResourceKey, RunId

CLOCKS_APART: Final = timedelta(days=1)
"""So far Shopify's clock is never from ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The delivery or the run that brings something, as plain values: its row will not live for ever.

    `received_at` of a run: when it asked. Both by the database's clock.
    """

    delivery_id: DeliveryId | None = None
    topic: str | None = None
    triggered_at: datetime | None = None
    received_at: datetime
    run_id: RunId | None = None

    @property
    def source(self) -> str:
        return "webhook" if self.run_id is None else "pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body with what was read from its head. `carries_more`: than a webhook's that says the same."""

    raw: bytes
    version: Version
    lookups: dict[str, str | None]
    shape: str = "rest"
    carries_more: bool = False


SaysTheSame = Callable[["CacheRow", Body], bool]
"""Whether a body says what the held one says; asked only where a pull and a webhook are of one instant."""


def _unlike(_row: "CacheRow", _body: Body) -> bool:
    return False


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
    run_id: RunId | None = None
    deleted_at: datetime | None = None
    deleted_received_at: datetime | None = None
    deleted_delivery_id: DeliveryId | None = None
    deleted_topic: str | None = None
    deleted_run_id: RunId | None = None
    wanted_at: datetime | None = None
    wanted_reason: str | None = None
    wanted_updated_at: datetime | None = None
    want_attempts: int = 0
    pulled_at: datetime | None = None
    want_next_at: datetime | None = None
    processed_at: datetime | None = None
    processing_error: str | None = None
    attempts: int = 0
    next_attempt_at: datetime | None = None
    dead_at: datetime | None = None
    new_body: bytes | None = None

    def take_body(
        self, body: Body, origin: Origin, says_the_same: SaysTheSame = _unlike, *, reconnects: bool = False
    ) -> Outcome:
        """Law 3: the newer body stays. Law 4: a deletion's mark stays, and such a body wants a refetch.

        `reconnects`: unless both say when they were triggered: then the later one is right.
        """
        since_deletion = self._triggered_since_deletion(origin) if reconnects else None
        if since_deletion is True:
            self._undelete()
        decision = decide(self._version(), body.version)
        if decision.doubtful and says_the_same(self, body):
            decision = Decision(body.carries_more, Outcome.UNCHANGED)
        self.last_synced_at = max(origin.received_at, self.last_synced_at)
        if decision.doubtful:
            # Answered by a fetch that is asked after both were known.
            self.want(
                "a webhook and a pull of the same instant differ",
                max(origin.received_at, self.received_at),
                body.version.updated_at,
            )
        if decision.replaces:
            held_at = self.received_at
            self._replace(body, origin)
            if decision.outcome is Outcome.UNCHANGED:
                # It was known of later already, by the webhook.
                self.received_at = max(held_at, self.received_at)
        elif decision.outcome is Outcome.UNCHANGED:
            self._advance(body.version)
        self._want_what_is_uncertain(body, decision, origin, is_before_deletion=since_deletion is False)
        return decision.outcome

    def take_fetched(
        self, body: Body, origin: Origin, says_the_same: SaysTheSame = _unlike, *, reconnects: bool = False
    ) -> Outcome:
        """A body that Shopify was asked for. It may clear the deletion's mark, and answer the want.

        `reconnects`: whatever its version: that moves with what is available, and not where it comes back.
        """
        current = reconnects or self.updated_at is None or body.version.updated_at >= self.updated_at
        if current and self.deleted_at is not None and origin.received_at > self._deletion_known_at():
            self._undelete()
        outcome = self.take_body(body, origin, says_the_same)
        self.pulled_at = origin.received_at
        self._answer(body.version, origin)
        return outcome

    def take_correction(
        self, body: Body, origin: Origin, *, unchanged_since: datetime, now: datetime
    ) -> Outcome:
        """A body that a reconcile fetched for a row that differs from Shopify, and why is not known.

        It stays whatever instants the two carry, unless something came since so long that it may be news:
        then it is a fetched body like any other. A hand, or a clock of once, may have put into the row what
        no later version would ever outdo, and instants of ours that lie ahead of `now`.
        """
        known = (self.received_at, self.deleted_received_at, self.wanted_at)
        if body.version.partial or any(_came_within(at, unchanged_since, now) for at in known):
            return self.take_fetched(body, origin)
        self.last_synced_at = max(origin.received_at, self.last_synced_at)
        if self.deleted_at is not None:
            self._undelete()
        self._replace(body, origin)
        self.pulled_at = origin.received_at
        self._forget_want()
        return Outcome.CACHED

    def take_deletion(self, origin: Origin, *, reconnects: bool = False) -> Outcome:
        """Law 4: a mark beside the body. The first one counts.

        `reconnects`: the one that was triggered last, unless the body was triggered later still. Which of a
        pull and a disconnect was first nobody can tell: a refetch is wanted.
        """
        self.last_synced_at = max(origin.received_at, self.last_synced_at)
        if reconnects and self._triggered_after(origin):
            return Outcome.STALE
        if self.deleted_at is not None:
            if reconnects and self._triggered_since_deletion(origin):
                self._mark_deleted(origin)
            return Outcome.UNCHANGED
        self._mark_deleted(origin)
        self._make_dirty()
        if reconnects and self._may_be_after(origin):
            self.want("what was first, this or its disconnect, is not known", origin.received_at, None)
        return Outcome.CACHED

    def take_absence(self, origin: Origin) -> Outcome:
        """Shopify was asked for the resource by its id, and has none: a deletion, unless more came since."""
        holds_later_body = self.body_sha256 is not None and self.received_at >= origin.received_at
        if holds_later_body or (self.wanted_at is not None and self.wanted_at >= origin.received_at):
            return Outcome.STALE
        self._forget_want()
        return self.take_deletion(origin)

    def take_corrected_absence(self, origin: Origin, *, now: datetime) -> Outcome:
        """The same, asked by a reconcile: what came ahead of `now` is of no later than a clock set back."""
        known = (self.received_at if self.body_sha256 is not None else None, self.wanted_at)
        if any(at == origin.received_at or _came_within(at, origin.received_at, now) for at in known):
            return Outcome.STALE
        self._forget_want()
        return self.take_deletion(origin)

    def take_want(self, reason: str, origin: Origin) -> Outcome:
        """A body without a version records that Shopify has to be asked, and nothing else."""
        self.want(reason, origin.received_at, None)
        return Outcome.REFETCH

    def want(self, reason: str, at: datetime, updated_at: datetime | None) -> None:
        """Records a want, due now. The answer has to be asked after the latest one, and as new as the newest.

        How often it was asked for in vain is remembered until it is answered: a product that changes while it
        is fetched wants at once again, each time.
        """
        self.wanted_at = max(at, self.wanted_at or at)
        self.wanted_reason = reason
        self.want_next_at = None
        if updated_at is not None:
            self.wanted_updated_at = max(updated_at, self.wanted_updated_at or updated_at)

    def put_off_want(self, attempts: int, next_at: datetime) -> None:
        """A fetch did not answer the want: it is fetched again then."""
        self.want_attempts, self.want_next_at = attempts, next_at

    def doubt_the_future(self, until: datetime) -> None:
        """A want from ahead of that is of a hand, or a clock set back since: nothing would ever answer it.

        It is one of then. The instant that it names is Shopify's, whose clock may be another.
        """
        if self.wanted_at is not None and self.wanted_at > until:
            self.wanted_at = until
        if self.wanted_updated_at is not None and self.wanted_updated_at > until + CLOCKS_APART:
            self.wanted_updated_at = None

    def _answer(self, version: Version, origin: Origin) -> None:
        """The want is over where the fetch was asked after it, and is as new as what we hold and wanted."""
        if self.wanted_at is None or origin.received_at <= self.wanted_at or version.partial:
            return
        newest = max(at for at in (version.updated_at, self.updated_at, self.wanted_updated_at) if at)
        if version.updated_at >= newest:
            self._forget_want()

    def _forget_want(self) -> None:
        self.wanted_at = self.wanted_reason = self.wanted_updated_at = None
        self.want_attempts, self.want_next_at = 0, None

    def _deletion_known_at(self) -> datetime:
        assert self.deleted_at is not None
        return self.deleted_received_at or self.deleted_at

    def _mark_deleted(self, origin: Origin) -> None:
        self.deleted_at = origin.triggered_at or origin.received_at
        self.deleted_received_at = origin.received_at
        self.deleted_delivery_id = origin.delivery_id
        self.deleted_topic = origin.topic
        self.deleted_run_id = origin.run_id

    def _triggered_since_deletion(self, origin: Origin) -> bool | None:
        """Whether it was triggered after the mark was; None where that can not be told, or there is none."""
        # A mark that did not say when it was triggered has the instant of its arrival.
        if self.deleted_at is None or self.deleted_at == self.deleted_received_at:
            return None
        if origin.triggered_at is None or origin.triggered_at == self.deleted_at:
            return None
        return origin.triggered_at > self.deleted_at

    def _triggered_after(self, origin: Origin) -> bool:
        """Whether the held body's delivery was triggered later."""
        if self.body_sha256 is None or self.triggered_at is None or origin.triggered_at is None:
            return False
        return self.triggered_at > origin.triggered_at

    def _may_be_after(self, origin: Origin) -> bool:
        """Whether the held body may be of later: it was pulled, or triggered in the same instant."""
        if self.body_sha256 is None:
            return False
        return self.source == "pull" or (
            self.triggered_at is not None and self.triggered_at == origin.triggered_at
        )

    def _undelete(self) -> None:
        self.deleted_at = self.deleted_received_at = None
        self.deleted_delivery_id = self.deleted_topic = self.deleted_run_id = None
        self._make_dirty()

    def _want_what_is_uncertain(
        self, body: Body, decision: Decision, origin: Origin, *, is_before_deletion: bool
    ) -> None:
        came = decision.replaces or decision.outcome is Outcome.UNCHANGED
        if decision.tied:
            reason = "two different bodies carry the same instant"
        elif decision.overruled:
            reason = "a later body of the same instant is not whole"
        elif came and self.deleted_at is not None and not is_before_deletion:
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
            pulled=self.source == "pull",
            known_at=self.received_at,
        )

    def _replace(self, body: Body, origin: Origin) -> None:
        self.new_body = body.raw
        self.shape = body.shape
        self.source = origin.source
        self.lookups = body.lookups
        self.updated_at = body.version.updated_at
        self.partial = body.version.partial
        self.triggered_at = body.version.triggered_at
        self.body_sha256 = body.version.sha256
        self.received_at = origin.received_at
        self.delivery_id = origin.delivery_id
        self.topic = origin.topic
        self.run_id = origin.run_id
        self._make_dirty()

    def _advance(self, version: Version) -> None:
        """Equal content still makes the version newer: what was known before it is older now."""
        if version.pulled and self.source == "pull":
            self.received_at = max(version.known_at, self.received_at)
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


def _came_within(at: datetime | None, since: datetime, now: datetime) -> bool:
    return at is not None and since < at <= now


STATE_FIELDS = tuple(
    field.name for field in fields(CacheRow) if field.name not in ("key", "lookups", "new_body")
)
"""The columns that every cache table has, in the order of the dataclass."""


def copy_of(row: CacheRow) -> CacheRow:
    """A row to change while the given one stays as it was read."""
    return replace(row, lookups=dict(row.lookups))


def empty_row(key: ResourceKey, at: datetime) -> CacheRow:
    """A row that holds nothing yet is not dirty: there is nothing to process."""
    return CacheRow(key=key, lookups={}, last_synced_at=at, received_at=at, processed_at=at)
