"""The shop: products on a shelf, one lock, and an event for each change, in the order of commits.

A product enters whole (`create`, `stock`), is replaced by a changed copy (`change`) and leaves (`delete`).
Its stock follows; what else happens to that stands in `items`, `levels` and `locations`.
What never happens here: a product changed in place, an event for a refused change, a change whose body cannot
be written, an `updated_at` that goes back, two events with one `triggered_at`.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from random import Random

from shopify_simulator.shop.bodies import deleted_body, is_truncated, webhook_body
from shopify_simulator.shop.items import Items
from shopify_simulator.shop.levels import Levels
from shopify_simulator.shop.locations import Locations
from shopify_simulator.shop.news import Listener, News, Wants, of_products, random_event_id
from shopify_simulator.shop.numbers import Numbers
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.roll import Roll
from shopify_simulator.shop.rules import Refused, check, straighten
from shopify_simulator.shop.storeroom import Storeroom
from shopify_simulator.shop.timeline import Timeline

NEW_YORK_WINTER = timezone(timedelta(hours=-5))
LOCATIONS = 3
OPENED_AGO = timedelta(days=1_000)


class UnknownProduct(LookupError):
    """No product with this id is on the shelf: it never was, or it was deleted."""


def utc_now() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def _as_it_is(_: Product) -> None:
    """The change of a merchant who only presses Save."""


class Shop:
    """See the module. Safe to use from several threads; listeners are called with the lock held.

    `locations`: how many it has at first. `stock_touches_products`: a change of what is available saves the
    product, too (products/update, `updated_at`), as Shopify's staff once said; no page of today's does.
    """

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
        locations: int = LOCATIONS,
        stock_touches_products: bool = False,
        tracking_touches_levels: bool = True,
    ) -> None:
        self.domain = domain
        self.name = name
        self.currency = currency
        self.offset = offset
        self.seed = seed
        self.lock = threading.RLock()
        self.products: dict[int, Product] = {}
        self.deleted: dict[int, datetime] = {}
        self.timeline = Timeline()
        self.numbers = Numbers(seed)
        self.stock_touches_products = stock_touches_products
        self._clock = clock
        self._news = News(clock=clock, new_event_id=new_event_id)
        self._handles: dict[str, int] = {}
        self._twins: Counter[str] = Counter()
        self._roll = Roll()
        self._changes = 0
        self._storeroom = Storeroom(
            products=self.products, news=self._news, lock=self.lock, now=self.now, offset=offset
        )
        self.inventory = self._storeroom.inventory
        self.levels = Levels(self._storeroom, touched=self._stock_changed)
        self.items = Items(self._storeroom, self.levels, tracking_touches_levels=tracking_touches_levels)
        self.locations = Locations(self._storeroom, new_id=self.numbers.location)
        self.locations.begin(locations, self.now() - OPENED_AGO)

    def now(self) -> datetime:
        """The present in whole seconds, as Shopify writes `updated_at`."""
        return self._clock().astimezone(UTC).replace(microsecond=0)

    def changes(self) -> int:
        """How many products were created, changed or deleted so far; stocking does not count."""
        return self._changes

    def home_of(self, item_id: int) -> int:
        """The id of the product whose item this is or was, or 0."""
        return self._storeroom.home_of(item_id)

    def stock_changes(self) -> int:
        """How many changes of locations, items and levels there were so far."""
        return self._storeroom.changes

    def listen(self, listener: Listener, wants: Wants = of_products) -> None:
        """From now on `listener` gets every event whose topic it `wants`, in the order of commits, while the
        lock is held.

        It must not raise: what it is told of has happened. Nor must `wants`, which may be asked at any time.
        """
        with self.lock:
            self._news.add(listener, wants)

    def unlisten(self, listener: Listener) -> None:
        """It is told no more; nothing where it never was."""
        with self.lock:
            self._news.remove(listener)

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
        """Puts a new product on the shelf; fires products/create, and its items follow. Raises Refused."""
        with self.lock:
            self._check_new(product)
            body = self._body(product)
            self._shelve(product)
            self.timeline.note("create", product, self.now())
            self._changes += 1
            act = self._fire_body("products/create", product, body)
            for variant in product.variants:
                self.items.came(variant, act)
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
            self.timeline.note_publication(before, after, after.updated_at)
            self._changes += 1
            act = self._fire_body("products/update", after, body)
            self.items.followed(before, after, act)
            return self.products[product_id]

    def delete(self, product_id: int) -> None:
        """Takes a product off the shelf for good; fires products/delete. Raises UnknownProduct."""
        with self.lock:
            product = self.get(product_id)
            del self.products[product_id]
            del self._handles[product.handle]
            self._roll.strike(product_id)
            self.deleted[product_id] = self.now()
            self.timeline.note("destroy", product, self.deleted[product_id])
            self._changes += 1
            act = self._fire_body("products/delete", product, deleted_body(product_id))
            for variant in product.variants:
                self.items.went(variant, act)

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
        """Fires products/create for a stocked product as it is, and for its items: the shop opens.

        Raises UnknownProduct.
        """
        with self.lock:
            product = self.get(product_id)
            act = self._fire_body("products/create", product, self._body(product))
            for variant in product.variants:
                self.items.came(variant, act)

    def _stock_changed(self, item_id: int) -> None:
        if self.stock_touches_products:
            self.change(self._storeroom.find(item_id)[0].id, _as_it_is)

    def _check_new(self, product: Product) -> None:
        if product.id in self.products or product.id in self.deleted:
            raise Refused(f"the id {product.id} is taken")
        straighten(product)
        self._check(product)

    def _shelve(self, product: Product) -> None:
        self.products[product.id] = product
        self._handles[product.handle] = product.id
        self._roll.enter(product.id)
        self._storeroom.shelved(product)

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
        self._storeroom.shelved(after)

    def _body(self, product: Product) -> bytes | None:
        """None without listeners: bodies are most of the cost, and nobody would read them."""
        return webhook_body(product, self.offset) if self._news.wanted("products/update") else None

    def _fire_body(self, topic: str, product: Product, body: bytes | None) -> str:
        """The act's event id: what follows from it bears it, too."""
        act = self._news.new_event_id()
        if body is not None:
            id_only, partial = deleted_body(product.id), is_truncated(product) and topic != "products/delete"
            self._news.tell(topic, product.id, body, id_only=id_only, partial=partial, event_id=act)
        return act
