"""Edits of variants: prices, codes, barcodes, stock; variants that come, go and come back.

Each one takes the merchant and the product on the shelf, and answers how to change the shop's copy, or None.
"""

from collections.abc import Callable

from shopify_simulator.life.merchant import Apply, Merchant
from shopify_simulator.shop import words
from shopify_simulator.shop.making import new_variant
from shopify_simulator.shop.product import Product, Variant
from shopify_simulator.shop.rules import MOST_VARIANTS

MOST_CENTS_ASKED = 500_000


def reprice(merchant: Merchant, current: Product) -> Apply:
    """One variant costs a little more or less; now and then it is free."""
    step, free = merchant.random.randrange(-20, 25) * 5, merchant.chance(0.02)

    def apply(variant: Variant) -> None:
        cents = max(0, min(MOST_CENTS_ASKED, variant.price_cents + step))
        variant.price_cents = 0 if free else cents

    return _one(merchant, current, apply)


def run_sale(_merchant: Merchant, current: Product) -> Apply:
    """All variants at a fifth off with the old price shown, or the end of that."""
    ends = any(variant.compare_at_cents is not None for variant in current.variants)

    def apply(product: Product) -> None:
        for variant in product.variants:
            if ends:
                variant.price_cents = variant.compare_at_cents or variant.price_cents
                variant.compare_at_cents = None
            else:
                variant.compare_at_cents = variant.price_cents
                variant.price_cents = variant.price_cents * 4 // 5

    return apply


def sell(merchant: Merchant, current: Product) -> Apply:
    """Some are sold (below zero where that is allowed), or new ones arrive."""
    sold, restocked = merchant.random.randrange(1, 4), merchant.chance(0.2)

    def apply(variant: Variant) -> None:
        variant.old_inventory_quantity = variant.inventory_quantity
        if restocked or (variant.inventory_quantity < sold and variant.inventory_policy == "deny"):
            variant.inventory_quantity += 24
        else:
            variant.inventory_quantity -= sold

    return _one(merchant, current, apply)


def recode(merchant: Merchant, current: Product) -> Apply:
    """A new code, none, an empty one, or one that another product has too."""
    draw = merchant.random.random()
    if draw < 0.15:
        code = None
    elif draw < 0.25:
        code = ""
    else:
        code = merchant.codes.shared() if draw < 0.4 else merchant.codes.fresh("NEW")

    def apply(variant: Variant) -> None:
        variant.sku = code

    return _one(merchant, current, apply)


def rebarcode(merchant: Merchant, current: Product) -> Apply:
    barcode = merchant.codes.ean() if merchant.chance(0.7) else merchant.pick((None, ""))

    def apply(variant: Variant) -> None:
        variant.barcode = barcode

    return _one(merchant, current, apply)


def set_rules(merchant: Merchant, current: Product) -> Apply:
    """Whether it is taxed, and whether it may be sold when there is none."""

    def apply(variant: Variant) -> None:
        variant.taxable = not variant.taxable
        variant.inventory_policy = "continue" if variant.inventory_policy == "deny" else "deny"

    return _one(merchant, current, apply)


def add_variant(merchant: Merchant, current: Product) -> Apply | None:
    """A new value of one option, otherwise like a variant that is there."""
    if not current.has_options or len(current.variants) >= MOST_VARIANTS:
        return None
    index = merchant.random.randrange(len(current.options))
    like = merchant.pick(current.variants)
    values = list(like.values)
    values[index] = _unused_value(merchant, current, index)
    if _taken(current, values):
        return None
    added = new_variant(
        merchant.shop,
        values=values,
        price_cents=like.price_cents,
        sku=merchant.codes.fresh("ADD"),
        barcode=merchant.codes.ean(),
        quantity=merchant.random.randrange(30),
    )
    return lambda product: product.variants.append(added)


def remove_variant(merchant: Merchant, current: Product) -> Apply | None:
    """One goes, and is remembered; the last one never does."""
    if len(current.variants) < 2:
        return None
    gone = merchant.pick(current.variants)
    merchant.remember(current, gone)

    def apply(product: Product) -> None:
        product.variants = [variant for variant in product.variants if variant.id != gone.id]

    return apply


def return_variant(merchant: Merchant, current: Product) -> Apply | None:
    """One that was removed comes back with its code: under a new id, or sometimes under its old one.

    Shopify gives new ids; but receivers also meet the old one again, after an older body or a restored shop.
    """
    kept = merchant.removed.get(current.id)
    if not kept or len(current.variants) >= MOST_VARIANTS:
        return None
    back = kept.pop()
    if len(back.values) != len(current.options) or _taken(current, back.values):
        return None
    if merchant.chance(0.6):
        back.id = merchant.shop.numbers.variant()
        back.inventory_item_id = merchant.shop.numbers.inventory_item()
        back.created_at = merchant.shop.now()
    return lambda product: product.variants.append(back)


def reorder(_merchant: Merchant, current: Product) -> Apply | None:
    """The last variant becomes the first: all positions change, and nothing else."""
    if len(current.variants) < 2:
        return None
    return lambda product: product.variants.insert(0, product.variants.pop())


def _one(merchant: Merchant, current: Product, apply: Callable[[Variant], None]) -> Apply:
    index = merchant.random.randrange(len(current.variants))
    return lambda product: apply(product.variants[index])


def _unused_value(merchant: Merchant, product: Product, index: int) -> str:
    option = product.options[index]
    known = words.SPARE_VALUES.get(option.name, ())
    spare = [value for value in known if value not in option.values]
    return merchant.pick(spare) if spare else f"{option.name} {merchant.random.randrange(1_000_000)}"


def _taken(product: Product, values: list[str]) -> bool:
    return any(variant.values == values for variant in product.variants)
