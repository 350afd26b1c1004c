"""What happens in the demo's shop, and what has to be in the tables afterwards.

The bodies are built as the project's own tests build them. What never happens here: sending.
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from tests.bodies import product, variant, without

DOMAIN: Final = "linen-and-wool.myshopify.com"
SHIRT, BAG, HAT, SCARF, MUG = range(8_811_001, 8_811_006)
Body = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One delivery: what happened in the shop, and how the inbox must answer and sort it.

    `at`: when it was triggered. Outcomes are those of `backroom deliveries list`.
    """

    what: str
    topic: str
    body: bytes
    at: datetime
    answer: str = "stored"
    outcome: str = "cached"
    became: str
    webhook_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(frozen=True, slots=True, order=True)
class Row:
    """A SKU as the ERP has to hold it."""

    product: str
    code: str
    price: str
    active: bool


def story(start: datetime) -> list[Sent]:
    """The deliveries, in the order they arrive. The shop's day begins at `start`."""

    def at(seconds: float) -> datetime:
        return start + timedelta(seconds=seconds)

    def created(what: str, body: Body, became: str) -> Sent:
        return Sent(what=what, topic="products/create", body=_encoded(body), at=at(0), became=became)

    dearer = Sent(
        what="shirt: size L goes from 29.00 to 31.00",
        topic="products/update",
        body=_encoded(_shirt(at(60), L="31.00")),
        at=at(60),
        became="one price changes",
    )
    return [
        created("a linen shirt in S, M and L", _shirt(at(0)), "a product and 3 SKUs"),
        created("a canvas bag", _simple(BAG, "Canvas bag", "BAG", "45.00", at(0)), "a product and a SKU"),
        dearer,
        Sent(
            what="the same delivery a second time",
            topic=dearer.topic,
            body=dearer.body,
            at=dearer.at,
            answer="duplicate",
            became="nothing; counted",
            webhook_id=dearer.webhook_id,
        ),
        Sent(
            what="shirt, late: an older body, 24.00",
            topic="products/update",
            body=_encoded(_shirt(at(30), S="24.00", M="24.00", L="24.00")),
            at=at(30),
            outcome="stale",
            became="nothing; newer is held",
        ),
        Sent(
            what="shirt: size M is not in it any more",
            topic="products/update",
            body=_encoded(_shirt(at(120), L="31.00", M=None)),
            at=at(120),
            became="M goes inactive",
        ),
        created(
            "a wool hat, with the bag's SKU code",
            _simple(HAT, "Wool hat", "BAG", "25.00", at(0)),
            "both keep it",
        ),
        created("a scarf", _simple(SCARF, "Scarf", "SCARF", "39.00", at(0)), "a product and a SKU"),
        Sent(
            what="scarf: a new title, variants left out",
            topic="products/update",
            body=_encoded(
                without(_simple(SCARF, "Wool scarf", "SCARF", "1.00", at(90)), "variants", "variant_gids")
            ),
            at=at(90),
            became="title new, rest kept",
        ),
        created("a mug", _simple(MUG, "Mug", "MUG", "12.00", at(0)), "a product and a SKU"),
        Sent(
            what="the mug is deleted",
            topic="products/delete",
            body=_encoded({"id": MUG}),
            at=at(150),
            became="inactive, kept",
        ),
        Sent(
            what="a body that breaks off in its middle",
            topic="products/update",
            body=_encoded(_shirt(at(180)))[:400],
            at=at(180),
            outcome="failed",
            became="kept, with a reason",
        ),
    ]


EXPECTED: Final = (
    Row("Linen shirt", "LINEN-S", "29.00", True),
    Row("Linen shirt", "LINEN-M", "29.00", False),
    Row("Linen shirt", "LINEN-L", "31.00", True),
    Row("Canvas bag", "BAG", "45.00", True),
    Row("Wool hat", "BAG", "25.00", True),
    Row("Wool scarf", "SCARF", "39.00", True),
    Row("Mug", "MUG", "12.00", False),
)
ASKED: Final = ("LINEN-L", "price")
"""What the demo asks `why` about."""
WANTING: Final = frozenset({str(SCARF)})
"""Shopify ids of the products that have to want a refetch."""


def _shirt(at: datetime, **prices: str | None) -> Body:
    """The shirt; a size priced None is not for sale any more."""
    sizes = {size: prices.get(size, "29.00") for size in ("S", "M", "L")}
    variants = [
        variant(
            SHIRT * 10 + number, sku=f"LINEN-{size}", title=size, option1=size, price=price, position=number
        )
        for number, (size, price) in enumerate(sizes.items(), start=1)
        if price is not None
    ]
    return product(SHIRT, at=at, variants=variants, title="Linen shirt", handle="linen-shirt")


def _simple(number: int, title: str, code: str, price: str, at: datetime) -> Body:
    """A product with one variant."""
    only = variant(number * 10 + 1, sku=code, title="Default Title", option1="Default Title", price=price)
    return product(number, at=at, variants=[only], title=title, handle=title.lower().replace(" ", "-"))


def _encoded(body: Body) -> bytes:
    return msgspec.json.encode(body)
