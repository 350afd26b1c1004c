"""What today's mapper would make of the cache, and the marks that let the workers do it. Without Shopify.

Enters: one resource's cache, shop by shop, in key order, as much at a time as fits in memory. Leaves: each
difference between what the bodies say and what the ERP tables hold; where marking is asked for, the rows
that differ are dirty. A row that can not be applied is listed and stays as it is: parked, given up, or
discarded. What never happens here: an ERP row written. The workers do that, as always.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import select

from backroom.cache.reader import Walked, walk
from backroom.cache.tables import key_columns
from backroom.db.database import Database, Transaction
from backroom.erp.drafts import Cause, FieldChange
from backroom.erp.labels import Label, read_labels
from backroom.erp.writer import ErpWriter
from backroom.flow.process import departure_of, read_row
from backroom.resources.descriptor import Arrival, Departure, Resource
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Terminal, Unknown
from backroom.vocabulary.ids import ResourceKey, ShopId, key_text

PATIENCE_SECONDS: Final = 5.0
_NO_LABEL: Final = Label(None, None)
_DIRTY: Final = {
    "processed_at": None,
    "processing_error": None,
    "attempts": 0,
    "next_attempt_at": None,
    "dead_at": None,
    "applied_hash": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference, or (with a `reason`) a body that can not be applied.

    `id` and `title` are the cached resource's. `entity` is the ERP row that would change, with its Shopify id
    and name where it has them; `field` null: the row would be created.
    """

    shop: str
    id: str
    title: str | None
    entity: str | None
    entity_id: int | None
    entity_shopify_id: str | None
    entity_name: str | None
    field: str | None
    old: Any
    new: Any
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the walk: how many rows were looked at, what was found, how many were marked."""

    rows: int
    findings: list[Finding]
    marked: int


@dataclass(frozen=True, slots=True)
class Reprocessor:
    """Compares one resource's cache with the ERP tables. `shop_domain` None: all shops."""

    database: Database
    resource: Resource
    shop_domain: str | None = None

    def run(self, *, marking: bool) -> Iterator[Stretch]:
        """Walks the whole cache. Raises Unknown for the shop, ShopBusy where one stays busy.

        With `marking`, rows are marked stretch by stretch; doing it again does no harm.
        """
        with self.database.reading() as transaction:
            shops = _shops(transaction, self.shop_domain)
        for shop_id, domain in shops:
            after: ResourceKey | None = None
            while found := self._stretch(shop_id, domain, after):
                stretch, differing, after = found
                if marking and differing:
                    self._mark(shop_id, differing)
                    stretch = replace(stretch, marked=len(differing))
                yield stretch

    def _stretch(
        self, shop_id: ShopId, domain: str, after: ResourceKey | None
    ) -> tuple[Stretch, list[ResourceKey], ResourceKey] | None:
        """The next stretch, the keys that differ, and its last key. None at the end of the shop.

        In a snapshot of its own: one that lasts keeps SQLite's log growing, and PostgreSQL's vacuum waiting.
        """
        with self.database.reading() as transaction:
            walked = walk(transaction, self.resource.cache, shop_id, after)
            if not walked:
                return None
            changes, reasons = _Planner(transaction, self.resource, shop_id).plan(walked)
            # A row that would be created has no id yet.
            existing = (
                (change.entity, change.entity_id) for _, change in changes if change.field is not None
            )
            labels = read_labels(transaction, existing)
        findings = [_difference(domain, each, change, labels) for each, change in changes]
        findings += [_unreadable(domain, each, reason) for each, reason in reasons]
        differing = sorted({each.row.key for each, _ in changes})
        return Stretch(len(walked), findings, 0), differing, walked[-1].row.key

    def _mark(self, shop_id: ShopId, keys: Sequence[ResourceKey]) -> None:
        table = self.resource.cache
        with self.database.shop_writing(shop_id, patience_seconds=PATIENCE_SECONDS) as transaction:
            rows = [(shop_id, *key, *_DIRTY.values()) for key in keys]
            transaction.update(table, ("shop_id", *key_columns(table)), tuple(_DIRTY), rows)
            transaction.notify()


@dataclass(frozen=True, slots=True)
class _Planner:
    """Plans rows of one shop together; one by one where a row among them can not be applied."""

    transaction: Transaction
    resource: Resource
    shop_id: ShopId

    def plan(
        self, walked: Sequence[Walked]
    ) -> tuple[list[tuple[Walked, FieldChange]], list[tuple[Walked, str]]]:
        """(row, change) and (row, reason it can not be applied)."""
        try:
            return self._planned(walked), []
        except Terminal as error:
            if len(walked) == 1:
                return [], [(walked[0], str(error))]
        middle = len(walked) // 2
        first, second = self.plan(walked[:middle]), self.plan(walked[middle:])
        return first[0] + second[0], first[1] + second[1]

    def _planned(self, walked: Sequence[Walked]) -> list[tuple[Walked, FieldChange]]:
        writer = ErpWriter(self.transaction, self.shop_id, self.transaction.now(), locking=False)
        arrivals: list[Arrival] = []
        departures: list[Departure] = []
        # Two rows may have equal causes (the delivery's row may be gone): told apart by identity.
        owners: dict[int, Walked] = {}
        for each in walked:
            _, arrival = read_row(self.resource, each.row)
            entry = arrival or departure_of(each.row)
            owners[_identity(entry.cause)] = each
            (departures if isinstance(entry, Departure) else arrivals).append(entry)  # type: ignore[arg-type]
        self.resource.write(writer, arrivals)
        self.resource.remove(writer, departures)
        return [(owners[_identity(change.cause)], change) for change in writer.plan()]


def _identity(cause: Cause) -> int:
    return id(cause)


def _shops(transaction: Transaction, domain: str | None) -> list[tuple[ShopId, str]]:
    statement = select(shop.c.id, shop.c.domain).order_by(shop.c.id)
    if domain is not None:
        statement = statement.where(shop.c.domain == domain)
    found = [(ShopId(row[0]), row[1]) for row in transaction.execute(statement)]
    if domain is not None and not found:
        raise Unknown(f"there is no shop {domain}")
    return found


def _difference(
    domain: str, walked: Walked, change: FieldChange, labels: dict[tuple[str, int], Label]
) -> Finding:
    """A new row has no id of ours yet."""
    label = labels.get((change.entity, change.entity_id), _NO_LABEL)
    return Finding(
        shop=domain,
        id=key_text(walked.row.key),
        title=walked.title,
        entity=str(change.entity),
        entity_id=change.entity_id,
        entity_shopify_id=label.shopify_id,
        entity_name=label.name,
        field=change.field,
        old=change.old,
        new=change.new,
        reason=None,
    )


def _unreadable(domain: str, walked: Walked, reason: str) -> Finding:
    return Finding(
        shop=domain,
        id=key_text(walked.row.key),
        title=walked.title,
        entity=None,
        entity_id=None,
        entity_shopify_id=None,
        entity_name=None,
        field=None,
        old=None,
        new=None,
        reason=reason,
    )
