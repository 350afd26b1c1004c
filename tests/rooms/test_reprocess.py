from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, update

from backroom.cache import reader
from backroom.db.fitting import TOGETHER_BYTES
from backroom.erp.tables import field_change, listing, listing_variant, sku
from backroom.erp.writer import ErpWriter
from backroom.flow.failures import discard
from backroom.flow.reprocess import Finding, Reprocessor
from backroom.ingress.tables import webhook_delivery
from backroom.resources.descriptor import Arrival, Resource
from backroom.resources.product import product as resource
from backroom.resources.product import shopify_product_cache
from backroom.resources.registry import RESOURCES
from backroom.vocabulary.errors import Terminal, Unknown
from tests.bodies import product, variant
from tests.house import House
from tests.rooms.catalogue import SECOND, second_shop
from tests.rooms.failing import die, unprocessable


def run(
    house: House, mapper: Resource = resource, shop: str | None = None, *, marking: bool = False
) -> list[Finding]:
    stretches = Reprocessor(house.database, mapper, shop).run(marking=marking)
    return [finding for stretch in stretches for finding in stretch.findings]


def shouting(raw: bytes) -> Any:
    """A new mapper: titles in capitals, of products whose handle is not hush."""
    snapshot = resource.decode["rest"](raw)
    if snapshot.handle == "hush":
        raise Terminal("the new mapper does not read this one")
    return type(snapshot)(
        **{
            **{name: getattr(snapshot, name) for name in snapshot.__struct_fields__},
            "title": snapshot.title.upper(),
        }
    )


NEW_MAPPER = replace(resource, mapper_version=99, decode={"rest": shouting})


def everything(house: House) -> list[Any]:
    tables = (listing, listing_variant, sku, field_change, shopify_product_cache, webhook_delivery)
    return [house.rows(table) for table in tables]


def test_a_cache_that_says_what_the_tables_hold_has_no_difference(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(8))
    house.play("products/delete", {"id": 8})
    house.play("products/update", {"id": 9})

    assert run(house) == []


def test_a_new_mappers_difference_is_shown_and_nothing_is_written(house: House) -> None:
    house.play("products/create", product(7, title="Iron pan"))
    before = everything(house)

    of_product, of_listing = run(house, NEW_MAPPER)
    assert (of_listing.entity, of_listing.field, of_listing.old, of_listing.new) == (
        "listing", "title", "Iron pan", "IRON PAN",
    )  # fmt: skip
    assert (of_listing.id, of_listing.title, of_listing.entity_shopify_id) == ("7", "Iron pan", "7")
    assert (of_product.entity, of_product.field, of_product.new) == ("product", "name", "IRON PAN")
    assert (of_product.id, of_product.entity_id) == ("7", house.products()[0]["id"])
    assert everything(house) == before


def test_rows_that_somebody_changed_by_hand_are_differences_too(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(71), variant(72)]))
    with house.database.writing() as transaction:
        transaction.execute(
            update(listing_variant)
            .where(listing_variant.c.shopify_variant_id == 72)
            .values(price=1, is_active=False)
        )

    found = run(house)
    variants = [each for each in found if each.entity == "listing_variant"]
    assert {(each.field, each.entity_shopify_id, each.entity_name) for each in variants} == {
        ("price", "72", "Size 72"),
        ("is_active", "72", "Size 72"),
    }
    assert {(each.old, each.new) for each in variants} == {("0.0001", "19.99"), (False, True)}
    assert {each.id for each in found} == {"7"}


def test_rows_that_would_be_new_are_shown_under_their_resource(house: House) -> None:
    house.play("products/create", unprocessable(7))
    mended = replace(
        resource, decode={"rest": lambda raw: resource.decode["rest"](raw.replace(b"cheap", b"1.00"))}
    )

    found = run(house, mended)
    assert [(each.entity, each.field, each.entity_id, each.id) for each in found] == [
        ("product", None, None, "7"),
        ("sku", None, None, "7"),
    ], "their listing and variant come with them"


def test_a_row_that_can_not_be_read_is_listed_with_its_reason_beside_the_others(house: House) -> None:
    for number in range(1, 6):
        house.deliver("products/create", product(number, handle="hush" if number == 3 else f"h{number}"))
    house.settle()

    found = run(house, NEW_MAPPER)
    assert [(each.id, each.reason) for each in found if each.reason is not None] == [
        ("3", "the new mapper does not read this one")
    ]
    assert {each.id for each in found if each.reason is None} == {"1", "2", "4", "5"}


