"""Stocks a shop: as many products as asked for, from a seed, with all that makes receivers stumble.

What never happens here: an event. Listeners learn of the catalogue when the shop opens (`Shop.present`).
"""

from datetime import timedelta
from random import Random

from shopify_simulator.shop.product import Product
from shopify_simulator.shop.recipes import Recipes, some_time_ago
from shopify_simulator.shop.rules import MOST_VARIANTS
from shopify_simulator.shop.shop import Shop

JUST_TOO_WIDE = 101
"""One variant more than a webhook body carries."""

LARGE_CATALOGUE = 50
"""From so many products on, one has as many variants as Shopify allows."""


def stock_shelves(shop: Shop, *, products: int, seed: int) -> None:
    """Fills an empty shop. The same seed, shop and instant: the same products with the same ids."""
    random = Random(seed)
    recipes = Recipes(shop, random)
    now = shop.now()
    wide = _wide_ones(products)
    for number in range(products):
        at = some_time_ago(random, now)
        variants = wide.get(number)
        made = recipes.any(at) if variants is None else recipes.wide(at, variants)
        _age(made, random, shop)
        shop.stock(made)


def _wide_ones(products: int) -> dict[int, int]:
    """Which ones have how many variants: in the middle, where tests of paging do not expect them."""
    if products < LARGE_CATALOGUE:
        return {products // 2: JUST_TOO_WIDE}
    return {products // 2: JUST_TOO_WIDE, products // 3: MOST_VARIANTS}


def _age(made: Product, random: Random, shop: Shop) -> None:
    """Since it was made, some variants were edited, each at its own time."""
    now = shop.now()
    for variant in made.variants[1::3]:
        edited = made.created_at + timedelta(seconds=random.randrange(1, 30 * 86_400))
        variant.updated_at = min(edited, now)
    made.updated_at = max(made.updated_at, *(variant.updated_at for variant in made.variants))
