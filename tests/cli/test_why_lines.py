"""What `why` says of stock, line by line."""

from backroom.cli.why_lines import answer_lines, history_lines, sum_lines
from backroom.erp.history import read_history
from backroom.erp.tables import sku
from backroom.erp.why import Why, why_sku
from backroom.erp.why_sums import stock_sums
from tests.bodies import product, variant
from tests.house import House, instant
from tests.rooms.stockroom import change, gone, pulled_by, told_by, variant_row, written


def answers(house: House, field: str) -> list[Why]:
    with house.database.reading() as transaction:
        return why_sku(transaction, "CODE-1", field)


def sums(house: House) -> list[str]:
    with house.database.reading() as transaction:
        return sum_lines("CODE-1", stock_sums(transaction, "CODE-1"))


def test_the_sum_says_how_many_of_the_locations_count(house: House) -> None:
    variant_row(house, 1, 11)
    assert sums(house) == ["available of CODE-1 is not known: no stock is known of it"]

    written(house, levels=[change(11, place, available=place) for place in (7, 8, 9)])
    written(house, locations=[change(9, active=False)])
    assert sums(house) == ["available of CODE-1 is 15 (2 of 3 locations count)"]

    written(house, items=[change(11, tracked=False)])
    assert sums(house) == ["available of CODE-1 is not tracked"]


def test_a_code_of_several_skus_has_a_sum_for_each(house: House) -> None:
    variant_row(house, 1, 11)
    variant_row(house, 2, 12)
    written(house, levels=[change(11, 7, available=5), change(12, 7, available=6)])
    with house.database.writing() as transaction:
        transaction.execute(sku.update().values(sku_code="CODE-1"))

    assert sums(house) == [
        "available of CODE-1, SKU 1, is 5 (1 of 1 location counts)",
        "available of CODE-1, SKU 2, is 6 (1 of 1 location counts)",
    ]


def test_a_disconnected_level_is_told_with_what_disconnected_it(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, 7, available=5)])
    gone(house, "levels", (11, 7), cause=told_by(4, "inventory_levels/disconnect"))

    (answer,) = answers(house, "available")
    _, standing, now, *_ = answer_lines(answer)
    assert standing.startswith("  disconnected since ")
    assert "by delivery 4 (inventory_levels/disconnect, triggered" in standing
    assert now == "  available was 5"


def test_the_history_of_a_number_has_when_its_level_was_disconnected_and_connected(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, 7, available=5)])
    gone(house, "levels", (11, 7))
    written(house, levels=[change(11, 7, available=6)])

    (answer,) = answers(house, "available")
    with house.database.reading() as transaction:
        shown = ["available", "is_active"]
        entries = read_history(transaction, "inventory_level", answer.entity_id, shown, None, 9).items
    said = [line.split("Z  ")[1].split(", by")[0] for line in history_lines(entries, "available")]
    assert sorted(said[:2]) == ["5 to 6", "connected again"]
    assert said[2:] == ["disconnected", "created"]


def test_the_levels_of_a_deleted_sku_say_what_became_of_their_variant_and_of_themselves(house: House) -> None:
    house.play("products/create", product(7, variants=[variant(701, sku="CODE-1", inventory_item_id=11)]))
    written(house, items=[change(11, tracked=True)], levels=[change(11, 7, available=5)])
    house.play("products/delete", {"id": 7})
    gone(house, "levels", (11, 7), cause=told_by(5, "inventory_items/delete"))

    assert sums(house)[0] == "available of CODE-1 is not known: the SKU is inactive"
    (answer,) = answers(house, "available")
    _, ended, disconnected, now, *_ = answer_lines(answer)
    assert ended.startswith("  its variant is inactive since ")
    assert "by delivery 2 (products/delete" in ended
    assert disconnected.startswith("  disconnected since ")
    assert "by delivery 5 (inventory_items/delete" in disconnected
    assert now == "  available was 5"
    assert [each.value for each in answers(house, "tracked")] == [True]


def test_a_sku_that_the_history_does_not_know_to_be_deleted_is_inactive_all_the_same(house: House) -> None:
    variant_row(house, 1, 11, is_active=False)
    written(house, levels=[change(11, 7, available=5)])
    with house.database.writing() as transaction:
        transaction.execute(sku.update().values(is_active=False))

    assert sums(house) == ["available of CODE-1 is not known: the SKU is inactive"]
    assert answer_lines(answers(house, "available")[0])[1] == "  its variant is inactive"


def test_a_level_counts_where_one_of_the_skus_with_the_code_has_an_active_variant_of_it(house: House) -> None:
    variant_row(house, 1, 11)
    variant_row(house, 2, 11, is_active=False)
    written(house, levels=[change(11, 7, available=5)])
    with house.database.writing() as transaction:
        transaction.execute(sku.update().where(sku.c.id == 2).values(sku_code="CODE-1", is_active=False))

    assert sums(house) == [
        "available of CODE-1, SKU 1, is 5 (1 of 1 location counts)",
        "available of CODE-1, SKU 2, is not known: the SKU is inactive",
    ]
    (answer,) = answers(house, "available")
    assert answer_lines(answer)[1] == "  available is 5"


def test_a_level_at_a_closed_location_says_so(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, 7, available=5)], locations=[change(7, active=False)])

    (answer,) = answers(house, "available")
    assert answer_lines(answer)[1] == "  its location is closed: it is not part of the sum"


def test_what_is_not_tracked_is_not_called_empty(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, 7, available=None)])
    assert answer_lines(answers(house, "available")[0])[1] == "  available is not tracked"

    written(house, levels=[change(11, 7, available=5)], items=[change(11, tracked=False)])
    lines = answer_lines(answers(house, "available")[0])
    assert lines[1] == "  available is not tracked; the last number was 5"

    gone(house, "levels", (11, 7))
    assert answer_lines(answers(house, "available")[0])[2] == "  available was 5"


def test_the_quantities_that_only_pulls_tell_say_of_when_they_are(house: House) -> None:
    variant_row(house, 1, 11)
    written(house, levels=[change(11, 7, available=5)])
    assert answer_lines(answers(house, "on_hand")[0])[1] == "  on_hand is nothing"

    written(house, levels=[change(11, 7, on_hand=8, quantities_at=instant(3), cause=pulled_by(2))])
    lines = answer_lines(answers(house, "on_hand")[0])
    assert lines[1] == "  on_hand is 8, as of 2025-10-09 08:53:23Z"
    assert lines[3] == "  before, it was nothing"


def test_whether_an_item_is_tracked_and_what_it_costs_are_fields_of_a_sku(house: House) -> None:
    variant_row(house, 1, 11)
    assert answers(house, "tracked") == []
    written(house, items=[change(11, tracked=True, sku_code="CODE-1")])
    written(house, items=[change(11, tracked=False, cost=12_500, cause=told_by(3, "inventory_items/update"))])

    (tracked,), (cost,) = answers(house, "tracked"), answers(house, "cost")
    assert answer_lines(tracked)[:2] == [
        "inventory item 11 CODE-1 of one.myshopify.com",
        "  tracked is false",
    ]
    assert answer_lines(tracked)[3] == "  before, it was true"
    assert (cost.value, cost.before, cost.delivery_id, cost.level) == ("1.25", None, 3, None)
