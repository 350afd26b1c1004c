"""A product as the shop holds it: options, images, variants; money in cents, instants aware, whole seconds.

Once on the shop's shelf a product is never changed in place: the shop puts a changed copy there instead, so
whoever holds one may read it without the lock. What never happens here: a rule of Shopify's (`rules.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

DEFAULT_OPTION, DEFAULT_VALUE = "Title", "Default Title"
"""What Shopify calls the only option of a product without options, and its only value."""


@dataclass(slots=True, kw_only=True)
class Option:
    """A name such as `Size`, and its values in the merchant's order."""

    id: int
    name: str
    values: list[str]

    def copy(self) -> "Option":
        return Option(id=self.id, name=self.name, values=list(self.values))


@dataclass(slots=True, kw_only=True)
class Image:
    """An image; `media_id` is the same one in the media library. `width` and `height` are pixels."""

    id: int
    media_id: int
    src: str
    alt: str | None
    position: int
    width: int
    height: int
    created_at: datetime
    updated_at: datetime

    def copy(self) -> "Image":
        return Image(
            id=self.id,
            media_id=self.media_id,
            src=self.src,
            alt=self.alt,
            position=self.position,
            width=self.width,
            height=self.height,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A place in Shopify's product taxonomy."""

    gid: str
    name: str
    full_name: str


@dataclass(slots=True, kw_only=True)
class Variant:
    """What is sold: one value for each option of its product."""

    id: int
    inventory_item_id: int
    title: str
    sku: str | None
    barcode: str | None
    price_cents: int
    compare_at_cents: int | None
    position: int
    values: list[str]
    image_id: int | None
    taxable: bool
    inventory_policy: str
    inventory_quantity: int
    old_inventory_quantity: int
    created_at: datetime
    updated_at: datetime

    def copy(self) -> "Variant":
        # By hand: `copy.copy` takes three times as long, and a product has up to 2,048 of these.
        return Variant(
            id=self.id,
            inventory_item_id=self.inventory_item_id,
            title=self.title,
            sku=self.sku,
            barcode=self.barcode,
            price_cents=self.price_cents,
            compare_at_cents=self.compare_at_cents,
            position=self.position,
            values=list(self.values),
            image_id=self.image_id,
            taxable=self.taxable,
            inventory_policy=self.inventory_policy,
            inventory_quantity=self.inventory_quantity,
            old_inventory_quantity=self.old_inventory_quantity,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


@dataclass(slots=True, kw_only=True)
class Product:
    """A product with all that belongs to it; `status` is active, draft, archived or unlisted."""

    id: int
    title: str
    handle: str
    body_html: str
    status: str
    vendor: str
    product_type: str
    tags: list[str]
    options: list[Option]
    images: list[Image]
    variants: list[Variant]
    category: Category | None
    template_suffix: str | None
    published_at: datetime | None
    published_scope: str
    created_at: datetime
    updated_at: datetime

    def copy(self) -> "Product":
        """A copy that shares nothing that can change."""
        return Product(
            id=self.id,
            title=self.title,
            handle=self.handle,
            body_html=self.body_html,
            status=self.status,
            vendor=self.vendor,
            product_type=self.product_type,
            tags=list(self.tags),
            options=[option.copy() for option in self.options],
            images=[image.copy() for image in self.images],
            variants=[variant.copy() for variant in self.variants],
            category=self.category,
            template_suffix=self.template_suffix,
            published_at=self.published_at,
            published_scope=self.published_scope,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )

    def with_variants(self, changed: Mapping[int, Variant]) -> "Product":
        """The same with these variants instead, by their ids. It shares all else: it is for the shelf."""
        return replace(self, variants=[changed.get(each.id, each) for each in self.variants])

    def variant(self, variant_id: int) -> Variant | None:
        """The variant of that id, or None."""
        return next((each for each in self.variants if each.id == variant_id), None)

    @property
    def has_options(self) -> bool:
        """False for the product whose only variant is the default one."""
        return [option.name for option in self.options] != [DEFAULT_OPTION]
