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

from backroom.cache.reader import walk
from backroom.db.database import Database, Transaction
from backroom.erp.drafts import FieldChange
from backroom.erp.labels import Label, read_labels
from backroom.flow.planning import Planner, mark_to_apply_anew
from backroom.resources.descriptor import Resource
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Unknown
from backroom.vocabulary.ids import ResourceKey, ShopId, key_text

PATIENCE_SECONDS: Final = 5.0
_NO_LABEL: Final = Label(None, None)
Titles = dict[ResourceKey, str | None]


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
            plan = Planner(transaction, self.resource, shop_id).plan([each.row for each in walked])
            # A row that would be created has no id yet.
            existing = (
                (change.entity, change.entity_id) for _, change in plan.changes if change.field is not None
            )
            labels = read_labels(transaction, existing)
        titles = {each.row.key: each.title for each in walked}
        findings = [_difference(domain, row.key, titles, change, labels) for row, change in plan.changes]
        findings += [_unreadable(domain, row.key, titles, reason) for row, reason in plan.refused]
        differing = sorted({row.key for row, _ in plan.changes})
        return Stretch(len(walked), findings, 0), differing, walked[-1].row.key

    def _mark(self, shop_id: ShopId, keys: Sequence[ResourceKey]) -> None:
        with self.database.shop_writing(shop_id, patience_seconds=PATIENCE_SECONDS) as transaction:
            mark_to_apply_anew(transaction, self.resource, shop_id, keys)


def _shops(transaction: Transaction, domain: str | None) -> list[tuple[ShopId, str]]:
    statement = select(shop.c.id, shop.c.domain).order_by(shop.c.id)
    if domain is not None:
        statement = statement.where(shop.c.domain == domain)
    found = [(ShopId(row[0]), row[1]) for row in transaction.execute(statement)]
    if domain is not None and not found:
        raise Unknown(f"there is no shop {domain}")
    return found


def _difference(
    domain: str,
    key: ResourceKey,
    titles: Titles,
    change: FieldChange,
    labels: dict[tuple[str, int], Label],
) -> Finding:
    """A new row has no id of ours yet."""
    label = labels.get((change.entity, change.entity_id), _NO_LABEL)
    return Finding(
        shop=domain,
        id=key_text(key),
        title=titles[key],
        entity=str(change.entity),
        entity_id=change.entity_id,
        entity_shopify_id=label.shopify_id,
        entity_name=label.name,
        field=change.field,
        old=change.old,
        new=change.new,
        reason=None,
    )


def _unreadable(domain: str, key: ResourceKey, titles: Titles, reason: str) -> Finding:
    return Finding(
        shop=domain,
        id=key_text(key),
        title=titles[key],
        entity=None,
        entity_id=None,
        entity_shopify_id=None,
        entity_name=None,
        field=None,
        old=None,
        new=None,
        reason=reason,
    )
