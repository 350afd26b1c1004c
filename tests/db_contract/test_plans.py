"""The hot statements find their rows by index: a plan that reads a table shows only once it is large."""

from sqlalchemy import Select, select

from backroom.db.database import Database
from backroom.db.idlist import among, among_keys, among_keys_of
from backroom.erp.tables import inventory_level, listing, listing_variant


def plan(database: Database, statement: Select[tuple[int]]) -> str:
    """The database's own words for how it would run a statement."""
    with database.reading() as transaction:
        connection = transaction.connection
        text = str(
            statement.compile(connection, compile_kwargs={"render_postcompile": True, "literal_binds": True})
        )
        if database.schema is None:
            return " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}"))
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return " ".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {text}"))


def test_many_ids_within_a_shop_are_single_look_ups(database: Database) -> None:
    found = plan(
        database,
        select(listing.c.id).where(listing.c.shop_id == 1, among(listing.c.shopify_product_id, [5, 6, 7])),
    )
    expected = "shopify_product_id=?" if database.schema is None else "shopify_product_id = ANY"
    assert expected in found, found


def test_many_ids_alone_are_single_look_ups(database: Database) -> None:
    found = plan(database, select(listing_variant.c.id).where(among(listing_variant.c.listing_id, [5, 6, 7])))
    expected = "listing_id=?" if database.schema is None else "listing_id = ANY"
    assert expected in found, found


def test_many_keys_of_two_ids_are_single_look_ups(database: Database) -> None:
    c = listing.c
    found = plan(
        database, select(c.id).where(among_keys([c.shop_id, c.shopify_product_id], [(1, 5), (2, 6)]))
    )
    expected = "shop_id=? AND shopify_product_id=?" if database.schema is None else "= unnest.unnest_1"
    assert expected in found, found


def test_many_keys_of_two_ids_within_a_shop_are_single_look_ups_before_the_table_is_known(
    database: Database,
) -> None:
    c = inventory_level.c
    ids = (c.shopify_inventory_item_id, c.shopify_location_id)
    keys = [(item, 7) for item in range(100)]
    found = plan(database, select(c.id).where(among_keys_of(c.shop_id, 1, ids, keys)))
    if database.schema is None:
        expected = "shop_id=? AND shopify_inventory_item_id=? AND shopify_location_id=?"
    else:
        expected = "(shop_id = unnest.unnest) AND (shopify_inventory_item_id = unnest.unnest_1)"
    assert expected in found, found
