"""What both of Shopify's shapes of a product become: the rules of the one canonical form.

Enters: values as Shopify writes them. Leaves: values of the snapshot; Terminal, with a reason for people, for
what can not be stored. Rules of any resource's values stand in `values`.
"""

from collections.abc import Iterable

from backroom.resources.product_snapshot import VariantSnapshot
from backroom.resources.values import Text
from backroom.vocabulary.errors import Terminal


def lowered(value: Text) -> Text:
    return value.lower() if isinstance(value, str) else value


def tag_set(parts: Iterable[str]) -> tuple[str, ...]:
    """Sorted, each once, without blanks around them."""
    return tuple(sorted({tag for part in parts if (tag := part.strip())}))


def in_order(variants: Iterable[VariantSnapshot]) -> tuple[VariantSnapshot, ...]:
    """By position, then id: exports have them in any order. Raises Terminal for one that is there twice."""
    read = tuple(sorted(variants, key=_place))
    if len({variant.shopify_variant_id for variant in read}) < len(read):
        raise Terminal("a variant is in the body more than once")
    return read


def _place(variant: VariantSnapshot) -> tuple[int, int]:
    position = variant.position
    return position if isinstance(position, int) else 0, variant.shopify_variant_id
