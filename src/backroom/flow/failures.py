"""What failed, parked or given up: listed with its reason, tried again, or discarded.

Enters: ids that people read, `delivery:12` or `product:34` (Shopify's id; it means all shops that hold it).
Leaves: rows that are due again, or done with. What never happens here: a change to ERP rows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, RowMapping, Select, Table, and_, select, tuple_

from backroom.cache.reader import key_form, read_key
from backroom.cache.tables import key_columns
from backroom.db.database import Database, Transaction
from backroom.ingress.deliveries import in_state, make_pending
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Resource
from backroom.shops.tables import shop
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import ResourceKey, ShopId, key_text
from backroom.vocabulary.pages import Page, Place, checked_limit, cursor_of

DELIVERY: Final = "delivery"
PATIENCE_SECONDS: Final = 5.0
"""How long a person waits for a batch that holds the shop's lock."""
FailureState = Literal["parked", "dead"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A parked row waits for `next_attempt_at`; a dead one was given up. `since`: when its body came."""

    id: str
    shop: str
    state: FailureState
    topic: str | None
    reason: str | None
    attempts: int
    next_attempt_at: datetime | None
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """One state of one table. Two states in one condition would miss the partial indexes."""

    name: str
    state: FailureState
    table: Table
    keys: tuple[str, ...]
    order: tuple[str, ...]
    reason: str
    condition: ColumnElement[bool]

    def statement(self) -> Select[Any]:
        """All failures of this source."""
        c = self.table.c
        names = dict.fromkeys((*self.keys, "shop_id", "topic", "attempts", "next_attempt_at", "received_at"))
        return (
            select(*(c[name] for name in names), c[self.reason].label("reason"), shop.c.domain)
            .join(shop, shop.c.id == c.shop_id)
            .where(self.condition)
        )

    def page(self, transaction: Transaction, after: Place | None, limit: int) -> Sequence[RowMapping]:
        # Expressions, or SQLite walks all rows in the order of the key, to spare itself a sort of the few.
        order = [self.table.c[name] + 0 for name in self.order]
        statement = self.statement().order_by(*order).limit(limit)
        if after is not None:
            statement = statement.where(tuple_(*order) > after if len(order) > 1 else order[0] > after[0])
        return transaction.execute(statement).mappings().all()

    def place(self, row: RowMapping) -> Place:
        return tuple(row[name] for name in self.order)

    def failure(self, row: RowMapping) -> Failure:
        return Failure(
            id=f"{self.name}:{key_text(tuple(row[name] for name in self.keys))}",
            shop=row["domain"],
            state=self.state,
            topic=row["topic"],
            reason=row["reason"],
            attempts=row["attempts"],
            next_attempt_at=row["next_attempt_at"],
            since=row["received_at"],
        )


@dataclass(frozen=True, slots=True)
class _Failed:
    """A failed row, found by its id."""

    text: str
    table: Table
    shop_id: ShopId
    key: ResourceKey


Act = Callable[[Transaction, Sequence[_Failed]], None]


def read_failures(
    transaction: Transaction, resources: Sequence[Resource], after: Place | None, limit: int
) -> Page[Failure]:
    """A page: deliveries first, then cache rows; parked before dead, each by id. Raises Misuse.

    `after` starts with the position of the source that the page before ended in.
    """
    wanted = checked_limit(limit) + 1
    sources = _sources(resources)
    start = 0 if after is None else after[0]
    if start >= len(sources) or (after is not None and len(after) != 1 + len(sources[start].order)):
        raise Misuse("the cursor is not one of ours: hand back `next` as it was given")
    found: list[tuple[Place, Failure]] = []
    for position in range(start, len(sources)):
        source = sources[position]
        place = after[1:] if after is not None and position == start else None
        rows = source.page(transaction, place, wanted - len(found))
        found += [((position, *source.place(row)), source.failure(row)) for row in rows]
        if len(found) == wanted:
            break
    following = cursor_of(found[limit - 1][0]) if len(found) > limit else None
    return Page(items=[failure for _, failure in found[:limit]], next=following)


def retry(
    database: Database, resources: Sequence[Resource], ids: Sequence[str], domain: str | None = None
) -> int:
    """Makes failed rows due now, with all their attempts before them; how many rows.

    Raises Unknown for an id under which nothing failed, and then touches nothing; ShopBusy, where a
    shop stays busy: shops that came before it are done, and doing it again does no harm.
    """
    return _act(database, resources, ids, domain, _make_due)


def discard(
    database: Database, resources: Sequence[Resource], ids: Sequence[str], domain: str | None = None
) -> int:
    """Gives failed rows up for good: they are done, ERP rows stay as they are; how many rows.

    A newer body is processed as ever. Raises as `retry`.
    """
    return _act(database, resources, ids, domain, _let_go)


def _act(
    database: Database, resources: Sequence[Resource], ids: Sequence[str], domain: str | None, act: Act
) -> int:
    with database.reading() as transaction:
        found = _find(transaction, resources, ids, domain)
    unknown = [text for text in ids if text not in {failed.text for failed in found}]
    if unknown:
        raise Unknown(f"nothing has failed under {', '.join(unknown)}" + (f" in {domain}" if domain else ""))
    acted = 0
    for shop_id in sorted({failed.shop_id for failed in found}):
        with database.shop_writing(shop_id, patience_seconds=PATIENCE_SECONDS) as transaction:
            # Looked up again: before we had the shop's lock, a worker may have tried them.
            held = [each for each in _find(transaction, resources, ids, domain) if each.shop_id == shop_id]
            act(transaction, held)
            transaction.notify()
        acted += len(held)
    return acted


def _find(
    transaction: Transaction, resources: Sequence[Resource], ids: Sequence[str], domain: str | None
) -> list[_Failed]:
    found: list[_Failed] = []
    for text in dict.fromkeys(ids):
        for source, key in _sources_of(resources, text):
            statement = source.statement().where(
                *(source.table.c[name] == part for name, part in zip(source.keys, key, strict=True))
            )
            if domain is not None:
                statement = statement.where(shop.c.domain == domain)
            rows = transaction.execute(statement).mappings()
            found += [_Failed(text, source.table, ShopId(row["shop_id"]), key) for row in rows]
    return found


def _sources_of(resources: Sequence[Resource], text: str) -> list[tuple[_Source, ResourceKey]]:
    """Raises Misuse for an id in another form."""
    name, _, key = text.partition(":")
    sources = [source for source in _sources(resources) if source.name == name]
    if not sources:
        # Each is there twice: what is parked of it, and what is dead.
        known = [f"{each.name}:{key_form(each.table)}" for each in _sources(resources)]
        forms = ", ".join(dict.fromkeys(known))
        raise Misuse(f"{text[:60]!r} is no id of a failure: there are {forms}")
    return [(source, read_key(source.table, key)) for source in sources]


def _make_due(transaction: Transaction, failed: Sequence[_Failed]) -> None:
    make_pending(transaction, [each.key[0] for each in failed if each.table is webhook_delivery])
    _update_cache(transaction, failed, {"attempts": 0, "next_attempt_at": None, "dead_at": None})


def _let_go(transaction: Transaction, failed: Sequence[_Failed]) -> None:
    rows = sorted(
        (each.key[0], "sorted", "failed", None) for each in failed if each.table is webhook_delivery
    )
    transaction.update(webhook_delivery, ("id",), ("state", "outcome", "next_attempt_at"), rows)
    done = {
        "processed_at": transaction.now(),
        "processing_error": None,
        "next_attempt_at": None,
        "dead_at": None,
    }
    _update_cache(transaction, failed, done)


def _update_cache(transaction: Transaction, failed: Sequence[_Failed], values: dict[str, Any]) -> None:
    rows: dict[Table, list[tuple[Any, ...]]] = {}
    for each in failed:
        if each.table is not webhook_delivery:
            rows.setdefault(each.table, []).append((each.shop_id, *each.key, *values.values()))
    for table, of_table in rows.items():
        keys = ("shop_id", *key_columns(table))
        transaction.update(table, keys, tuple(values), sorted(of_table, key=lambda row: row[: len(keys)]))


def _sources(resources: Sequence[Resource]) -> list[_Source]:
    """In the order of the list. Their number and order are part of a cursor."""
    sources = [_of_deliveries("parked"), _of_deliveries("dead")]
    for resource in resources:
        c = resource.cache.c
        waiting = and_(c.processed_at.is_(None), c.dead_at.is_(None), c.next_attempt_at.is_not(None))
        sources.append(_of_cache(resource, "parked", waiting))
        sources.append(_of_cache(resource, "dead", c.dead_at.is_not(None)))
    return sources


def _of_deliveries(state: FailureState) -> _Source:
    return _Source(
        name=DELIVERY,
        state=state,
        table=webhook_delivery,
        keys=("id",),
        order=("id",),
        reason="error",
        condition=in_state(state),
    )


def _of_cache(resource: Resource, state: FailureState, condition: ColumnElement[bool]) -> _Source:
    keys = key_columns(resource.cache)
    return _Source(
        name=resource.name,
        state=state,
        table=resource.cache,
        keys=keys,
        order=("shop_id", *keys),
        reason="processing_error",
        condition=condition,
    )
