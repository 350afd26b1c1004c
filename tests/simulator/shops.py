"""Shops to test with: a clock that stands still until it is moved, and a catalogue from a seed."""

import threading
from datetime import UTC, datetime, timedelta

from shopify_simulator.shop.catalogue import stock_shelves
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.making import new_image, new_product, new_variant
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.shop import Shop

DOMAIN = "one.myshopify.com"


class StandingClock:
    """The present, until `advance`; a negative step sets it back."""

    def __init__(self) -> None:
        self.present = datetime(2026, 11, 22, 10, 30, 15, 123_456, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.present

    def advance(self, seconds: float) -> None:
        self.present += timedelta(seconds=seconds)


class Told(list[Event]):
    """The events that a shop fired since this began to listen."""

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        shop.listen(self.append)

    @property
    def topics(self) -> list[str]:
        return [event.topic for event in self]


def empty_shop(clock: StandingClock | None = None, *, seed: int = 1) -> Shop:
    return Shop(domain=DOMAIN, clock=clock or StandingClock(), seed=seed)


def stocked_shop(products: int, *, seed: int = 1, clock: StandingClock | None = None) -> Shop:
    shop = empty_shop(clock, seed=seed)
    stock_shelves(shop, products=products, seed=seed)
    return shop


def shirt(shop: Shop, *sizes: str, title: str = "Shirt") -> Product:
    """A shirt in some sizes, with codes S-1, S-2 ..., not shelved yet."""
    made = new_product(shop, title=title, options=["Size"])
    made.variants = [
        new_variant(shop, values=[size], price_cents=1999, sku=f"S-{number}", quantity=5)
        for number, size in enumerate(sizes or ("M",), 1)
    ]
    return made


def illustrated(shop: Shop, made: Product, images: int) -> Product:
    """The same, with images; the first one shows the first variant."""
    made.images = [new_image(shop, made) for _ in range(images)]
    made.variants[0].image_id = made.images[0].id
    return made


def locked_for_others(shop: Shop) -> bool:
    """Whether another thread would have to wait for the shop."""
    got: list[bool] = []

    def attempt() -> None:
        got.append(shop.lock.acquire(blocking=False))
        if got[0]:
            shop.lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return not got[0]
