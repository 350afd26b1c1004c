"""Driver errors in our words: is this row guilty (Terminal), or is it the store (StoreUnavailable)?"""

from collections.abc import Callable

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, select, text

from backroom.db.database import Database, Transaction
from backroom.vocabulary.errors import StoreUnavailable, Terminal
from tests.db_contract.specimen import GREATEST, add, label, names, specimen

GUILTY: dict[str, Callable[[Transaction], object]] = {
    "an id over 64 bits, in bulk": lambda t: t.insert(specimen, ("big",), [(GREATEST + 1,)]),
    "an id over 64 bits, singly": lambda t: t.execute(specimen.insert().values(big=GREATEST + 1)),
    "an id over 64 bits, in a question": lambda t: t.execute(
        select(specimen.c.id).where(specimen.c.big == GREATEST + 1)
    ),
    "an id over 64 bits, in an update": lambda t: t.update(specimen, ("id",), ("big",), [(1, GREATEST + 1)]),
    "half a surrogate, in bulk": lambda t: t.insert(specimen, ("word",), [("\ud800",)]),
    "half a surrogate, singly": lambda t: t.execute(specimen.insert().values(word="\ud800")),
    "half a surrogate, in a document": lambda t: t.insert(specimen, ("document",), [(["\ud800"],)]),
    "half a surrogate, among the new": lambda t: t.insert_new(
        specimen, ("name",), [("\ud800",)], unique=("name",)
    ),
    "a name twice": lambda t: t.insert(specimen, ("name",), [("same",), ("same",)]),
    "a name twice, singly": lambda t: t.execute(specimen.insert().values([{"name": "a"}, {"name": "a"}])),
    "a broken check": lambda t: t.insert(specimen, ("small",), [(13,)]),
    "a reference to nothing": lambda t: t.insert(label, ("specimen_id",), [(404,)]),
    "nothing where something must be": lambda t: t.insert(label, ("specimen_id",), [(None,)]),
}
missing = Table("missing", MetaData(), Column("id", Integer, primary_key=True), Column("number", Integer))
UNAVAILABLE: dict[str, Callable[[Transaction], object]] = {
    "insert": lambda t: t.insert(missing, ("id",), [(1,)]),
    "insert_new": lambda t: t.insert_new(missing, ("id",), [(1,)], unique=("id",)),
    "update": lambda t: t.update(missing, ("id",), ("number",), [(1, 1)]),
    "select": lambda t: t.execute(select(missing)),
    "allocate_ids": lambda t: t.allocate_ids(missing, 1),
    "text": lambda t: t.execute(text("SELECT no_such_column FROM specimen")),
}


class FaultContract:
    @pytest.mark.parametrize("what", GUILTY)
    def test_a_value_that_does_not_fit_is_the_rows_fault(self, store: Database, what: str) -> None:
        with pytest.raises(Terminal), store.writing() as transaction:
            GUILTY[what](transaction)
        assert names(store) == []

    @pytest.mark.parametrize("what", UNAVAILABLE)
    def test_a_missing_table_is_nobodys_fault(self, store: Database, what: str) -> None:
        with pytest.raises(StoreUnavailable), store.writing() as transaction:
            UNAVAILABLE[what](transaction)

    def test_a_reason_never_quotes_the_row(self, store: Database) -> None:
        hidden = "somebody@example.com"
        statements: list[Callable[[Transaction], object]] = [
            lambda t: t.insert(specimen, ("name",), [(hidden,), (hidden,)]),
            lambda t: t.insert(specimen, ("word", "small"), [(hidden, 13)]),
            lambda t: t.execute(specimen.insert().values(word=hidden, small=13)),
            lambda t: t.execute(specimen.insert().values(word=hidden, big=GREATEST + 1)),
            lambda t: t.insert(specimen, ("word",), [(hidden + "\ud800",)]),
            lambda t: t.execute(specimen.insert().values(word=hidden + "\ud800")),
        ]
        for statement in statements:
            with pytest.raises(Terminal) as raised, store.writing() as transaction:
                statement(transaction)
            assert hidden not in str(raised.value)

    def test_an_update_that_breaks_a_constraint_is_the_rows_fault(self, store: Database) -> None:
        with store.writing() as transaction:
            first, second = add(transaction, "a", "b")
        with pytest.raises(Terminal), store.writing() as transaction:
            transaction.update(specimen, ("id",), ("name",), [(second, "a")])
        assert names(store) == ["a", "b"]
        assert first < second
