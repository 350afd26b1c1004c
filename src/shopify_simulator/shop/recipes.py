"""How each kind of product is made: apparel, single goods, three options, odd titles, very wide ones.

A seeded Random decides, so the same seed makes the same products. What never happens here: shelving one.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle, islice, product
from random import Random
from typing import TypeVar

from shopify_simulator.shop import words
from shopify_simulator.shop.codes import Codes
from shopify_simulator.shop.making import new_image, new_product, new_variant
from shopify_simulator.shop.product import DEFAULT_OPTION, DEFAULT_VALUE, Product, Variant
from shopify_simulator.shop.shop import Shop

T = TypeVar("T")

Axes = Mapping[str, Sequence[str]]
"""The options of a product, and the values of each."""

STATUSES = (*["active"] * 8, "draft", "archived", "unlisted")
IMAGE_COUNTS = (1, 0, 2, 1, 4)
PRICINGS = (*["plain"] * 9, "on sale", "on sale", "on sale", "free")
OLDEST_DAYS = 900
NO_AXES: Axes = {DEFAULT_OPTION: (DEFAULT_VALUE,)}


class Recipes:
    """Makes products that suit the shop. Traits go round in turns: a small catalogue has all of them."""

    def __init__(self, shop: Shop, random: Random) -> None:
        self._shop = shop
        self._random = random
        self.codes = Codes(random)
        self._kinds = self._turns(self._kinds_of_products())
        self._statuses = self._turns(STATUSES)
        self._image_counts = self._turns(IMAGE_COUNTS)
        self._pricings = self._turns(PRICINGS)
        self._hostile_titles = self._turns(words.HOSTILE_TITLES)
        self._foreign_titles = self._turns(words.FOREIGN_TITLES)

    def any(self, at: datetime) -> Product:
        """The next kind of product, made at that instant."""
        return next(self._kinds)(at)

    def apparel(self, at: datetime) -> Product:
        """Colour by size."""
        return self._garment(at, {"Color": self._some(words.COLOURS, 3), "Size": self._run_of_sizes()})

    def sized(self, at: datetime) -> Product:
        return self._garment(at, {"Size": self._run_of_sizes()})

    def three_options(self, at: datetime) -> Product:
        return self._garment(
            at,
            {
                "Size": self._run_of_sizes(),
                "Color": self._some(words.COLOURS, 2),
                "Material": self._some(words.MATERIALS, 2),
            },
        )

    def single(self, at: datetime) -> Product:
        """One variant, no options."""
        name, kind, cents = self._random.choice(words.SINGLES)
        title = f"{name}, {self._random.choice((*words.COLOURS, *words.SCENTS))}"
        return self._make(at, title, kind, cents, NO_AXES)

    def hostile(self, at: datetime) -> Product:
        """A title that breaks careless software."""
        title = next(self._hostile_titles)
        return self._make(at, title, "Oddities", 4_200, {"Size": self._run_of_sizes()})

    def foreign(self, at: datetime) -> Product:
        title = next(self._foreign_titles)
        return self._make(at, title, "Shirts", 3_900, {"Color": self._some(words.COLOURS, 3)})

    def wide(self, at: datetime, variants: int) -> Product:
        """One with 101 variants and more, up to 2,048: its bodies are truncated."""
        if variants > len(words.SIZES) * len(words.COLOURS):
            axes = {"Size": words.SIZES, "Color": words.COLOURS, "Material": words.MATERIALS}
            return self._make(at, "Made to Measure Shirt", "Shirts", 12_900, axes, most=variants)
        numbers = [f"No. {number:03}" for number in range(1, variants + 1)]
        return self._make(at, "Sewing Thread 500 m", "Haberdashery", 390, {"Color": numbers})

    def _kinds_of_products(self) -> tuple[Callable[[datetime], Product], ...]:
        many = (*[self.apparel] * 4, *[self.single] * 3)
        return (*many, self.sized, self.three_options, self.hostile, self.foreign)

    def _turns(self, of: Sequence[T]) -> "cycle[T]":
        return cycle(self._random.sample(of, len(of)))

    def _garment(self, at: datetime, axes: Axes) -> Product:
        name, kind, cents = self._random.choice(words.GARMENTS)
        title = f"{self._random.choice(words.ADJECTIVES)} {name} {self._random.choice(words.SERIES)}"
        return self._make(at, title.strip(), kind, cents, axes)

    def _make(
        self, at: datetime, title: str, kind: str, cents: int, axes: Axes, *, most: int = 2_048
    ) -> Product:
        made = new_product(self._shop, title=title, options=list(axes), at=at)
        made.status = next(self._statuses)
        made.published_at = None if made.status == "draft" else at
        made.product_type = kind
        made.vendor = self._random.choice(words.VENDORS)
        made.tags = sorted(self._random.sample(words.TAGS, self._random.randrange(4)))
        made.body_html = self._random.choice(words.DESCRIPTIONS)
        made.category = self._random.choice((None, None, *words.CATEGORIES))
        made.variants = self._variants(made, list(islice(product(*axes.values()), most)), cents)
        self._illustrate(made)
        return made

    def _variants(self, made: Product, combinations: list[tuple[str, ...]], about: int) -> list[Variant]:
        stem = "".join(letter for letter in made.handle[:3].upper() if letter.isascii()) or "SKU"
        pricing = next(self._pricings)
        cents = 0 if pricing == "free" else about + self._random.randrange(-10, 40) * 5
        variants = []
        codes = self.codes.for_product(stem, len(combinations))
        for values, (sku, barcode) in zip(combinations, codes, strict=True):
            variant = new_variant(
                self._shop,
                values=values,
                price_cents=cents,
                sku=sku,
                barcode=barcode,
                quantity=self._random.randrange(-1, 40),
                at=made.updated_at,
            )
            variant.compare_at_cents = cents + cents // 4 if pricing == "on sale" else None
            variant.inventory_policy = "continue" if variant.inventory_quantity < 0 else "deny"
            variants.append(variant)
        return variants

    def _illustrate(self, made: Product) -> None:
        alts = (None, made.title[:100], "")
        for number in range(next(self._image_counts)):
            made.images.append(new_image(self._shop, made, alt=alts[number % 3], at=made.created_at))
        if len(made.images) > 1:
            for variant in made.variants[::2]:
                variant.image_id = self._random.choice(made.images).id

    def _some(self, of: Sequence[str], most: int) -> list[str]:
        return self._random.sample(of, self._random.randrange(1, most + 1))

    def _run_of_sizes(self) -> Sequence[str]:
        """Neighbours, as sizes come."""
        start = self._random.randrange(4)
        return words.SIZES[start : start + self._random.randrange(2, 6)]


def some_time_ago(random: Random, now: datetime, *, days: int = OLDEST_DAYS) -> datetime:
    """Whole seconds, at least one before `now`."""
    return now - timedelta(seconds=random.randrange(1, days * 86_400))
