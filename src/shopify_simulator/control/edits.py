"""A merchant's edit of a product: JSON with the truth's field names enters, a changed or new product leaves.

A field that is not there changes nothing. What never happens here: a rule of Shopify's (`rules.py` has the
last word), or an edit that is half done: the shop puts the whole outcome on its shelf, or none of it.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType

from shopify_simulator.shop.making import new_image, new_product, new_variant
from shopify_simulator.shop.product import DEFAULT_OPTION, DEFAULT_VALUE, Image, Option, Product, Variant
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.shop import Shop

Money = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,13}(\.[0-9]{1,2})?\Z")]
"""`19.99`: text, as the truth and Shopify write it."""


class _Form(msgspec.Struct, forbid_unknown_fields=True):
    pass


class OptionName(_Form):
    """An option's new name. Its values are the variants' ones."""

    name: str


class _VariantFields(_Form):
    sku: str | None | UnsetType = UNSET
    barcode: str | None | UnsetType = UNSET
    compare_at_price: Money | None | UnsetType = UNSET
    inventory_policy: str | UnsetType = UNSET
    taxable: bool | UnsetType = UNSET


class VariantEdit(_VariantFields, kw_only=True):
    """A change of one variant. `options`: {name: value}, those that change; `position` moves it, from 1."""

    id: int
    price: Money | UnsetType = UNSET
    inventory_quantity: int | UnsetType = UNSET
    position: Annotated[int, msgspec.Meta(ge=1)] | UnsetType = UNSET
    options: dict[str, str] = {}


class NewVariant(_VariantFields):
    """A variant to be added: a value for each option of its product."""

    price: Money = "0.00"
    inventory_quantity: int = 0
    options: dict[str, str] = {}


_DEFAULT_VARIANTS: Final = (NewVariant(options={DEFAULT_OPTION: DEFAULT_VALUE}),)


class _ProductFields(_Form):
    handle: str | UnsetType = UNSET
    body_html: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    vendor: str | None | UnsetType = UNSET
    product_type: str | None | UnsetType = UNSET
    template_suffix: str | None | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    images: list[str] | UnsetType = UNSET


class ProductEdit(_ProductFields):
    """PATCH /control/products/{id}. `options`: the new names, in order; `images`: addresses, in order."""

    title: str | UnsetType = UNSET
    options: list[OptionName] | UnsetType = UNSET
    variants: list[VariantEdit] = []
    add_variants: list[NewVariant] = []
    remove_variants: list[int] = []

    def change(self, shop: Shop) -> Callable[[Product], None]:
        """What `Shop.change` is to apply."""

        def apply(product: Product) -> None:
            if self.title is not UNSET:
                product.title = self.title
            if self.options is not UNSET:
                _rename(product.options, [option.name for option in self.options])
            for edit in self.variants:
                _edit_variant(product, edit)
            for variant_id in self.remove_variants:
                product.variants.remove(_variant_of(product, variant_id))
            for wanted in self.add_variants:
                product.variants.append(_made(shop, product, wanted))
            _set_product_fields(shop, product, self)

        return apply


class NewProduct(_ProductFields, kw_only=True):
    """POST /control/products. Without variants it has the default one, at 0.00."""

    title: str
    options: list[OptionName] = []
    variants: list[NewVariant] = []

    def make(self, shop: Shop) -> Product:
        """A product that `Shop.create` may put on its shelf."""
        names = [option.name for option in self.options] or [DEFAULT_OPTION]
        made = new_product(shop, title=self.title, options=names)
        made.variants = [_made(shop, made, wanted) for wanted in self.variants or _DEFAULT_VARIANTS]
        _set_product_fields(shop, made, self)
        return made


def _rename(options: list[Option], names: list[str]) -> None:
    if len(names) != len(options):
        raise Refused(f"options: the product has {len(options)}")
    for option, name in zip(options, names, strict=True):
        option.name = name


def _variant_of(product: Product, variant_id: int) -> Variant:
    variant = product.variant(variant_id)
    if variant is None:
        raise Refused(f"variants: the product has no variant {variant_id}")
    return variant


def _edit_variant(product: Product, edit: VariantEdit) -> None:
    variant = _variant_of(product, edit.id)
    if edit.price is not UNSET:
        variant.price_cents = cents_of(edit.price)
    if edit.inventory_quantity is not UNSET:
        variant.old_inventory_quantity = variant.inventory_quantity
        variant.inventory_quantity = edit.inventory_quantity
    for name, value in edit.options.items():
        variant.values[_index_of(product.options, name)] = value
    _set_variant_fields(variant, edit)
    if edit.position is not UNSET:
        product.variants.remove(variant)
        product.variants.insert(edit.position - 1, variant)


def _made(shop: Shop, product: Product, wanted: NewVariant) -> Variant:
    names = [option.name for option in product.options]
    if sorted(wanted.options) != sorted(names):
        raise Refused(f"variants: options: a value is needed for each of {', '.join(names)}")
    variant = new_variant(
        shop,
        values=[wanted.options[name] for name in names],
        price_cents=cents_of(wanted.price),
        quantity=wanted.inventory_quantity,
    )
    _set_variant_fields(variant, wanted)
    return variant


def _index_of(options: Iterable[Option], name: str) -> int:
    for index, option in enumerate(options):
        if option.name == name:
            return index
    raise Refused(f"options: there is no {name!r}")


def _set_variant_fields(variant: Variant, fields: _VariantFields) -> None:
    if fields.sku is not UNSET:
        variant.sku = fields.sku
    if fields.barcode is not UNSET:
        variant.barcode = fields.barcode
    if fields.compare_at_price is not UNSET:
        text = fields.compare_at_price
        variant.compare_at_cents = None if text is None else cents_of(text)
    if fields.inventory_policy is not UNSET:
        variant.inventory_policy = fields.inventory_policy
    if fields.taxable is not UNSET:
        variant.taxable = fields.taxable


def _set_product_fields(shop: Shop, product: Product, fields: _ProductFields) -> None:
    for name in ("handle", "body_html", "status", "template_suffix"):
        if (given := getattr(fields, name)) is not UNSET:
            setattr(product, name, given)
    if fields.vendor is not UNSET:
        product.vendor = fields.vendor or ""
    if fields.product_type is not UNSET:
        product.product_type = fields.product_type or ""
    if fields.tags is not UNSET:
        product.tags = list(fields.tags)
    if fields.images is not UNSET:
        product.images = _images(shop, product, fields.images)


def _images(shop: Shop, product: Product, sources: list[str]) -> list[Image]:
    """Those that are there stay the same images; the others are new."""
    held = {image.src: image for image in product.images}
    return [held.get(src) or _image(shop, product, src) for src in dict.fromkeys(sources)]


def _image(shop: Shop, product: Product, src: str) -> Image:
    image = new_image(shop, product)
    image.src = src
    return image


def cents_of(text: str) -> int:
    """`19.9` -> 1990. The text has the form of `Money`."""
    units, _, rest = text.partition(".")
    return int(units) * 100 + int(rest.ljust(2, "0"))
