"""What happened to products, and when: the shop's timeline enters, pages of events leave.

So whoever reads the catalogue by what changed learns of what is there no more: its events go on naming it,
and have no subject. What never happens here: an event of anything but a product.

Source: the schema of 2026-10, `events`: its search knows `id`, `created_at`, `action` and `subject_type`. No
page lists the actions, nor the scope it needs: those of the older REST events, and of products, are guessed.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from shopify_simulator.admin.asked import need_products
from shopify_simulator.admin.look import Look
from shopify_simulator.admin.readers import Arguments, Readers, connection, edge, gid
from shopify_simulator.admin.search import Fields, instant, search_of
from shopify_simulator.admin.slices import Key, Slice, cut, stamp
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.timeline import Entry

KIND: Final = "BasicEvent"

_SORTS: Final[Mapping[str, tuple[Callable[[Entry], Key], type]]] = {
    "CREATED_AT": (lambda each: (each.at, each.number), datetime),
    "ID": (lambda each: (each.number, each.number), int),
}
_SEARCHED: Final[Fields] = {
    "id": (lambda each: each.number, int),
    "created_at": (lambda each: each.at, instant),
    "action": (lambda each: each.action, str.casefold),
    "subject_type": (lambda _: "PRODUCT", str.upper),
}


def one(look: Look, number: int) -> Entry | None:
    """The event of that number, or None."""
    told = look.world.timeline
    return told[number - 1] if 0 < number <= len(told) else None


def _page(look: Look, told: Sequence[Entry], arguments: Arguments) -> Slice:
    search = search_of(arguments.get("query"), _SEARCHED)
    look.search(search, arguments.get("query") or "", "events")
    place, like = _SORTS[arguments["sortKey"]]
    return cut(sorted((each for each in told if search.finds(each)), key=place), place, like, arguments)


def _events(_root: Any, look: Look, arguments: Arguments) -> Slice:
    need_products(look, "events")
    return _page(look, look.world.timeline, arguments)


def _of_product(product: Product, look: Look, arguments: Arguments) -> Slice:
    return _page(look, look.world.happened_to(product.id), arguments)


def _subject(each: Entry, look: Look, _arguments: Arguments) -> Product | None:
    """The product as it is now: none, once it was deleted."""
    return look.world.products.get(each.product_id)


QUERIES: Final[Readers] = {"events": _events}
OF_PRODUCTS: Final[Readers] = {"events": _of_product}
TYPES: Final[Mapping[str, Readers]] = {
    KIND: {
        "id": lambda each, *_: gid(KIND, each.number),
        "action": lambda each, *_: each.action,
        "appTitle": lambda *_: None,
        "attributeToApp": lambda *_: False,
        "attributeToUser": lambda *_: True,
        "createdAt": lambda each, *_: stamp(each.at),
        "criticalAlert": lambda *_: False,
        "hasAdditionalContent": lambda *_: False,
        "message": lambda each, *_: each.message,
        "subject": _subject,
        "subjectId": lambda each, *_: gid("Product", each.product_id),
        "subjectType": lambda *_: "PRODUCT",
    },
    "EventConnection": connection(),
    "EventEdge": edge(),
}
