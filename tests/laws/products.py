"""Products, as the law tests see them."""

from typing import Any

from backroom.resources.product import product
from tests import bodies
from tests.house import House
from tests.laws.specimen import ActiveRows, Json, Specimen, State, without

CODES = ("RED", "BLUE", "", "RED ")


class ProductSpecimen(Specimen):
    """Looks differ in title, variants, prices, and codes that products share."""

    resource = product
    complaint = "a lot"
    text_key = b'"title"'
    has_parts = True

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

    def pulled(self, state: State) -> Json:
        return bodies.pulled(self.whole(state))

    def broken(self, state: State) -> Json:
        body = self.whole(state)
        body["variants"][0]["price"] = "a lot"
        return body

    def partial(self, state: State) -> Json:
        body = self.whole(state)
        gid = {"admin_graphql_api_id": "gid://shopify/ProductVariant/999999", "updated_at": None}
        return {**bodies.without(body, "vendor"), "variant_gids": [*body["variant_gids"], gid]}

    def unsaid(self, row: Any) -> Any:
        return row["vendor"], row["variants"].keys()

    def with_total(self, state: State, total: int) -> Json:
        body = self.whole(state)
        for variant in body["variants"]:
            variant["inventory_quantity"] = total
        return body

    def claiming(self, state: State, other: int) -> Json:
        thief = self.whole(state)
        thief["variants"][0]["id"] = self.whole(State(other, 0))["variants"][0]["id"]
        return {**thief, "variant_gids": []}

    def active_rows(self, house: House) -> ActiveRows:
        products = {row["id"]: row for row in house.products()}
        skus = {row["id"]: row for row in house.skus()}
        listings = {row["id"]: row for row in house.listings() if row["is_active"]}
        rows: dict[int, Any] = {}
        for row in listings.values():
            made = products[row["product_id"]]
            rows[row["shopify_product_id"]] = {
                **without(row, "product_id"),
                "product": (made["name"], made["is_active"]),
                "variants": {},
            }
        for row in house.variants():
            if row["is_active"] and row["listing_id"] in listings:
                sku = skus[row["sku_id"]]
                shopify_id = listings[row["listing_id"]]["shopify_product_id"]
                rows[shopify_id]["variants"][row["shopify_variant_id"]] = {
                    **without(row, "listing_id", "sku_id"),
                    "sku": (sku["sku_code"], sku["barcode"], sku["is_active"]),
                }
        return rows

    def look(self, row: Any) -> int:
        return int(row["title"].removeprefix("Look "))

    def parts(self, row: Any) -> int:
        return len(row["variants"])
