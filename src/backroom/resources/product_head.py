"""What sorting reads of a product's webhook: which product, which version, and whether it is all there.

Keys that are only looked at for their presence stay undecoded (`msgspec.Raw`). Older payload versions are
read too: `variant_ids` (until 2024-01) instead of `variant_gids`.
Source: shopify.dev/docs/api/webhooks, products/update, 2023-07 to 2026-10.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from backroom.resources.json_body import read_json
from backroom.resources.values import Text
from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import gid_number

BODY_VARIANTS = 100
"""A webhook's body carries at most so many variants whole; `variant_gids` names all of them."""

MOST_VARIANTS = 20_000
"""Ten times what Shopify lets a product have: more are no product, and would hold the writer for seconds."""


class VariantGid(Struct):
    """An element of `variant_gids`."""

    admin_graphql_api_id: str


class VariantId(Struct):
    """An element of `variant_ids`, the older spelling."""

    id: int


class VariantHead(Struct):
    """A variant as sorting sees it: its id, and which of the keys that we read are there."""

    id: int
    title: msgspec.Raw | UnsetType = UNSET
    sku: msgspec.Raw | UnsetType = UNSET
    barcode: msgspec.Raw | UnsetType = UNSET
    price: msgspec.Raw | UnsetType = UNSET
    compare_at_price: msgspec.Raw | UnsetType = UNSET
    position: msgspec.Raw | UnsetType = UNSET
    option1: msgspec.Raw | UnsetType = UNSET
    option2: msgspec.Raw | UnsetType = UNSET
    option3: msgspec.Raw | UnsetType = UNSET
    inventory_item_id: msgspec.Raw | UnsetType = UNSET

    def lacks_a_key(self) -> bool:
        return (
            self.title is UNSET
            or self.sku is UNSET
            or self.barcode is UNSET
            or self.price is UNSET
            or self.compare_at_price is UNSET
            or self.position is UNSET
            or self.option1 is UNSET
            or self.option2 is UNSET
            or self.option3 is UNSET
            or self.inventory_item_id is UNSET
        )


class ProductHead(Struct):
    """A product as sorting sees it."""

    id: int
    updated_at: Text = UNSET
    title: Text = UNSET
    handle: Text = UNSET
    status: msgspec.Raw | UnsetType = UNSET
    vendor: msgspec.Raw | UnsetType = UNSET
    product_type: msgspec.Raw | UnsetType = UNSET
    tags: msgspec.Raw | UnsetType = UNSET
    options: msgspec.Raw | UnsetType = UNSET
    images: msgspec.Raw | UnsetType = UNSET
    variants: list[VariantHead] | UnsetType = UNSET
    variant_gids: list[VariantGid] | None | UnsetType = UNSET
    variant_ids: list[VariantId] | None | UnsetType = UNSET

    def is_partial(self) -> bool:
        """Law 5: a key that the snapshot reads is missing, or not all variants are here."""
        if (
            self.title is UNSET
            or self.handle is UNSET
            or self.status is UNSET
            or self.vendor is UNSET
            or self.product_type is UNSET
            or self.tags is UNSET
            or self.options is UNSET
            or self.images is UNSET
            or self.variants is UNSET
        ):
            return True
        return self._lacks_variants(self.variants) or any(variant.lacks_a_key() for variant in self.variants)

    def _lacks_variants(self, variants: list[VariantHead]) -> bool:
        if self.variant_gids:
            named = {gid_number(each.admin_graphql_api_id) for each in self.variant_gids}
        elif self.variant_ids:
            named = {each.id for each in self.variant_ids}
        else:
            return len(variants) == BODY_VARIANTS and self.variant_gids in (UNSET, None)
        return not named <= {variant.id for variant in variants}


_HEAD = msgspec.json.Decoder(ProductHead)


def read_head(raw: bytes) -> ProductHead:
    """The head. Raises Terminal."""
    head = read_json(raw, _HEAD)
    if isinstance(head.variants, list) and len(head.variants) > MOST_VARIANTS:
        raise Terminal(f"the body has {len(head.variants)} variants: more than a product can have")
    return head
