"""Locations, items and levels by the Admin API: as the truth has them, in pages, by ids and in bulk."""

from typing import Any

import pytest

from shopify_simulator.simulation import Simulation
from tests.simulator.admin.asking import RUN, Asking, Json, asking
from tests.waiting import eventually

PAGE_INFO = "pageInfo { hasNextPage endCursor }"
LEVEL = (
    "id updatedAt isActive location { id }"
    ' quantities(names: ["available", "on_hand", "committed", "incoming"]) { name quantity updatedAt }'
)
ITEM = (
    "id sku tracked requiresShipping unitCost { amount } countryCodeOfOrigin harmonizedSystemCode updatedAt"
)
LOCATION = "id name isActive updatedAt address { address1 address2 city zip provinceCode countryCode phone }"
LEVELS_IN_BULK = (
    "{ inventoryItems { edges { node { id tracked updatedAt"
    f" inventoryLevels%s {{ edges {{ node {{ {LEVEL} }} }} }} }} }} }} }}"
)
BY_IDS = (
    "query ($ids: [ID!]!) { nodes(ids: $ids) {"
    f" ... on InventoryItem {{ {ITEM} inventoryLevels(first: 10) {{ nodes {{ {LEVEL} }} {PAGE_INFO} }} }}"
    f" ... on Location {{ {LOCATION} }} }} }}"
)


def number(gid: str) -> int:
    return int(gid.partition("?")[0].rpartition("/")[2])


def an_item(api: Asking) -> tuple[int, int]:
    """A tracked item, and the first location, where it is stocked."""
    sheet = api.simulation.truth()
    location = api.simulation.shop.locations.all()[0].id
    return next(each["id"] for each in sheet["inventory_items"] if each["tracked"]), location


def pulled_level(item_id: int, level: Json, *, tracked: bool) -> Json:
    """A level's node, in the words of the truth."""
    said = {each["name"]: each for each in level["quantities"]}
    return {
        "inventory_item_id": item_id,
        "location_id": number(level["location"]["id"]),
        "available": said["available"]["quantity"] if tracked else None,
        "on_hand": said["on_hand"]["quantity"],
        "committed": said["committed"]["quantity"],
        "incoming": said["incoming"]["quantity"],
        "updated_at": said["available"]["updatedAt"],
        "quantities_at": level["updatedAt"],
        "is_active": level["isActive"],
    }


def pulled_item(item: Json) -> Json:
    cost = item["unitCost"]
    return {
        "id": number(item["id"]),
        "sku": item["sku"] or None,
        "tracked": item["tracked"],
        "requires_shipping": item["requiresShipping"],
        "cost": None if cost is None else f"{float(cost['amount']):.2f}",
        "country_code_of_origin": item["countryCodeOfOrigin"],
        "harmonized_system_code": item["harmonizedSystemCode"],
        "updated_at": item["updatedAt"],
    }


def exported(api: Asking, text: str) -> list[Json]:
    operation = api.ended(api.run_bulk(text))
    assert operation["status"] == "COMPLETED"
    return [] if operation["url"] is None else api.lines(operation["url"])


def test_a_bulk_operation_exports_every_level_under_its_item(api: Asking) -> None:
    item_id, location = an_item(api)
    api.simulation.shop.levels.order(item_id, location, 2)
    sheet = api.simulation.truth()
    lines = exported(api, LEVELS_IN_BULK % "")
    tracked = {number(line["id"]): line["tracked"] for line in lines if "tracked" in line}
    assert tracked == {each["id"]: each["tracked"] for each in sheet["inventory_items"]}
    levels = [
        pulled_level(parent, line, tracked=tracked[parent])
        for line in lines
        if "__parentId" in line
        for parent in [number(line["__parentId"])]
    ]
    levels.sort(key=lambda each: (each["inventory_item_id"], each["location_id"]))
    assert levels == sheet["inventory_levels"]


