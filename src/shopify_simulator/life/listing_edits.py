"""Edits of a product as a whole: title, status, tags, words, options, images.

Each one takes the merchant and the product on the shelf, and answers how to change the shop's copy, or None.
"""

from collections.abc import Callable

from shopify_simulator.life.merchant import Apply, Merchant
from shopify_simulator.shop import words
from shopify_simulator.shop.making import handle_for, new_image
from shopify_simulator.shop.product import Option, Product
from shopify_simulator.shop.rules import LONGEST_TEXT

MOST_IMAGES = 10
SUFFIXES = (" (new)", " II", " - Restock", " ✨", " für alle", "")


def retitle(merchant: Merchant, _: Product) -> Apply:
    """A suffix comes, changes or goes; the handle mostly stays."""
    suffix, moves = merchant.pick(SUFFIXES), merchant.chance(0.2)

    def apply(product: Product) -> None:
        plain = product.title
        for each in SUFFIXES:
            plain = plain.removesuffix(each) or plain
        product.title = (plain + suffix)[:LONGEST_TEXT]
        wanted = handle_for(product.title)
        if moves and wanted != product.handle:
            product.handle = merchant.shop.free_handle(wanted)

    return apply


def set_status(merchant: Merchant, current: Product) -> Apply:
    """Mostly back to active, so that a shop does not fade away."""
    weighed = ("active", "active", "active", "draft", "archived", "unlisted")
    status = merchant.pick([each for each in weighed if each != current.status])

    def apply(product: Product) -> None:
        product.status = status
        product.published_at = None if status == "draft" else product.published_at or merchant.shop.now()

    return apply


def retag(merchant: Merchant, _: Product) -> Apply:
    tag = merchant.pick(words.TAGS)

    def apply(product: Product) -> None:
        others = [each for each in product.tags if each != tag]
        product.tags = others if len(others) < len(product.tags) else [*others, tag]

    return apply


def describe(merchant: Merchant, _: Product) -> Apply:
    """Fields that receivers copy, and fields that most of them leave out."""
    vendor, kind = merchant.pick(words.VENDORS), merchant.pick(words.GARMENTS)[1]
    text, category = merchant.pick(words.DESCRIPTIONS), merchant.pick((None, *words.CATEGORIES))

    def apply(product: Product) -> None:
        product.vendor, product.product_type = vendor, kind
        product.body_html, product.category = text, category
        product.template_suffix = None if product.template_suffix else "wide"

    return apply


def save_unchanged(_merchant: Merchant, _: Product) -> Apply:
    """Pressing Save, or a metafield's change: a new `updated_at`, and nothing else to see."""
    return lambda _: None


def rename_option(merchant: Merchant, current: Product) -> Apply | None:
    """Size becomes Größe, and back."""
    if not current.has_options:
        return None
    index = merchant.random.randrange(len(current.options))
    taken = {option.name for option in current.options}
    free = [name for name in _names_like(current.options[index].name) if name not in taken]
    if not free:
        return None
    name = merchant.pick(free)

    def apply(product: Product) -> None:
        product.options[index].name = name

    return apply


def rename_value(merchant: Merchant, current: Product) -> Apply | None:
    """All variants of one colour get another word for it."""
    if not current.has_options:
        return None
    index = merchant.random.randrange(len(current.options))
    old = merchant.pick(current.options[index].values)
    new = old.removesuffix("*") if old.endswith("*") else f"{old}*"
    if new in current.options[index].values:
        return None

    def apply(product: Product) -> None:
        _rename(product, index, old, new)

    return apply


def give_options(merchant: Merchant, current: Product) -> Apply | None:
    """A product of one variant gets a real option; the next edits may add variants."""
    if current.has_options or merchant.chance(0.5):
        return None
    size = merchant.pick(words.SIZES)

    def apply(product: Product) -> None:
        product.options = [Option(id=merchant.shop.numbers.option(), name="Size", values=[size])]
        product.variants[0].values = [size]

    return apply


def edit_images(merchant: Merchant, current: Product) -> Apply:
    """One is added, taken off, moved to the front, or shown with a variant."""
    ways: list[Callable[[Merchant, Product], None]] = [_add_image]
    if current.images:
        ways += [_remove_image, _front_image, _show_with_variant]
    if len(current.images) >= MOST_IMAGES:
        ways = [_remove_image]
    way = merchant.pick(ways)
    return lambda product: way(merchant, product)


def _add_image(merchant: Merchant, product: Product) -> None:
    product.images.append(new_image(merchant.shop, product, alt=product.title[:100]))


def _remove_image(merchant: Merchant, product: Product) -> None:
    product.images.remove(merchant.pick(product.images))


def _front_image(_merchant: Merchant, product: Product) -> None:
    product.images.insert(0, product.images.pop())


def _show_with_variant(merchant: Merchant, product: Product) -> None:
    merchant.pick(product.variants).image_id = merchant.pick(product.images).id


def _names_like(name: str) -> tuple[str, ...]:
    for plain, others in words.OPTION_NAMES.items():
        if name == plain or name in others:
            return (plain, *others)
    return ()


def _rename(product: Product, index: int, old: str, new: str) -> None:
    # In the option too, or the new word would move behind the others.
    values = product.options[index].values
    values[values.index(old)] = new
    for variant in product.variants:
        if variant.values[index] == old:
            variant.values[index] = new
