"""The one place where a shop, its life, its subscribers, the courier and its Admin API are put together.

Used in process by tests, and by `python -m shopify_simulator`. What never happens here: HTTP is served
(`control/` does that), or an event that fires before `start` or after `stop` is told to anybody.
"""

import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, Self

from shopify_simulator.admin.admin import Admin, App
from shopify_simulator.admin.bucket import STANDARD
from shopify_simulator.admin.faults import AdminFaults
from shopify_simulator.admin.finish import finish_event
from shopify_simulator.admin.installation import Installation
from shopify_simulator.admin.operations import Operation
from shopify_simulator.admin.writer import BulkWays
from shopify_simulator.life.life import Life
from shopify_simulator.life.opening import Opening
from shopify_simulator.shop.catalogue import stock_shelves
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.news import of_products
from shopify_simulator.shop.shop import LOCATIONS, Shop, utc_now
from shopify_simulator.shop.subscription import API_VERSION, Maker, Subscription
from shopify_simulator.shop.subscriptions import Subscriptions
from shopify_simulator.shop.topics import TOPICS
from shopify_simulator.shop.truth import moment_of
from shopify_simulator.webhooks.carriage import Carriage
from shopify_simulator.webhooks.courier import Courier
from shopify_simulator.webhooks.deliveries import Deliveries
from shopify_simulator.webhooks.faults import Faults
from shopify_simulator.webhooks.mailroom import Mailroom
from shopify_simulator.webhooks.retry import Patience
from shopify_simulator.webhooks.signing import Secrets

CLIENT_ID: Final = "simulated-app"
PRODUCT_TOPICS: Final = ("products/create", "products/update", "products/delete")
STOCK_TOPICS: Final = tuple(
    sorted(
        topic for topic in TOPICS if topic.startswith(("inventory_items/", "inventory_levels/", "locations/"))
    )
)
LOOK_SECONDS: Final = 0.01


