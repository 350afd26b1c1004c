"""How the ledger is gone through, whatever its size."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from backroom.db.database import Transaction
from backroom.drift.ledger import CACHE, Found, Ledger
from tests.drifted import put_finding
from tests.house import House
from tests.rooms.catalogue import counted_statements


@pytest.mark.parametrize(
    ("look", "searched"),
    [
        (lambda ledger: ledger.keep([Found(leg=CACHE, kind="stale", key=(7,))]), "key=?"),
        (lambda ledger: ledger.leave_standing([(7,)]), "key=?"),
        (lambda ledger: ledger.to_repair("7", 100, since=None, ids=None), "key>?"),
    ],
)
def test_findings_are_found_by_their_keys_and_not_by_reading_all(
    house: House, look: Callable[[Ledger], object], searched: str
) -> None:
    if house.database.schema is not None:
        pytest.skip("PostgreSQL plans by the size of its tables")
    put_finding(house.database, house.shop_id, key="8")
    with counted_statements(house.database) as sent, house.database.writing() as transaction:
        look(ledger_of(transaction, house))
        first = next(each for each in sent if "drift_finding" in each)
        plan = transaction.execute(text("EXPLAIN QUERY PLAN " + first.replace("?", "'7'"))).all()
    assert [row[3] for row in plan if searched in row[3]], plan
    assert not any("TEMP B-TREE" in row[3] for row in plan), plan


def test_all_that_is_open_is_taken_key_by_key(house: House) -> None:
    first = put_finding(house.database, house.shop_id, key="1")
    also = put_finding(house.database, house.shop_id, key="1", field="vendor")
    second = put_finding(house.database, house.shop_id, key="2", leg="cache")
    put_finding(house.database, house.shop_id, key="3", state="ignored")
    with house.database.reading() as transaction:
        ledger = ledger_of(transaction, house)
        taken = ledger.to_repair("", 1, since=None, ids=None)
        assert {each.id for each in taken} == {first, also}
        assert [each.id for each in ledger.to_repair("1", 9, since=None, ids=None)] == [second]


def ledger_of(transaction: Transaction, house: House) -> Ledger:
    return Ledger(transaction, house.shop_id, "products", run_id=2)
