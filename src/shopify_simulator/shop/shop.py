"""The shop: products on a shelf, one lock, and an event for each change, in the order of commits.

A product enters whole (`create`, `stock`), is replaced by a changed copy (`change`) and leaves (`delete`).
What never happens here: a product changed in place, an event for a refused change, a change whose body cannot
be written, an `updated_at` that goes back, two events with one `triggered_at`.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from shopify_simulator.shop.bodies import deleted_body, is_truncated, webhook_body
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.numbers import Numbers
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.roll import Roll
from shopify_simulator.shop.rules import Refused, check, straighten

NEW_YORK_WINTER = timezone(timedelta(hours=-5))
TICK = timedelta(microseconds=1)

Listener = Callable[[Event], None]


class UnknownProduct(LookupError):
    """No product with this id is on the shelf: it never was, or it was deleted."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def random_event_id() -> str:
    """Never the same twice, whatever the seed: a receiver must not take a second run for repetitions."""
    return str(uuid.uuid4())


def _as_it_is(_: Product) -> None:
    """The change of a merchant who only presses Save."""


class Shop:
    """See the module. Safe to use from several threads; listeners are called with the lock held."""

    def __init__(
        self,
        *,
        domain: str,
        name: str = "Demo",
        currency: str = "USD",
        offset: timezone = NEW_YORK_WINTER,
        clock: Callable[[], datetime] = utc_now,
        seed: int = 1,
        new_event_id: Callable[[], str] = random_event_id,
    ) -> None:
        self.domain = domain
        self.name = name
        self.currency = currency
        self.offset = offset
        self.seed = seed
        self.lock = threading.RLock()
        self.products: dict[int, Product] = {}
        self.deleted: dict[int, datetime] = {}
        self.numbers = Numbers(seed)
        self._clock = clock
        self._new_event_id = new_event_id
        self._listeners: list[Listener] = []
        self._handles: dict[str, int] = {}
        self._twins: Counter[str] = Counter()
        self._roll = Roll()
        self._triggered_at = datetime.min.replace(tzinfo=UTC)
        self._changes = 0

    def now(self) -> datetime:
        """The present in whole seconds, as Shopify writes `updated_at`."""
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def changes(self) -> int:
        """How many products were created, changed or deleted so far; stocking does not count."""
        return self._changes

    def listen(self, listener: Listener) -> None:
        """From now on `listener` gets every event, in the order of commits, while the lock is held.

        It must not raise: what it is told of has happened.
        """
        with self.lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """It is told no more; nothing where it never was."""
        with self.lock, suppress(ValueError):
            self._listeners.remove(listener)

    def get(self, product_id: int) -> Product:
        """The product as it is now; not to be changed. Raises UnknownProduct."""
        try:
            return self.products[product_id]
        except KeyError:
            raise UnknownProduct(f"no product {product_id} is on the shelf") from None

    def any_product(self, random: Random, *, hot: bool = False) -> Product:
        """One at random, in constant time; `hot`: of the few that merchants fiddle with all day."""
        with self.lock:
            if not self.products:
                raise UnknownProduct("the shelf is empty")
            return self.products[self._roll.draw(random, hot=hot)]

    def free_handle(self, wanted: str) -> str:
        """The handle, or where another product has it, the handle with a number."""
        with self.lock:
            free = wanted
            while free in self._handles:
                # Remembered, or ten thousand products of one title would count from 1 each.
                self._twins[wanted] += 1
                free = f"{wanted}-{self._twins[wanted]}"
            return free

    def stock(self, product: Product) -> None:
        """Puts a product on the shelf and tells nobody, as what was there before anyone listened."""
        with self.lock:
            self._check_new(product)
            self._shelve(product)

    def create(self, product: Product) -> Product:
        """Puts a new product on the shelf; fires products/create. Raises Refused."""
        with self.lock:
            self._check_new(product)
            body = self._body(product)
            self._shelve(product)
            self._changes += 1
            self._fire_body("products/create", product, body)
            return product

    def change(self, product_id: int, apply: Callable[[Product], object]) -> Product:
        """Applies a change to a copy and puts that on the shelf; fires products/update.

        Moves `updated_at` of the product, and of the variants that differ. Whatever `apply` raises, and
        Refused where the outcome breaks a rule of Shopify's, leaves everything as it was.
        """
        with self.lock:
            before = self.get(product_id)
            after = before.copy()
            apply(after)
            straighten(after)
            self._check(after)
            self._stamp(before, after)
            body = self._body(after)
            self._replace(before, after)
            self._changes += 1
            self._fire_body("products/update", after, body)
            return after

    def delete(self, product_id: int) -> None:
        """Takes a product off the shelf for good; fires products/delete. Raises UnknownProduct."""
        with self.lock:
            product = self.get(product_id)
            del self.products[product_id]
            del self._handles[product.handle]
            self._roll.strike(product_id)
            self.deleted[product_id] = self.now()
            self._changes += 1
            body = deleted_body(product_id)
            self._fire("products/delete", product_id, body, partial=False)

    def announce(self, product_ids: Iterable[int] | None = None) -> int:
        """Fires products/update for each product (or all), as if a merchant had saved it; how many.

        One id after the other, so that others get at the shop in between. Raises UnknownProduct, and fires
        nothing then.
        """
        with self.lock:
            asked = [self.get(each).id for each in (self.products if product_ids is None else product_ids)]
        announced = 0
        for product_id in asked:
            with suppress(UnknownProduct):  # deleted meanwhile
                self.change(product_id, _as_it_is)
                announced += 1
        return announced

    def present(self, product_id: int) -> None:
        """Fires products/create for a stocked product as it is: the shop opens. Raises UnknownProduct."""
        with self.lock:
            product = self.get(product_id)
            self._fire_body("products/create", product, self._body(product))

    def _check_new(self, product: Product) -> None:
        if product.id in self.products or product.id in self.deleted:
            raise Refused(f"the id {product.id} is taken")
        straighten(product)
        self._check(product)

    def _shelve(self, product: Product) -> None:
        self.products[product.id] = product
        self._handles[product.handle] = product.id
        self._roll.enter(product.id)

    def _check(self, product: Product) -> None:
        check(product)
        if self._handles.get(product.handle, product.id) != product.id:
            raise Refused(f"handle: {product.handle!r} has already been taken")

    def _stamp(self, before: Product, after: Product) -> None:
        """A clock that is set back does not take `updated_at` back."""
        after.updated_at = max(self.now(), before.updated_at)
        known = {variant.id: variant for variant in before.variants}
        for variant in after.variants:
            if known.get(variant.id) != variant:
                variant.updated_at = after.updated_at

    def _replace(self, before: Product, after: Product) -> None:
        if before.handle != after.handle:
            del self._handles[before.handle]
            self._handles[after.handle] = after.id
        self.products[after.id] = after

    def _body(self, product: Product) -> bytes | None:
        """None without listeners: bodies are most of the cost, and nobody would read them."""
        return webhook_body(product, self.offset) if self._listeners else None

    def _fire_body(self, topic: str, product: Product, body: bytes | None) -> None:
        if body is not None:
            self._fire(topic, product.id, body, partial=is_truncated(product))

    def _fire(self, topic: str, resource_id: int, body: bytes, *, partial: bool) -> None:
        self._triggered_at = max(self._clock().astimezone(UTC), self._triggered_at + TICK)
        event = Event(
            event_id=self._new_event_id(),
            topic=topic,
            resource_id=resource_id,
            body=body,
            id_only=deleted_body(resource_id),
            triggered_at=self._triggered_at,
            partial=partial,
        )
        for listener in self._listeners:
            listener(event)
