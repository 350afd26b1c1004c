"""Cache -> ERP tables: decodes dirty rows and writes what they say.

Enters: dirty cache rows of one shop and one resource, in key order. Leaves: ERP rows, their history, and
the mark on the cache row, all in one commit. What never happens here: a call to Shopify. What a body
lacks was recorded as a want when it was sorted; the next fetch closes the gap.
"""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from backroom.cache.store import CacheStore, DirtyRow, due_shops
from backroom.cache.wants import want_all_of
from backroom.db.database import Database, Transaction
from backroom.erp.writer import Cause, ErpWriter
from backroom.flow.batches import Claim, Tally, run_batch
from backroom.flow.claims import claims_of
from backroom.flow.retries import after_failure
from backroom.resources.descriptor import Arrival, Departure, Resource
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import ResourceKey, ShopId

RETURNED: Final = "what it is of was gone, and is back"
_ENCODER = msgspec.msgpack.Encoder()


@dataclass(frozen=True, slots=True)
class Processor:
    """Processes one resource's cache."""

    database: Database
    resource: Resource

    def run(self, shop_id: ShopId, limit: int) -> Tally:
        """One batch. Raises ShopBusy where another worker has the shop."""

        def attempt(keys: Sequence[ResourceKey] | None, claim: Claim[ResourceKey]) -> Tally:
            with self.database.shop_writing(shop_id) as transaction:
                started = time.perf_counter()
                tally = self._process(transaction, shop_id, limit, keys, claim)
                tally.held_seconds = time.perf_counter() - started
                return tally

        def park(key: ResourceKey, error: Terminal) -> None:
            with self.database.shop_writing(shop_id, patience_seconds=5) as transaction:
                store = CacheStore(transaction, self.resource.cache, shop_id)
                for row in store.claim(transaction.now(), 1, [key]):
                    _park(transaction, store, row, str(error))

        return run_batch(attempt, park)

    def due(self, transaction: Transaction) -> list[ShopId]:
        """The shops that have something to process now."""
        return due_shops(transaction, self.resource.cache)

    def _process(
        self,
        transaction: Transaction,
        shop_id: ShopId,
        limit: int,
        keys: Sequence[ResourceKey] | None,
        claim: Claim[ResourceKey],
    ) -> Tally:
        now = transaction.now()
        store = CacheStore(transaction, self.resource.cache, shop_id)
        claimed = store.claim(now, limit, keys)
        claim.keys.extend(row.key for row in claimed)
        tally = Tally(claimed=len(claimed))
        applied: list[tuple[DirtyRow, bytes]] = []
        arrivals: list[Arrival] = []
        departures: list[Departure] = []
        for row in claimed:
            try:
                applied_hash, arrival = read_row(self.resource, row)
            except Terminal as error:
                _park(transaction, store, row, str(error))
                tally.parked += 1
                continue
            applied.append((row, applied_hash))
            if applied_hash == row.applied_hash:
                tally.count("unchanged")
            elif arrival is not None:
                arrivals.append(arrival)
            else:
                departures.append(departure_of(row))
        # A row that is to be applied whatever was applied before: a hand may have changed what follows it.
        anew = any(row.applied_hash is None for row in claimed)
        writer = ErpWriter(
            transaction,
            shop_id,
            now,
            checking=keys is not None,
            anew=anew,
            claims=claims_of(transaction, self.resource, shop_id),
        )
        if arrivals:
            self.resource.write(writer, arrivals)
        if departures:
            self.resource.remove(writer, departures)
        if arrivals or departures:
            writer.resolve()
            tally.count("written", len(arrivals) + len(departures))
        with transaction.unanswered():
            writer.flush()
            store.mark_processed(applied, now)
        if self.resource.agree is not None and (arrivals or departures):
            written, gone = [each.key for each in arrivals], [each.key for each in departures]
            self.resource.agree(transaction, shop_id, written, gone)
        if writer.returned_items and self.resource.levels is not None:
            want_all_of(transaction, self.resource.levels, shop_id, writer.returned_items, RETURNED)
        return tally


def read_row(resource: Resource, row: DirtyRow) -> tuple[bytes, Arrival | None]:
    """A row's state hash, and its snapshot unless it is deleted. Raises Terminal.

    The hash covers all that decides about the rows written: mapper, snapshot, wholeness, deletion. A new
    mapper so applies again what has not changed.
    """
    if row.deleted_at is not None or row.raw_data is None:
        return state_hash(resource, None, False), None
    decode = resource.decode.get(row.shape)
    if decode is None:
        raise Terminal(f"a {resource.name} in the shape {row.shape} can not be read")
    snapshot = decode(row.raw_data)
    cause = Cause(
        delivery_id=row.delivery_id, topic=row.topic, triggered_at=row.triggered_at, run_id=row.run_id
    )
    arrival = Arrival(key=row.key, snapshot=snapshot, partial=row.partial, cause=cause)
    return state_hash(resource, snapshot, row.partial), arrival


def departure_of(row: DirtyRow) -> Departure:
    """A deleted row, with the deletion as its cause."""
    cause = Cause(
        delivery_id=row.deleted_delivery_id,
        topic=row.deleted_topic,
        triggered_at=row.deleted_at,
        run_id=row.deleted_run_id,
    )
    return Departure(key=row.key, cause=cause)


def state_hash(resource: Resource, snapshot: Any, partial: bool) -> bytes:
    """See `read_row`. `snapshot` None: deleted."""
    return hashlib.sha256(_ENCODER.encode((resource.mapper_version, partial, snapshot))).digest()


def _park(transaction: Transaction, store: CacheStore, row: DirtyRow, reason: str) -> None:
    now = transaction.now()
    store.park(row, reason, after_failure(row.attempts, now), now)
