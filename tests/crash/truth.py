"""What has to be true after all the crashes, from what was sent and acknowledged and is in the inbox."""

from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Table, select

from backroom.db.database import Database
from backroom.erp.tables import field_change, link_event, listing, listing_variant, product, sku
from backroom.ingress.tables import webhook_delivery
from backroom.resources.product import shopify_product_cache
from backroom.shops.tables import shop
from backroom.vocabulary.money import parse_amount
from tests.crash.served import Served
from tests.crash.traffic import Sent, Traffic, price_of
from tests.waiting import eventually

Row = dict[str, Any]
DRAIN_SECONDS = 120.0


def settle(served: Served) -> None:
    """Waits until nothing is pending or dirty."""

    def at_rest() -> bool:
        with served.database.reading() as transaction:
            waiting = select(webhook_delivery.c.id).where(webhook_delivery.c.state == "pending").limit(1)
            dirty = select(shopify_product_cache.c.shop_id).where(
                shopify_product_cache.c.processed_at.is_(None)
            )
            return not any(transaction.execute(query.limit(1)).all() for query in (waiting, dirty))

    eventually(at_rest, "an inbox and a cache with nothing to do", within=DRAIN_SECONDS, look=0.05)


def check(served: Served, traffic: Traffic) -> None:
    """Everything, once the stations are at rest."""
    status = served.status()
    idle = {name: status[name] for name in ("inbox_pending", "dirty", "parked", "dead")}
    assert idle == {"inbox_pending": 0, "dirty": 0, "parked": 0, "dead": 0}
    assert set(traffic.statuses) <= {200, 503}
    assert served.complaints() == []
    stored = check_inbox(served.database, traffic)
    check_rows(served.database, stored)
    check_history(served.database)


def check_inbox(database: Database, traffic: Traffic) -> list[Sent]:
    """All that was acknowledged is there, once, byte for byte; and nothing that was not sent."""
    rows = rows_of(database, webhook_delivery)
    names = {row["id"]: row["domain"] for row in rows_of(database, shop)}
    ids = [row["webhook_id"] for row in rows]
    assert traffic.acknowledged - set(ids) == set(), "acknowledged and lost"
    assert len(ids) == len(set(ids))
    for row in rows:
        sent = traffic.sent[row["webhook_id"]]
        assert (row["body"], row["topic"], names[row["shop_id"]]) == (sent.body, sent.topic, sent.shop)
        assert (row["state"], row["error"]) == ("sorted", None)
    return [traffic.sent[webhook_id] for webhook_id in ids]


def check_rows(database: Database, stored: list[Sent]) -> None:
    """Listings, variants, products and SKUs are those of each product's newest body in the inbox."""
    newest: dict[tuple[str, int], Sent] = {}
    for sent in sorted(stored, key=lambda each: each.version):
        if sent.topic == "products/update":
            newest[sent.shop, sent.number] = sent
    deleted = {(sent.shop, sent.number) for sent in stored if sent.topic == "products/delete"}
    live = {key: sent for key, sent in newest.items() if key not in deleted}
    assert active_listings(database) == {
        key: f"Product {key[1]} v{sent.version}" for key, sent in live.items()
    }
    assert active_variants(database) == {key: wanted_variants(sent) for key, sent in live.items()}
    assert cached(database) == {key: sent.body for key, sent in newest.items()}


def wanted_variants(sent: Sent) -> set[tuple[int, str, int]]:
    number, version = sent.number, sent.version
    return {
        (number * 100 + place, f"CODE-{(number + place) % 10}", parse_amount(price_of(number, version)))
        for place in range(1, 2 + (number + version) % 3)
    }


def active_listings(database: Database) -> dict[tuple[str, int], str]:
    """Titles, where the ERP's product says the same."""
    names = {row["id"]: row["domain"] for row in rows_of(database, shop)}
    products = {row["id"]: row for row in rows_of(database, product)}
    found = {}
    rows = rows_of(database, listing)
    assert sorted(row["product_id"] for row in rows) == sorted(products), "one product a listing"
    for row in rows:
        owner = products[row["product_id"]]
        assert (owner["name"], owner["is_active"]) == (row["title"], row["is_active"])
        if row["is_active"]:
            found[names[row["shop_id"]], row["shopify_product_id"]] = row["title"]
    return found


def active_variants(database: Database) -> dict[tuple[str, int], set[tuple[int, str, int]]]:
    """Variant, code and price, where the ERP's SKU says the same."""
    names = {row["id"]: row["domain"] for row in rows_of(database, shop)}
    listings = {row["id"]: row["shopify_product_id"] for row in rows_of(database, listing)}
    skus = {row["id"]: row for row in rows_of(database, sku)}
    found = defaultdict(set)
    rows = rows_of(database, listing_variant)
    assert sorted(row["sku_id"] for row in rows) == sorted(skus), "one SKU a variant"
    for row in rows:
        owner = skus[row["sku_id"]]
        assert (owner["sku_code"], owner["is_active"]) == (row["sku_code"], row["is_active"])
        if row["is_active"]:
            key = names[row["shop_id"]], listings[row["listing_id"]]
            found[key].add((row["shopify_variant_id"], row["sku_code"], row["price"]))
    return dict(found)


def cached(database: Database) -> dict[tuple[str, int], bytes]:
    names = {row["id"]: row["domain"] for row in rows_of(database, shop)}
    return {
        (names[row["shop_id"]], row["shopify_product_id"]): row["raw_data"]
        for row in rows_of(database, shopify_product_cache)
        if row["raw_data"] is not None
    }


def check_history(database: Database) -> None:
    """Every row was created once, and each change goes on from the one before: nothing was written twice."""
    created: Counter[tuple[str, int]] = Counter()
    last: dict[tuple[str, int, str], Any] = {}
    for row in rows_of(database, field_change):
        if row["field"] is None:
            created[row["entity"], row["entity_id"]] += 1
            continue
        key = row["entity"], row["entity_id"], row["field"]
        assert last.get(key, row["old"]) == row["old"], key
        last[key] = row["new"]
    # A listing that came with its product has no entry of its own, nor has a variant that came with its SKU.
    assert set(created.values()) <= {1}
    for table in (product, sku):
        assert {(table.name, row["id"]) for row in rows_of(database, table)} <= created.keys()
    assert len(rows_of(database, link_event)) == len(rows_of(database, listing))


def rows_of(database: Database, table: Table) -> list[Row]:
    with database.reading() as transaction:
        found = transaction.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]
