"""What was fetched -> cache: the same rules as for webhooks, in the transaction of whoever asked.

Enters: bodies that Shopify was asked for, and ids that it has nothing under, of one shop and one resource,
with the run that asked and when (by the database's clock, before the question was sent). Leaves: cache rows,
dirty where something is new; wants that are answered, or put off. What never happens here: a call to
Shopify, a commit, an ERP row.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backroom.cache.rows import Body, CacheRow, Origin, empty_row
from backroom.cache.store import CacheStore
from backroom.cache.versions import Outcome, Version
from backroom.cache.wants import WANT_DELAYS_SECONDS, is_due
from backroom.db.database import Transaction
from backroom.flow.comparing import comparing
from backroom.flow.pieces import Piece, pieces_of
from backroom.resources.descriptor import Head, Resource
from backroom.shopify.assembled import Assembled
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, RunId, ShopId


@dataclass(frozen=True, slots=True)
class Refused:
    """A body that could not be taken, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A body with its digest."""

    piece: Piece
    sha256: bytes


@dataclass(slots=True)
class Put:
    """What became of the bodies. `newest`: the greatest updated_at seen (Shopify's)."""

    written: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)
    newest: datetime | None = None

    @property
    def seen(self) -> int:
        return self.written + self.unchanged + len(self.refused)


