"""A shop's lock is its transaction: there is no other lease."""

import threading

import pytest

from backroom.db.database import Database, Transaction
from backroom.vocabulary.errors import StoreUnavailable
from backroom.vocabulary.ids import ShopId
from tests.db_contract.specimen import Interrupted, add, attempt, label, names, names_in, rename, specimen
from tests.waiting import Running

SHOP = ShopId(1)


class LockContract:
    def kill(self, store: Database, driver: object) -> None:
        """Ends a connection as the crash of its process would."""
        raise NotImplementedError

    def lose(self, store: Database, transaction: Transaction) -> None:
        """The connection of an open transaction goes away."""
        self.kill(store, transaction.connection.connection.driver_connection)

    def test_the_lock_is_free_after_the_commit(self, store: Database) -> None:
        for name in "ab":
            with store.shop_writing(SHOP) as transaction:
                add(transaction, name)
        assert names(store) == ["a", "b"]

    def test_the_lock_is_free_after_an_error(self, store: Database) -> None:
        for _ in range(2):
            with pytest.raises(Interrupted), store.shop_writing(SHOP):
                raise Interrupted

    def test_the_lock_is_free_once_its_holders_connection_is_gone(self, store: Database) -> None:
        # Another process's: threads of one process wait for their turn, which ends with the block.
        others = Database(store.engine, store.seam, store.schema)

        def crash_and_go_on() -> None:
            with store.shop_writing(SHOP) as transaction:
                add(transaction, "lost")
                self.lose(store, transaction)
                with others.shop_writing(SHOP, patience_seconds=10) as successor:
                    add(successor, "kept")
                add(transaction, "too late")

        with pytest.raises(StoreUnavailable):
            crash_and_go_on()
        assert names(store) == ["kept"]

    def test_who_holds_the_lock_reads_and_writes_alone(self, store: Database) -> None:
        with store.writing() as transaction:
            (row_id,) = add(transaction, "0")

        def count() -> None:
            for _ in range(10):
                with store.shop_writing(SHOP, patience_seconds=30) as transaction:
                    (number,) = names_in(transaction)
                    rename(transaction, row_id, str(int(number) + 1))

        Running(count, count, count).join()
        assert names(store) == ["30"]

    def test_patience_waits_for_the_lock(self, store: Database) -> None:
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with store.shop_writing(SHOP) as transaction:
                add(transaction, "first")
                held.set()
                assert release.wait(10)

        def wait() -> None:
            with store.shop_writing(SHOP, patience_seconds=10) as transaction:
                add(transaction, "second")

        holder = Running(hold)
        assert held.wait(10)
        waiter = Running(wait)
        release.set()
        holder.join()
        waiter.join()
        assert names(store) == ["first", "second"]

    def test_a_lost_connection_hurts_one_transaction_and_not_the_next(self, store: Database) -> None:
        for name in "abc":
            with pytest.raises(StoreUnavailable):
                attempt(store, lambda t: self.lose(store, t), lambda t: add(t, "lost"))
            with store.writing() as transaction:
                add(transaction, name)
        assert names(store) == ["a", "b", "c"]

    def test_a_lost_connection_hurts_one_reader_and_not_the_next(self, store: Database) -> None:
        def read_on() -> None:
            with store.reading() as transaction:
                self.lose(store, transaction)
                names_in(transaction)

        with pytest.raises(StoreUnavailable):
            read_on()
        assert names(store) == []

    def test_a_locked_row_can_be_written_and_referred_to_by_its_holder(self, store: Database) -> None:
        with store.writing() as transaction:
            ids = add(transaction, "a", "b")
        with store.writing() as transaction:
            transaction.lock_rows(specimen, [*reversed(ids), 404])
            transaction.lock_rows(specimen, [])
            rename(transaction, ids[0], "c")
            transaction.insert(label, ("specimen_id",), [(ids[1],)])
        assert names(store) == ["c", "b"]
