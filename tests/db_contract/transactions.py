"""What a transaction promises: all or nothing, one snapshot, a clock, ids."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from backroom.db.database import Database
from backroom.vocabulary.errors import Terminal
from tests.db_contract import specimen
from tests.db_contract.specimen import Interrupted, add, attempt, interrupt, names, names_in, rename
from tests.waiting import Running


class TransactionContract:
    def test_what_is_written_is_there_after_the_block(self, store: Database) -> None:
        with store.writing() as transaction:
            add(transaction, "a", "b")
        assert names(store) == ["a", "b"]

    def test_an_error_in_the_block_undoes_all_of_it(self, store: Database) -> None:
        with pytest.raises(Interrupted):
            attempt(store, lambda t: add(t, "a"), interrupt)
        assert names(store) == []

    def test_an_error_of_the_driver_undoes_all_of_it(self, store: Database) -> None:
        with pytest.raises(Terminal):
            attempt(store, lambda t: add(t, "a"), lambda t: add(t, "b", "b"))
        assert names(store) == []

    def test_an_undone_transaction_leaves_its_connection_fit_for_the_next(self, store: Database) -> None:
        for _ in range(20):
            with pytest.raises(Terminal), store.writing() as transaction:
                add(transaction, "b", "b")
            with store.writing() as transaction:
                add(transaction)
        assert names(store) == []

    def test_nobody_sees_what_is_not_committed(self, store: Database) -> None:
        with store.writing() as transaction:
            add(transaction, "a")
            assert names(store) == []
        assert names(store) == ["a"]

    def test_reading_is_one_snapshot(self, store: Database) -> None:
        with store.writing() as transaction:
            (row_id,) = add(transaction, "before")
        with store.reading() as reader:
            assert names_in(reader) == ["before"]
            with store.writing() as transaction:
                rename(transaction, row_id, "after")
                add(transaction, "late")
            assert names_in(reader) == ["before"]
        assert names(store) == ["after", "late"]

    def test_a_reader_never_waits_for_a_writer(self, store: Database) -> None:
        with store.writing() as transaction:
            add(transaction, "a")
            assert Running(lambda: names(store)).join(within=5) == [[]]

    def test_the_clock_is_aware_and_goes_on_within_a_transaction(self, store: Database) -> None:
        with store.writing() as transaction:
            first, second = transaction.now(), transaction.now()
        assert first.utcoffset() == timedelta(0)
        assert first <= second
        assert abs(second - datetime.now(UTC)) < timedelta(minutes=1)

    def test_threads_share_a_database(self, store: Database) -> None:
        def write(worker: int) -> None:
            for number in range(10):
                with store.writing(wait_seconds=30) as transaction:
                    add(transaction, f"{worker}-{number}")

        Running(*(lambda worker=worker: write(worker) for worker in range(4))).join()
        assert len(set(names(store))) == 40

    def test_ids_are_new_and_ascending(self, store: Database) -> None:
        with store.writing() as transaction:
            first = transaction.allocate_ids(specimen.specimen, 3)
            transaction.insert(specimen.specimen, ("id",), [(row_id,) for row_id in first])
            second = transaction.allocate_ids(specimen.specimen, 3)
        assert sorted({*first, *second}) == first + second

    def test_no_ids_are_asked_for_none(self, store: Database) -> None:
        with store.writing() as transaction:
            assert transaction.allocate_ids(specimen.specimen, 0) == []
            transaction.insert(specimen.specimen, ("id",), [])
            assert transaction.insert_new(specimen.specimen, ("name",), [], unique=("name",)) == []
            assert transaction.update(specimen.specimen, ("id",), ("name",), []) == 0

    def test_ids_of_an_undone_transaction_never_meet_those_of_a_committed_one(self, store: Database) -> None:
        with store.writing() as transaction:
            kept = add(transaction, "a")
        with pytest.raises(Interrupted):
            attempt(store, lambda t: add(t, "b", "c"), interrupt)
        with store.writing() as transaction:
            kept += add(transaction, "d", "e")
        assert len(set(kept)) == 3
        assert names(store) == ["a", "d", "e"]

    def test_ids_never_double_over_transactions_at_the_same_time(self, store: Database) -> None:
        together = threading.Barrier(4)

        def write(worker: int) -> list[int]:
            together.wait(10)
            ids = []
            for number in range(8):
                with store.writing(wait_seconds=30) as transaction:
                    ids += add(transaction, *(f"{worker}-{number}-{each}" for each in range(5)))
            return ids

        found = Running(*(lambda worker=worker: write(worker) for worker in range(4))).join()
        handed_out = [row_id for ids in found for row_id in ids]
        assert len(set(handed_out)) == len(handed_out) == 160

    def test_a_lent_connection_brings_nothing_of_its_last_user_along(self, store: Database) -> None:
        for _ in range(3):
            with store.reading() as transaction:
                transaction.execute(text("SELECT 1"))
            with store.writing() as transaction:
                add(transaction)
                transaction.insert(specimen.specimen, ("word",), [("x",)])
        with store.reading() as transaction:
            assert len(specimen.values_in(transaction)) == 3
