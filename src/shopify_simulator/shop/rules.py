"""Shopify's rules for a product: what it puts straight by itself, and what it refuses.

A product enters as someone changed it; it leaves consistent, or Refused is raised. What never happens here:
a look at other products.
"""

from shopify_simulator.shop.product import Option, Product, Variant

MOST_VARIANTS, MOST_OPTIONS, MOST_TAGS, LONGEST_TEXT = 2_048, 3, 250, 255
STATUSES = ("active", "draft", "archived", "unlisted")
POLICIES = ("deny", "continue")
MOST_CENTS = 10**14
"""Shopify's prices have at most 15 digits or so; beyond, nobody sells shirts."""
MOST_PIECES = 2**31 - 1
"""The Admin API's quantities are GraphQL Ints: 32 bits with a sign."""


class Refused(ValueError):
    """The message says which field Shopify refuses, and why."""


def straighten(product: Product) -> None:
    """What Shopify derives: positions from the order of the lists, titles and option values from variants."""
    for position, variant in enumerate(product.variants, 1):
        variant.position = position
        variant.title = " / ".join(variant.values)
    for position, image in enumerate(product.images, 1):
        image.position = position
    for index, option in enumerate(product.options):
        option.values = _used(option, index, product.variants)
    images = {image.id for image in product.images}
    for variant in product.variants:
        if variant.image_id not in images:
            variant.image_id = None
    product.tags = list(dict.fromkeys(product.tags))


def check(product: Product) -> None:
    """Raises Refused for what Shopify would not store."""
    _check_text("title", product.title, needed=True)
    _check_text("handle", product.handle, needed=True)
    _check_text("vendor", product.vendor)
    _check_text("product_type", product.product_type)
    if product.status not in STATUSES:
        raise Refused(f"status: {product.status!r} is none of {', '.join(STATUSES)}")
    _check_unicode("body_html", product.body_html)
    _check_unicode("template_suffix", product.template_suffix)
    for image in product.images:
        _check_unicode("images", image.src)
        _check_unicode("images", image.alt)
    _check_tags(product.tags)
    _check_options(product.options)
    _check_variants(product)


def _used(option: Option, index: int, variants: list[Variant]) -> list[str]:
    """Only values that a variant has; those that were there keep their order, new ones follow."""
    used = dict.fromkeys(variant.values[index] for variant in variants if index < len(variant.values))
    kept = [value for value in option.values if used.pop(value, True) is None]
    return kept + list(used)


def _check_text(name: str, text: str, *, needed: bool = False) -> None:
    if needed and not text.strip():
        raise Refused(f"{name}: can't be blank")
    if len(text) > LONGEST_TEXT:
        raise Refused(f"{name}: is longer than {LONGEST_TEXT} characters")
    if "\x00" in text:
        raise Refused(f"{name}: contains a NUL character")
    _check_unicode(name, text)


def _check_unicode(name: str, text: str | None) -> None:
    """Half a surrogate pair cannot be written as UTF-8. All else may stand in these texts, a NUL too."""
    try:
        (text or "").encode()
    except UnicodeEncodeError:
        raise Refused(f"{name}: contains half a surrogate pair") from None


def _check_tags(tags: list[str]) -> None:
    if len(tags) > MOST_TAGS:
        raise Refused(f"tags: there are more than {MOST_TAGS}")
    for tag in tags:
        _check_text("tags", tag, needed=True)
        # A body writes tags as one text with commas, and receivers strip the parts.
        if "," in tag or tag != tag.strip():
            raise Refused(f"tags: {tag!r} holds a comma, or blanks at an end")


def _check_options(options: list[Option]) -> None:
    if not 1 <= len(options) <= MOST_OPTIONS:
        raise Refused(f"options: a product has 1 to {MOST_OPTIONS}")
    for option in options:
        _check_text("options", option.name, needed=True)
    if len({option.name for option in options}) < len(options):
        raise Refused("options: two of them have one name")


def _check_variants(product: Product) -> None:
    variants = product.variants
    if not 1 <= len(variants) <= MOST_VARIANTS:
        raise Refused(f"variants: a product has 1 to {MOST_VARIANTS}")
    if len({variant.id for variant in variants}) < len(variants):
        raise Refused("variants: two of them have one id")
    if len({tuple(variant.values) for variant in variants}) < len(variants):
        raise Refused("variants: two of them have the same option values")
    for variant in variants:
        _check_variant(variant, len(product.options))


def _check_variant(variant: Variant, options: int) -> None:
    if len(variant.values) != options or not all(variant.values):
        raise Refused(f"variant {variant.id}: needs one value for each of {options} options")
    for value in variant.values:
        _check_text("option value", value)
    _check_text("sku", variant.sku or "")
    _check_text("barcode", variant.barcode or "")
    if not 0 <= variant.price_cents < MOST_CENTS:
        raise Refused(f"variant {variant.id}: price: must be 0 or more")
    if not 0 <= (variant.compare_at_cents or 0) < MOST_CENTS:
        raise Refused(f"variant {variant.id}: compare_at_price: must be 0 or more")
    if abs(variant.inventory_quantity) > MOST_PIECES:
        raise Refused(f"variant {variant.id}: inventory_quantity: is more than {MOST_PIECES}")
    if variant.inventory_policy not in POLICIES:
        raise Refused(f"variant {variant.id}: inventory_policy: is none of {', '.join(POLICIES)}")
