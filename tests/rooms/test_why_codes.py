"""Who had a code that no SKU has any more, and SKUs by their ids."""

import pytest

from backroom.erp.why import why_sku
from backroom.erp.why_codes import MOST_LOST, LostCode, lost_codes
from backroom.vocabulary.errors import Unknown
from tests.bodies import product, variant
from tests.house import House, instant


def lost(house: House, code: str) -> tuple[list[LostCode], bool]:
    with house.database.reading() as transaction:
        return lost_codes(transaction, code)


def named(house: House, at: int, *codes: str | None) -> None:
    """One product, whose variants have these codes from now on."""
    variants = [variant(700 + number, sku=code) for number, code in enumerate(codes)]
    body = product(7, at=at, variants=variants)
    house.play("products/update", body, triggered_at=instant(at))


def test_a_lost_code_names_the_sku_and_the_delivery_that_took_it_away(house: House) -> None:
    named(house, 1, "OLD")
    named(house, 2, None)

    ((found,), more) = lost(house, "OLD")
    assert (found.sku_id, found.code_now, more) == (house.skus()[0]["id"], None, False)
    assert (found.delivery_id, found.topic, found.run_id) == (2, "products/update", None)
    assert found.triggered_at == instant(2)


def test_a_code_that_was_lost_twice_is_told_by_its_last_loss(house: House) -> None:
    for at, code in enumerate(("OLD", "B", "OLD", "C"), start=1):
        named(house, at, code)

    ((found,), _) = lost(house, "OLD")
    assert (found.delivery_id, found.code_now) == (4, "C")


def test_the_latest_to_lose_a_code_comes_first_and_no_more_than_a_page_of_them(house: House) -> None:
    several = MOST_LOST + 1
    named(house, 1, *["OLD"] * several)
    named(house, 2, *["OLD"] * (several - 1), "NEW")
    named(house, 3, *["NEW"] * several)

    found, more = lost(house, "OLD")
    assert (len(found), more) == (MOST_LOST, True)
    assert {each.delivery_id for each in found} == {3}


@pytest.mark.parametrize("code", ["NEW", "old", "OL", "Product 7", "BAR", "NONE"])
def test_what_was_never_lost_as_a_code_is_nobodys(house: House, code: str) -> None:
    for at, (title, own, barcode) in enumerate((("Product 7", "OLD", "BAR"), ("New", "NEW", "CODE"))):
        variants = [variant(700, sku=own, barcode=barcode)]
        house.play("products/update", product(7, at=at, title=title, variants=variants))

    assert lost(house, code) == ([], False)


def test_a_sku_is_found_by_its_id_whatever_its_code(house: House) -> None:
    named(house, 1, None)
    number = house.skus()[0]["id"]

    with house.database.reading() as transaction:
        assert [each.value for each in why_sku(transaction, number, "price")] == ["19.99"]
        with pytest.raises(Unknown, match=f"no SKU has the id {number + 1}"):
            why_sku(transaction, number + 1, "price")