def test_a_bulk_operation_leaves_out_the_levels_that_did_not_change_since(api: Asking) -> None:
    item_id, location = an_item(api)
    api.clock.advance(60)
    since = f"{api.simulation.shop.now():%Y-%m-%dT%H:%M:%SZ}"
    level = api.simulation.shop.levels.order(item_id, location)
    changed = f"(query: \"updated_at:>='{since}'\")"
    lines = exported(api, LEVELS_IN_BULK % changed)
    assert [line["id"] for line in lines if "__parentId" in line] == [level.gid]
    assert len(lines) == 1 + len(api.simulation.truth()["inventory_items"])

    api.simulation.shop.items.change(item_id, cost_cents=250)
    (item,) = exported(api, f"{{ inventoryItems{changed} {{ edges {{ node {{ {ITEM} }} }} }} }}")
    assert (number(item["id"]), item["unitCost"]) == (item_id, {"amount": "2.5"})


def test_items_and_locations_are_exported_as_the_truth_has_them(api: Asking) -> None:
    sheet = api.simulation.truth()
    items = exported(api, f"{{ inventoryItems {{ edges {{ node {{ {ITEM} }} }} }} }}")
    without = [
        {key: value for key, value in each.items() if key != "province_code_of_origin"}
        for each in sheet["inventory_items"]
    ]
    assert [pulled_item(each) for each in items] == without

    closed = api.simulation.shop.locations.all()[1]
    api.simulation.shop.locations.deactivate(closed.id)
    every = "(includeInactive: true, includeLegacy: true)"
    text = f"{{ locations%s {{ edges {{ node {{ {LOCATION} }} }} }} }}"
    found = exported(api, text % every)
    assert {number(each["id"]): each["isActive"] for each in found} == {
        each.id: each.active for each in api.simulation.shop.locations.all()
    }
    assert [each["name"] for each in found] == sorted(each["name"] for each in found)
    assert closed.id not in [number(each["id"]) for each in exported(api, text % "")]


def test_levels_that_are_not_active_are_left_out_unless_asked_for(api: Asking) -> None:
    item_id, location = an_item(api)
    before = len(api.simulation.shop.levels.of(item_id))
    api.simulation.shop.levels.disconnect(item_id, location)
    text = (
        "query ($id: ID!, $all: Boolean) { inventoryItem(id: $id) {"
        " inventoryLevels(first: 10, includeInactive: $all) { nodes { isActive } } } }"
    )
    gid = f"gid://shopify/InventoryItem/{item_id}"
    for everything, count in ((False, before - 1), (True, before)):
        found = api.data(text, id=gid, all=everything)["inventoryItem"]["inventoryLevels"]["nodes"]
        assert len(found) == count


def test_items_and_locations_are_found_by_their_ids_and_null_stands_for_what_is_gone(api: Asking) -> None:
    item_id, location = an_item(api)
    ids = [f"gid://shopify/InventoryItem/{item_id}", f"gid://shopify/Location/{location}"]
    item, place, *gone = api.data(
        BY_IDS, ids=[*ids, "gid://shopify/InventoryItem/1", "gid://shopify/Location/1"]
    )["nodes"]
    assert gone == [None, None]
    assert place["name"] == "Main Street Store"
    assert {number(level["location"]["id"]) for level in item["inventoryLevels"]["nodes"]} == {
        each.location_id for each in api.simulation.shop.levels.of(item_id)
    }
    product_id = api.simulation.shop.home_of(item_id)
    api.simulation.shop.delete(product_id)
    assert api.data(BY_IDS, ids=ids[:1])["nodes"] == [None]