class Putter:
    """Puts what one run fetched into one cache, within a transaction that has the shop's lock."""

    def __init__(
        self,
        transaction: Transaction,
        resource: Resource,
        shop_id: ShopId,
        *,
        run_id: RunId,
        asked_at: datetime,
    ) -> None:
        self._resource = resource
        self._store = CacheStore(transaction, resource.cache, shop_id)
        self._says_the_same = comparing(self._store, resource)
        self._origin = Origin(run_id=run_id, received_at=asked_at)
        self._now = transaction.now()

    def bodies(self, fetched: Sequence[Assembled]) -> Put:
        """Takes what was fetched."""
        return self.pieces([piece for body in fetched for piece in pieces_of(self._resource, body)])

    def pieces(self, pieces: Sequence[Piece]) -> Put:
        """Takes bodies. One that can not be read is refused, and holds up no other."""
        put = Put()
        read: list[tuple[_Fetched, Head]] = []
        for each in self._without_repeated([_digested(piece) for piece in pieces], put):
            try:
                read.append((each, self._resource.identify_fetched(each.piece.raw)))
            except Terminal as error:
                put.refused.append(Refused(each.piece.name, str(error)))
        if not read:
            return put
        held, rows = self._rows(head.key for _, head in read)
        self._doubt_the_future(rows)
        for each, head in read:
            outcome = self._take(rows[head.key], each, head)
            put.written += outcome is Outcome.CACHED
            put.unchanged += outcome is not Outcome.CACHED
            put.newest = max(at for at in (head.updated_at, put.newest) if at)
        self._write(rows, held)
        return put

    def corrections(self, pieces: Sequence[Piece], unchanged_since: datetime) -> None:
        """Takes bodies of what is known to differ: see `CacheRow.take_correction`."""
        read: list[tuple[_Fetched, Head]] = []
        for piece in pieces:
            with suppress(Terminal):
                read.append((_digested(piece), self._resource.identify_fetched(piece.raw)))
        held, rows = self._rows(head.key for _, head in read)
        for each, head in read:
            rows[head.key].take_correction(
                self._body(each, head), self._origin, unchanged_since=unchanged_since, now=self._until
            )
        self._write(rows, held)

    def corrected_absences(self, keys: Iterable[ResourceKey]) -> None:
        """Marks what Shopify has no more, whatever the future says: see `take_corrected_absence`."""
        held, rows = self._rows(keys)
        for row in rows.values():
            row.take_corrected_absence(self._origin, now=self._until)
        self._write(rows, held)

    def absent(self, keys: Iterable[ResourceKey]) -> int:
        """Marks what Shopify, asked by id, has no more; how many were news."""
        held, rows = self._rows(keys)
        self._doubt_the_future(rows)
        gone = sum(row.take_absence(self._origin) is Outcome.CACHED for row in rows.values())
        self._write(rows, held)
        return gone

    def unanswered(self, keys: Iterable[ResourceKey]) -> None:
        """Puts off the wants among these, which were all asked for, that are still due."""
        held, rows = self._rows(keys)
        due = [row for row in rows.values() if is_due(row.want_next_at, self._now)]
        for row in due:
            # A want that came since the question is due at once; one of the future is of a clock set back.
            if row.wanted_at is not None and not self._origin.received_at < row.wanted_at <= self._now:
                self._put_off(row)
        self._store.write([row for row in due if row.key in held], held)

    def want(self, keys: Iterable[ResourceKey], reason: str) -> None:
        """Records that these have to be asked for by their ids, from now on."""
        held, rows = self._rows(keys)
        for row in rows.values():
            row.want(reason, self._now, None)
        self._store.write(list(rows.values()), held)

    @property
    def _until(self) -> datetime:
        """What came later than this is of a clock that was set back; or it was since the question."""
        return max(self._now, self._origin.received_at)

    def _doubt_the_future(self, rows: dict[ResourceKey, CacheRow]) -> None:
        for row in rows.values():
            row.doubt_the_future(self._until)

    def _without_repeated(self, fetched: Sequence[_Fetched], put: Put) -> list[_Fetched]:
        """Those that may be news; nothing is decoded of the others, which say what is held and settled.

        One that comes twice in a batch is left to the rules: they go by the order.
        """
        times = Counter(each.piece.key for each in fetched)
        settled = self._store.settled(key for key in times if key is not None and times[key] == 1)
        repeated: list[ResourceKey] = []
        others: list[_Fetched] = []
        for each in fetched:
            key = each.piece.key
            held = None if key is None else settled.get(key)
            if key is None or held is None or held.sha256 != each.sha256:
                others.append(each)
                continue
            repeated.append(key)
            put.newest = max(held.updated_at, put.newest or held.updated_at)
        self._store.repeat(repeated, self._origin.received_at)
        put.unchanged += len(repeated)
        return others

    def _rows(
        self, keys: Iterable[ResourceKey]
    ) -> tuple[frozenset[ResourceKey], dict[ResourceKey, CacheRow]]:
        wanted = set(keys)
        held = self._store.load(wanted)
        return frozenset(held), {key: held.get(key) or self._empty(key) for key in wanted}

    def _empty(self, key: ResourceKey) -> CacheRow:
        return empty_row(key, self._origin.received_at)

    def _take(self, row: CacheRow, fetched: _Fetched, head: Head) -> Outcome:
        return row.take_fetched(
            self._body(fetched, head),
            self._origin,
            self._says_the_same,
            reconnects=self._resource.reconnects,
        )

    def _body(self, fetched: _Fetched, head: Head) -> Body:
        assert head.updated_at is not None
        version = Version(
            updated_at=head.updated_at,
            partial=not fetched.piece.whole,
            triggered_at=None,
            sha256=fetched.sha256,
            pulled=True,
            known_at=self._origin.received_at,
        )
        return Body(
            raw=fetched.piece.raw,
            version=version,
            lookups=head.lookups,
            shape="graphql",
            carries_more=self._resource.pulls_more,
        )

    def _write(self, rows: dict[ResourceKey, CacheRow], held: frozenset[ResourceKey]) -> None:
        for row in rows.values():
            if row.wanted_at is not None and row.wanted_at <= self._origin.received_at:
                self._put_off(row)
        self._store.write(list(rows.values()), held)

    def _put_off(self, row: CacheRow) -> None:
        """Asked since, and not answered: not again at once."""
        delay = WANT_DELAYS_SECONDS[min(row.want_attempts, len(WANT_DELAYS_SECONDS) - 1)]
        row.put_off_want(row.want_attempts + 1, self._now + timedelta(seconds=delay))


def _digested(piece: Piece) -> _Fetched:
    return _Fetched(piece, hashlib.sha256(piece.raw).digest())
