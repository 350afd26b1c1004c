"""Law 10: a product body's total never touches a level; null means untracked, and is not 0."""

from backroom.erp.skus_reader import SkuFilter, read_skus
from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event, those

those_with_totals = those(lambda specimen: specimen.with_total(State(1, 0), 5))


@those_with_totals
def test_a_body_that_differs_only_in_its_totals_writes_nothing(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.with_total(State(1, 0), 5), "five").deliver(house)
    house.settle()
    rows, changes = specimen.active_rows(house), house.changes()
    for total in (0, -3, 5_000):
        event(specimen, specimen.with_total(State(1, 10 + total), total), f"w{total}").deliver(house)
        house.settle()

    assert specimen.active_rows(house) == rows
    assert house.changes() == changes


@those_with_totals
def test_stock_that_nobody_told_is_null_and_not_zero(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.with_total(State(1, 0), 5), "five").deliver(house)
    house.settle()

    with house.database.reading() as transaction:
        page = read_skus(transaction, SkuFilter(), None, 50)
    assert [(sku.available, sku.levels) for sku in page.items] == [(None, [])]