def test_the_levels_of_an_item_come_in_pages() -> None:
    simulation_locations = 12
    with asking(locations=simulation_locations) as api:
        item_id, _ = an_item(api)
        text = (
            "query ($id: ID!, $first: Int!, $after: String) { node(id: $id) { ... on InventoryItem {"
            f" inventoryLevels(first: $first, after: $after) {{ nodes {{ {LEVEL} }} {PAGE_INFO} }} }} }} }}"
        )
        after, seen = None, []
        while True:
            page = api.data(text, id=f"gid://shopify/InventoryItem/{item_id}", first=5, after=after)["node"][
                "inventoryLevels"
            ]
            seen += [each["id"] for each in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        assert len(seen) == len(set(seen)) == len(api.simulation.shop.levels.of(item_id)) > 10


@pytest.mark.parametrize("query", ["", "updated_at:>='2020-01-01T00:00:00Z'"])
def test_items_and_locations_come_in_pages_by_their_ids(api: Asking, query: str) -> None:
    text = (
        "query ($after: String, $query: String) { inventoryItems(first: 50, after: $after, query: $query) {"
        " nodes { id } pageInfo { hasNextPage endCursor } } }"
    )
    seen: list[int] = []
    page: Json = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        page = api.data(text, after=page["pageInfo"]["endCursor"], query=query)["inventoryItems"]
        seen += [number(each["id"]) for each in page["nodes"]]
    assert seen == [each["id"] for each in api.simulation.truth()["inventory_items"]]

    text = (
        "query ($first: Int!, $after: String) { locations(first: $first, after: $after, sortKey: ID,"
        f" includeInactive: true, includeLegacy: true) {{ nodes {{ {LOCATION} }} {PAGE_INFO} }} }}"
    )
    first = api.data(text, first=2)["locations"]
    rest = api.data(text, first=2, after=first["pageInfo"]["endCursor"])["locations"]
    found = [number(each["id"]) for each in (*first["nodes"], *rest["nodes"])]
    assert found == [each["id"] for each in api.simulation.truth()["locations"]]


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ("read_inventory", "{ inventoryItems(first: 1) { nodes { id } } }"),
        ("read_inventory", '{ node(id: "gid://shopify/InventoryItem/1") { id } }'),
        ("read_locations", "{ locations(first: 1) { nodes { id } } }"),
        ("read_locations", '{ nodes(ids: ["gid://shopify/Location/1"]) { id } }'),
    ],
)
def test_without_its_scope_stock_is_denied(api: Asking, scope: str, text: str) -> None:
    other = {"read_inventory", "read_locations"} - {scope}
    api.simulation.app.change_scopes(["read_products", *other])
    assert api.code(text) == "ACCESS_DENIED"
    api.simulation.app.change_scopes([scope])
    assert "errors" not in api.ask(text)


def test_whoever_may_read_products_alone_sees_their_items_and_not_where_they_lie(api: Asking) -> None:
    api.simulation.app.change_scopes(["read_products"])
    item = "inventoryItem { id tracked %s }"
    text = f"{{ products(first: 1) {{ nodes {{ variants(first: 1) {{ nodes {{ {item} }} }} }} }} }}"
    assert "errors" not in api.ask(text % "")
    assert api.code(text % "inventoryLevels(first: 1) { nodes { id } }") == "ACCESS_DENIED"


def test_without_its_scope_stock_is_not_exported(api: Asking) -> None:
    api.simulation.app.change_scopes(["read_products"])
    assert api.code(RUN, text="{ locations { edges { node { id } } } }") == "ACCESS_DENIED"


def test_a_level_is_found_by_its_gid_which_names_no_location(api: Asking) -> None:
    item_id, location = an_item(api)
    gid = api.simulation.shop.levels.get(item_id, location).gid
    assert str(location) not in gid
    found: Any = api.data(
        "query ($id: ID!) { node(id: $id) { ... on InventoryLevel { location { id } } } }", id=gid
    )
    assert number(found["node"]["location"]["id"]) == location
    assert api.data("query ($id: ID!) { node(id: $id) { id } }", id=gid.partition("?")[0])["node"] is None


def test_five_thousand_items_at_three_locations_are_exported_within_seconds() -> None:
    """A bulk operation, without HTTP: some 15,000 levels."""
    simulation = Simulation(secret="hush", products=500)
    operation = simulation.admin.bulk.run(LEVELS_IN_BULK % "", lambda _: None)
    eventually(lambda: operation.over, "the export is over")
    items = int(operation.root_object_count)
    assert operation.object_count > 3 * items > 12_000
    simulation.stop()
