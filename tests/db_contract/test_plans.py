"""The hot statements find their rows by index: a plan that reads a table shows only once it is large."""

from sqlalchemy import Select, select

from backroom.db.database import Database
from backroom.db.idlist import among
from backroom.erp.tables import listing, listing_variant


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