def test_a_deletion_that_was_not_applied_is_a_difference(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/delete", {"id": 7})
    with house.database.writing() as transaction:
        transaction.execute(update(listing).values(is_active=True))

    assert [(each.entity, each.field, each.old, each.new) for each in run(house)] == [
        ("listing", "is_active", True, False)
    ]


def test_a_shop_can_be_named(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(8), shop_id=second_shop(house))

    assert {each.id for each in run(house, NEW_MAPPER, SECOND)} == {"8"}
    with pytest.raises(Unknown, match="there is no shop nobody"):
        run(house, NEW_MAPPER, "nobody")


def test_marking_makes_those_that_differ_dirty_and_the_workers_apply_them(house: House) -> None:
    house.play("products/create", product(7))
    house.play("products/create", product(8))
    with house.database.writing() as transaction:
        transaction.execute(update(listing).where(listing.c.shopify_product_id == 8).values(title="By hand"))

    assert {each.id for each in run(house, marking=True)} == {"8"}
    unchanged, marked = house.cache()
    assert unchanged["processed_at"] is not None
    assert (marked["processed_at"], marked["applied_hash"], marked["revision"]) == (None, None, 1)

    house.settle()
    assert [row["title"] for row in house.listings()] == ["Product 7", "Product 8"]
    assert run(house) == []


@pytest.mark.parametrize("given_up", [False, True])
def test_what_can_not_be_applied_is_listed_and_stays_as_it_is(house: House, given_up: bool) -> None:
    house.play("products/create", unprocessable(7))
    if given_up:
        die(house)
    before = house.cache()

    (finding,) = run(house, marking=True)
    assert finding.reason is not None
    assert house.cache() == before


def test_what_was_discarded_is_not_brought_back(house: House) -> None:
    house.play("products/create", unprocessable(7))
    discard(house.database, RESOURCES, ["product:7"])

    stretches = list(Reprocessor(house.database, resource).run(marking=True))
    assert [(stretch.marked, len(stretch.findings)) for stretch in stretches] == [(0, 1)]
    house.settle()
    (row,) = house.cache()
    assert row["processed_at"] is not None


def test_the_walk_goes_through_all_rows_in_stretches(house: House) -> None:
    for number in range(1, reader.WALK_ROWS + 30):
        house.deliver("products/create", product(number))
    house.settle()

    stretches = list(Reprocessor(house.database, NEW_MAPPER).run(marking=False))
    assert [stretch.rows for stretch in stretches] == [reader.WALK_ROWS, 29]
    assert {finding.id for stretch in stretches for finding in stretch.findings} == {
        str(number) for number in range(1, reader.WALK_ROWS + 30)
    }


def test_no_snapshot_outlasts_a_stretch(house: House) -> None:
    """What commits between two stretches is seen by the second."""
    for number in range(1, reader.WALK_ROWS + 2):
        house.deliver("products/create", product(number))
    house.settle()

    walk = Reprocessor(house.database, resource).run(marking=False)
    first = next(walk)
    with house.database.writing() as transaction:
        last = listing.c.shopify_product_id == reader.WALK_ROWS + 1
        transaction.execute(update(listing).where(last).values(vendor="By hand"))
    (second,) = walk
    assert first.findings == []
    assert [finding.field for finding in second.findings] == ["vendor"]


def test_bodies_are_asked_for_only_as_many_as_fit_in_memory(house: House) -> None:
    for number in (1, 2):
        house.play("products/create", product(number, body_html="x" * int(TOGETHER_BYTES * 0.6)))
    fetched: list[int] = []

    def note(_connection: object, cursor: Any, *_: object) -> None:
        if "raw_data" in [column[0] for column in cursor.description or ()]:
            # What PostgreSQL's driver holds by now; SQLite's says -1, it fetches row by row.
            fetched.append(cursor.rowcount)

    event.listen(house.database.engine, "after_cursor_execute", note)
    run(house)
    assert len(fetched) >= 2
    assert max(fetched) <= 1


def test_large_bodies_are_stretches_of_their_own(house: House) -> None:
    for number, share in ((1, 0.6), (2, 0.6), (3, 1.1)):
        house.play("products/create", product(number, body_html="x" * int(TOGETHER_BYTES * share)))

    assert [stretch.rows for stretch in Reprocessor(house.database, resource).run(marking=False)] == [1, 1, 1]


def test_a_plan_locks_nothing(house: House) -> None:
    """Within a transaction that only reads, a lock would be refused (PostgreSQL) or wait for a worker."""
    house.play("products/create", product(7))

    def write(erp: ErpWriter, arrivals: Sequence[Arrival]) -> None:
        resource.write(erp, arrivals)

    with house.database.shop_writing(house.shop_id) as transaction:
        transaction.execute(update(sku).values(barcode="held by a writer"))
        assert len(run(house, replace(NEW_MAPPER, write=write))) == 2
