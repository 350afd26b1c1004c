"""The demo's news are the field changes of the ERP's tables, as people read them."""

from backroom.demo.news import News
from backroom.erp.changes import write_changes
from backroom.erp.drafts import Cause, FieldChange
from tests.demo.shop import shirt_body
from tests.demo.stock_shop import ITEM, PLACE, stock_up
from tests.house import House, instant
from tests.stock_bodies import item, level, location


def read(house: House, news: News) -> list[tuple[str, str, str, str]]:
    with house.database.reading() as transaction:
        news.read(transaction)
    return [(line.title, line.field, line.old, line.new) for line in news.lines]


def test_an_import_is_no_news_and_a_change_is_told_once(house: House) -> None:
    news = News(6)
    house.play("products/create", shirt_body())
    assert read(house, news) == []
    changed = shirt_body(at=1, title="Cotton shirt")
    changed["variants"][0]["price"] = "31.00"
    house.play("products/update", changed)
    told = [
        ("Cotton shirt", "title", "Linen shirt", "Cotton shirt"),
        ("Cotton shirt · S / Blue", "price", "29.00", "31.00"),
    ]
    assert read(house, news) == told
    assert read(house, news) == told


def test_a_level_is_called_by_its_code_and_its_location_and_they_by_their_names(house: House) -> None:
    news = News(6)
    stock_up(house)
    read(house, news)
    house.play("inventory_levels/update", level(ITEM, PLACE, at=20, available=-3), triggered_at=instant(20))
    house.play("locations/deactivate", location(PLACE, at=21, active=False))
    house.play("inventory_levels/update", level(1, 1, at=22))
    house.play("inventory_levels/update", level(1, 1, at=23, available=6))
    assert read(house, news) == [
        ("LINEN-S · Location 7", "available", "5", "-3"),
        ("Location 7", "open", "yes", "no"),
        ("-", "available", "5", "6"),
    ]
    house.play("inventory_items/update", item(ITEM, at=24, sku="LINEN-M", tracked=False))
    told = [line for line in read(house, news) if line[0] == "LINEN-M"]
    assert ("LINEN-M", "tracked", "yes", "no") in told
    assert ("LINEN-M", "SKU", "…S", "…M") in told
    assert ("LINEN-M", "origin", "PT", "-") in told


def test_only_the_newest_lines_are_kept(house: House) -> None:
    news = News(2)
    for number in range(5):
        house.play("products/update", shirt_body(at=number, vendor=f"Vendor {number}"))
    assert [line[3] for line in read(house, news)] == ["…3", "…4"]


def test_the_variant_that_moves_because_another_one_went_is_no_news(house: House) -> None:
    news = News(6)
    house.play("products/create", shirt_body())
    body = shirt_body(at=1)
    body["variants"][0]["position"], body["variants"][1]["position"] = 2, 1
    house.play("products/update", body)
    assert read(house, news) == []


def test_a_listing_that_is_linked_to_a_product_from_before_is_no_news_either(house: House) -> None:
    news = News(6)
    house.play("products/create", shirt_body())
    cause = Cause(delivery_id=None, topic=None, triggered_at=None)
    entry = FieldChange(
        entity="listing", entity_id=house.listings()[0]["id"], field=None, old=None, new=None, cause=cause
    )
    with house.database.writing() as transaction:
        write_changes(transaction, house.shop_id, transaction.commit_order(), [entry], transaction.now())
    assert read(house, news) == []
