"""What a law test needs to know of a resource: bodies of it, and how to read its rows for comparison.

One specimen per registered resource; `test_every_resource_has_a_specimen` fails for one without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from backroom.resources.descriptor import Action, Resource
from backroom.resources.product import product as product_resource
from tests import bodies
from tests.house import House, instant

Json = dict[str, Any]
ActiveRows = Mapping[int, Any]
CODES = ("RED", "BLUE", "", "RED ")


@dataclass(frozen=True, slots=True)
class State:
    """One moment of a resource upstream. `look` chooses its content, `at` is its updated_at in seconds."""

    number: int
    at: int
    look: int = 0


class Specimen(Protocol):
    """A resource as the law tests see it."""

    resource: Resource

    def whole(self, state: State) -> Json:
        """The body of a moment. Another `look` is another content."""
        ...

    def partial(self, state: State) -> Json:
        """The same moment, with something missing."""
        ...

    def broken(self, state: State) -> Json:
        """A body whose head can be read and whose rest can not be applied."""
        ...

    def unrelated(self, state: State, variation: int) -> Json:
        """The same moment, differing only in what belongs to another resource."""
        ...

    def active_rows(self, house: House) -> ActiveRows:
        """The active ERP rows by Shopify id, without surrogate ids and instants of processing."""
        ...


class ProductSpecimen:
    """Products. Looks differ in title, variants, prices, and codes that products share."""

    resource = product_resource

    def whole(self, state: State) -> Json:
        return bodies.product(
            state.number,
            at=state.at,
            title=f"Look {state.look}",
            status=("active", "draft", "archived", "unlisted")[state.look % 4],
            variants=[self._variant(state, slot) for slot in range(3) if state.look >> slot & 1 or slot == 0],
        )

    def _variant(self, state: State, slot: int) -> Json:
        return bodies.variant(
            state.number * 10 + slot,
            sku=CODES[(state.look + slot) % len(CODES)],
            price=f"{state.number + slot}.{state.look % 10}0",
            position=slot + 1,
        )

    def partial(self, state: State) -> Json:
        body = self.whole(state)
        gid = {"admin_graphql_api_id": "gid://shopify/ProductVariant/999999", "updated_at": None}
        return {**bodies.without(body, "vendor"), "variant_gids": [*body["variant_gids"], gid]}

    def broken(self, state: State) -> Json:
        body = self.whole(state)
        body["variants"][0]["price"] = "a lot"
        return body

    def unrelated(self, state: State, variation: int) -> Json:
        body = self.whole(state)
        for variant in body["variants"]:
            variant["inventory_quantity"] = variation
        return body

    def active_rows(self, house: House) -> ActiveRows:
        products = {row["id"]: row for row in house.products()}
        skus = {row["id"]: row for row in house.skus()}
        listings = {row["id"]: row for row in house.listings() if row["is_active"]}
        rows: dict[int, Any] = {}
        for row in listings.values():
            made = products[row["product_id"]]
            rows[row["shopify_product_id"]] = {
                **_without_ids(row),
                "product": (made["name"], made["is_active"]),
                "variants": {},
            }
        for row in house.variants():
            if row["is_active"] and row["listing_id"] in listings:
                sku = skus[row["sku_id"]]
                shopify_id = listings[row["listing_id"]]["shopify_product_id"]
                rows[shopify_id]["variants"][row["shopify_variant_id"]] = {
                    **_without_ids(row),
                    "sku": (sku["sku_code"], sku["barcode"], sku["is_active"]),
                }
        return rows


def _without_ids(row: Mapping[str, Any]) -> Json:
    return {
        name: value for name, value in row.items() if name not in ("id", "product_id", "listing_id", "sku_id")
    }


SPECIMENS: Mapping[str, Specimen] = {"product": ProductSpecimen()}


@dataclass(frozen=True, slots=True)
class Event:
    """One delivery of a schedule."""

    topic: str
    body: bytes
    webhook_id: str
    triggered: float | None

    def deliver(self, house: House) -> bool:
        """True where it is new."""
        answer = house.deliver(
            self.topic,
            self.body,
            webhook_id=self.webhook_id,
            triggered_at=None if self.triggered is None else instant(self.triggered),
        )
        assert isinstance(answer, bool)
        return answer


def topic_of(resource: Resource, action: Action) -> str:
    """A topic of the resource that does this."""
    return next(topic for topic, does in sorted(resource.topics.items(), reverse=True) if does is action)


def event(
    specimen: Specimen,
    body: Json,
    name: str,
    *,
    triggered: float | None = None,
    action: Action = Action.UPSERT,
) -> Event:
    """A delivery of a body."""
    return Event(topic_of(specimen.resource, action), msgspec.json.encode(body), name, triggered)


def wanted(house: House, specimen: Specimen) -> set[int]:
    """The Shopify ids whose rows want a refetch."""
    key = specimen.resource.cache.primary_key.columns.keys()[1]
    return {row[key] for row in house.cache(specimen.resource.name) if row["wanted_at"] is not None}