class Simulation:
    """A shop that is stocked, may live, and tells its subscribers. Fit for several threads; started once.

    `store_key` signs what the merchant's own subscriptions get. `time_scale`: the hours of Shopify's retries
    and of a secret's rotation are so many times shorter. `access_token` opens the Admin API for ever, while
    `client_id` and the secret get tokens that expire; `plan` decides how many points it has, and `monotonic`
    gives the seconds that they come back by. `app` is what the merchant may do to the app: uninstall it, and
    change its scopes. `locations`: how many there are at first; what `stock_touches_products` and
    `tracking_touches_levels` mean, `Shop` and `Items` say.
    """

    def __init__(
        self,
        *,
        secret: str,
        store_key: str | None = None,
        domain: str = "demo.myshopify.com",
        products: int = 200,
        seed: int = 1,
        faults: Faults | None = None,
        api_version: str = API_VERSION,
        clock: Callable[[], datetime] = utc_now,
        time_scale: float = 1.0,
        patience: Patience | None = None,
        client_id: str = CLIENT_ID,
        access_token: str | None = None,
        admin_faults: AdminFaults | None = None,
        bulk: BulkWays | None = None,
        plan: str = STANDARD,
        monotonic: Callable[[], float] = time.monotonic,
        locations: int = LOCATIONS,
        stock_touches_products: bool = False,
        tracking_touches_levels: bool = True,
    ) -> None:
        self.shop = Shop(
            domain=domain,
            clock=clock,
            seed=seed,
            locations=locations,
            stock_touches_products=stock_touches_products,
            tracking_touches_levels=tracking_touches_levels,
        )
        stock_shelves(self.shop, products=products, seed=seed)
        self.life = Life(self.shop, seed=seed)
        self.subscriptions = Subscriptions(clock, api_version)
        key = store_key or secrets.token_hex(32)
        self.secrets = Secrets(secret=secret, store_key=key, clock=clock, seed=seed, time_scale=time_scale)
        self._carriage = Carriage()
        self.deliveries = Deliveries(self._carriage)
        self.courier = Courier(
            deliveries=self.deliveries,
            subscriptions=self.subscriptions,
            clock=clock,
            time_scale=time_scale,
            patience=patience,
        )
        self._mailroom = self._mailroom_with(faults or Faults(seed=seed))
        self.admin = Admin(
            self.shop,
            app=App(client_id=client_id, access_token=access_token),
            knows_secret=self.secrets.knows,
            clock=clock,
            finished=self._tell_of_bulk,
            subscriptions=self.subscriptions,
            unsubscribe=self.unsubscribe,
            monotonic=monotonic,
            faults=admin_faults or AdminFaults(seed=seed),
            ways=bulk or BulkWays(seed=seed),
            plan=plan,
        )
        self.app = Installation(
            self.shop,
            tokens=self.admin.tokens,
            subscriptions=self.subscriptions,
            tell=self._tell,
            clock=clock,
        )
        self._telling = False
        self._clock = clock
        self._threads = threading.Lock()
        self._opening: Opening | None = None

    def _mailroom_with(self, faults: Faults) -> Mailroom:
        return Mailroom(
            domain=self.shop.domain,
            faults=faults,
            subscriptions=self.subscriptions,
            secrets=self.secrets,
            carriage=self._carriage,
            deliveries=self.deliveries,
            courier=self.courier,
        )

    def start(self) -> None:
        """From now on subscribers are told of what happens."""
        self.courier.start()
        with self.shop.lock:
            self._telling = True
            self.shop.listen(self._mailroom.post, self._wanted)

    def stop(self) -> None:
        """The shop stands still, and nothing is sent any more."""
        self.live(0)
        with self._threads:
            if self._opening is not None:
                self._opening.stop()
        self.admin.close()
        with self.shop.lock:
            self._telling = False
            self.shop.unlisten(self._mailroom.post)
        self.courier.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wanted(self, topic: str) -> bool:
        """Events of products are always counted, those of stock where somebody subscribed to them."""
        return of_products(topic) or bool(self.subscriptions.of_topic(topic))

    def _tell_of_bulk(self, operation: Operation) -> None:
        """bulk_operations/finish, to whoever subscribed to it."""
        with self.shop.lock:
            self._tell(finish_event(operation, self._clock()))

    def _tell(self, event: Event) -> None:
        """What no product tells. Called with the shop's lock held."""
        if self._telling:
            self._mailroom.post(event)

    def subscribe(
        self, uri: str, topics: Iterable[str] = PRODUCT_TOPICS, made_by: Maker = "app"
    ) -> list[Subscription]:
        """One address is told of these topics. Raises Refused."""
        return [self.subscriptions.add(topic=topic, uri=uri, made_by=made_by) for topic in topics]

    def unsubscribe(self, subscription_id: int) -> bool:
        """Ends a subscription, and gives up what is still to be sent to it; False when it is not there."""
        ended = self.subscriptions.remove(subscription_id)
        self.courier.close_lane(subscription_id)
        return ended is not None

    def lose_subscriptions(self, topic: str | None = None) -> list[int]:
        """Ends those that the Admin API made: all, or a topic's. As Shopify does, it tells nobody of it."""
        return [each.id for each in self.subscriptions.of_api(topic) if self.unsubscribe(each.id)]

    def open(self, rate: float | None = None) -> int:
        """Fires products/create for each product on the shelf, so many a second; returns at once how many.

        Without a rate one follows the other. `stop` ends it half-way, `come_to_rest` waits for its end.
        """
        if rate is not None and not rate > 0:
            raise ValueError("rate: is more than 0")
        with self._threads:
            if self._opening is not None:
                self._opening.stop()
            self._opening = Opening(self.shop, rate)
            return self._opening.products

    def live(
        self,
        rate: float,
        changes: int | None = None,
        *,
        stock: float = 0.0,
        locations: Collection[int] | None = None,
        kinds: Collection[str] | None = None,
    ) -> None:
        """The shop changes by itself, so many times a second, for ever or so many times; 0 stops it.

        `stock` is the share of its changes that are of stock, from 0 to 1; those are of levels at these
        `locations` alone, and of these `kinds` (`life/stock_life.py` names them). Returns at once, as `open`
        does.
        """
        with self._threads:
            self.life.stock.choose(locations=locations, kinds=kinds)
            self.life.live(rate, changes=changes, stock_share=stock)

    def come_to_rest(self, timeout: float = 60.0) -> None:
        """The shop stands still and nothing is on its way. Raises TimeoutError after so many seconds.

        An endless life is stopped; an opening, and a life of so many changes, go on to their ends. What
        faults hold back is sent at once; retries keep their (scaled) time.
        """
        deadline = time.monotonic() + timeout
        with self._threads:
            self.life.end()
        while not self._rests():
            if time.monotonic() >= deadline:
                trips = self.deliveries.counts()["trips"]
                raise TimeoutError(f"after {timeout:g} s the shop does not rest: {trips} trips are not over")
            self.courier.flush()
            time.sleep(LOOK_SECONDS)

    def _rests(self) -> bool:
        # In this order: who fires events is looked at before what became of them.
        busy = self.life.rate_per_s > 0 or (self._opening is not None and self._opening.alive)
        return not busy and self.deliveries.counts()["trips"] == 0

    @property
    def faults(self) -> Faults:
        return self._mailroom.faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        """For the deliveries made from now on; what is held back stays so."""
        self._mailroom.faults = faults

    def truth(self, *, stock: bool = True) -> dict[str, Any]:
        """What the shop holds, and how far the newest version of each product came; of one moment.

        `stock`: with locations, items and levels, which are most of a large shop's sheet.
        """
        with self.shop.lock:
            moment = moment_of(self.shop)
            known = [*self.shop.products, *self.shop.deleted]
            standings = {str(number): self._carriage.standing("products", number) for number in known}
        # Written without the lock, which a large shop's sheet would hold for a tenth of a second.
        carried = {number: asdict(standing) for number, standing in standings.items()}
        return {**moment.sheet(stock=stock), "carried": carried}

    def status(self) -> dict[str, float]:
        """Exact counts; `rate`: changes a second; `opening`: 1 until all products are presented, else 0."""
        with self.shop.lock:
            products = list(self.shop.products.values())
            changes, stock_changes = self.shop.changes(), self.shop.stock_changes()
            counts = self.deliveries.counts()
        return {
            "products": len(products),
            "variants": sum(len(product.variants) for product in products),
            "changes": changes,
            "stock_changes": stock_changes,
            **counts,
            "subscriptions": len(self.subscriptions.all()),
            "removed_subscriptions": self.subscriptions.removed,
            "rate": self.life.rate_per_s,
            "opening": int(self._opening is not None and self._opening.alive),
        }
