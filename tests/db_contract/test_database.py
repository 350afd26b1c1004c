"""One contract, two databases: what the rooms above may take for granted of either."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from backroom.db.database import Database, Transaction, open_database
from backroom.vocabulary.errors import Misuse, ShopBusy, StoreUnavailable, Terminal, Transient
from backroom.vocabulary.ids import ShopId
from tests.db_contract.faults import FaultContract
from tests.db_contract.feed import Feed, FeedContract, write
from tests.db_contract.locks import SHOP, LockContract
from tests.db_contract.rows import RowContract, stored_in_bulk
from tests.db_contract.specimen import (
    EXTREME_INSTANTS,
    VALUES,
    Interrupted,
    add,
    attempt,
    interrupt,
    label,
    names,
    names_in,
    specimen,
)
from tests.db_contract.transactions import TransactionContract
from tests.db_contract.unanswered import UnansweredContract
from tests.waiting import Running, eventually


class DatabaseContract(
    TransactionContract, FaultContract, LockContract, RowContract, UnansweredContract, FeedContract
):
    """Inherited by each database's class, which adds what only it does."""


class TestSqlite(DatabaseContract):
    @pytest.fixture
    def backend(self) -> str:
        return "sqlite"

    def kill(self, store: Database, driver: object) -> None:
        assert isinstance(driver, sqlite3.Connection)
        driver.close()

    def test_a_writer_that_stays_busy_is_unavailable(self, store: Database) -> None:
        with store.writing():
            started = time.monotonic()
            with pytest.raises(StoreUnavailable, match="busy"), store.writing(wait_seconds=0.05):
                raise AssertionError("two write at once")
            assert 0.05 <= time.monotonic() - started < 4
        with store.writing(wait_seconds=0):
            pass

    def test_a_writer_has_its_turn_within_milliseconds_of_the_one_before(self, store: Database) -> None:
        """SQLite's own busy handler would back off to 100 ms."""
        waits: list[float] = []
        for _ in range(20):
            with store.writing():
                waiter = Running(lambda: write(store, ""))
                assert waiter.alive
                ended = time.monotonic()
            waiter.join()
            waits.append(time.monotonic() - ended)
            with store.writing() as transaction:
                transaction.execute(specimen.delete())
        assert sorted(waits)[10] < 0.05

    def test_it_writes_ahead_and_keeps_its_promises(self, store: Database) -> None:
        with store.reading() as transaction:
            pragmas = {
                name: transaction.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 5000}

    def test_an_instant_is_a_number_in_the_file(self, store: Database) -> None:
        stored_in_bulk(store, [tuple(EXTREME_INSTANTS[0] if n == "instant" else None for n in VALUES)])
        with store.reading() as transaction:
            kind = transaction.execute(text("SELECT typeof(instant) FROM specimen")).scalar()
        assert kind == "integer"

    def test_a_nul_in_a_text_is_kept(self, store: Database) -> None:
        with store.writing() as transaction:
            transaction.insert(specimen, ("name",), [("a\x00b",)])
        assert names(store) == ["a\x00b"]

    def test_a_folder_that_is_not_there_is_said(self, tmp_path: Path) -> None:
        with pytest.raises(Misuse, match="does not exist"):
            open_database(f"sqlite:///{tmp_path}/nowhere/backroom.db")

    def test_a_new_file_that_another_one_is_preparing_is_waited_for(self, tmp_path: Path) -> None:
        """SQLite's own busy handler stays out of the switch to WAL."""
        other = sqlite3.connect(tmp_path / "backroom.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        fresh = open_database(f"sqlite:///{tmp_path}/backroom.db")
        waiter = Running(lambda: attempt(fresh))
        with pytest.raises(AssertionError, match="never ended"):
            waiter.join(within=0.3)
        other.execute("COMMIT")
        waiter.join()
        fresh.dispose()
        other.close()

    def test_a_file_that_is_no_database_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "backroom.db").write_bytes(b"not a database at all" * 100)
        broken = open_database(f"sqlite:///{tmp_path}/backroom.db")
        with pytest.raises(StoreUnavailable), broken.reading() as transaction:
            names_in(transaction)
        with pytest.raises(StoreUnavailable), broken.writing():
            pass
        broken.dispose()


class TestPostgres(DatabaseContract):
    @pytest.fixture
    def backend(self) -> str:
        return "postgres"

    @pytest.fixture
    def other(self, store: Database, database_url: str, schema: str) -> Iterator[Database]:
        """The same database as another process would have it."""
        opened = open_database(database_url, schema)
        yield opened
        opened.dispose()

    def kill(self, store: Database, driver: object) -> None:
        assert isinstance(driver, psycopg.Connection)
        with store.writing() as transaction:
            transaction.execute(
                text("SELECT pg_terminate_backend(:pid, 10000)"), {"pid": driver.info.backend_pid}
            )

    def test_a_busy_shop_is_said_at_once_and_other_shops_go_on(
        self, store: Database, other: Database
    ) -> None:
        with store.shop_writing(SHOP):
            started = time.monotonic()
            with pytest.raises(ShopBusy), other.shop_writing(SHOP):
                raise AssertionError("two have the shop")
            assert time.monotonic() - started < 2
            with other.shop_writing(ShopId(2)) as transaction:
                add(transaction, "elsewhere")
        assert names(store) == ["elsewhere"]

    def test_patience_ends(self, store: Database, other: Database) -> None:
        with store.shop_writing(SHOP):
            started = time.monotonic()
            with pytest.raises(ShopBusy), other.shop_writing(SHOP, patience_seconds=0.1):
                raise AssertionError("two have the shop")
            assert 0.1 <= time.monotonic() - started < 5

    def test_the_same_shop_in_two_schemas_is_two_shops(self, store: Database, database_url: str) -> None:
        neighbour = open_database(database_url, "a_neighbour")
        with store.shop_writing(SHOP), neighbour.shop_writing(SHOP):
            pass
        neighbour.dispose()

    def test_a_reader_can_not_write(self, store: Database) -> None:
        with pytest.raises(StoreUnavailable), store.reading() as transaction:
            add(transaction, "a")
        assert names(store) == []

    @pytest.mark.parametrize("column", ["word", "document"])
    def test_a_nul_in_a_text_is_the_rows_fault(self, store: Database, column: str) -> None:
        with pytest.raises(Terminal), store.writing() as transaction:
            transaction.insert(specimen, (column,), [("a\x00b",)])
        with pytest.raises(Terminal), store.writing() as transaction:
            transaction.execute(specimen.insert().values({column: "a\x00b"}))

    def test_a_number_too_large_for_its_column_is_the_rows_fault(self, store: Database) -> None:
        with pytest.raises(Terminal), store.writing() as transaction:
            transaction.insert(specimen, ("small",), [(2**31,)])

    def test_a_server_that_is_not_there_is_unavailable(self) -> None:
        nowhere = open_database("postgresql://postgres@127.0.0.1:1/postgres")
        with pytest.raises(StoreUnavailable), nowhere.reading():
            pass
        with pytest.raises(StoreUnavailable):
            nowhere.wakeup()
        nowhere.dispose()

    def test_ids_are_not_handed_out_again_when_they_were_undone(self, store: Database) -> None:
        undone: list[int] = []
        with pytest.raises(Interrupted):
            attempt(store, lambda t: undone.extend(t.allocate_ids(specimen, 3)), interrupt)
        with store.writing() as transaction:
            assert not set(undone) & set(transaction.allocate_ids(specimen, 3))

    def test_a_key_that_another_one_is_inserting_is_waited_for(
        self, store: Database, other: Database
    ) -> None:
        def insert_again() -> list[bool]:
            with other.writing() as late:
                return late.insert_new(specimen, ("name",), [("a",), ("b",)], unique=("name",))

        with store.writing() as transaction:
            assert transaction.insert_new(specimen, ("name",), [("a",)], unique=("name",)) == [True]
            waiting = Running(insert_again)
            eventually(lambda: somebody_waits(store), "the second insert waits for the first")
        assert waiting.join() == [[False, True]]

    def test_rows_are_locked_in_the_order_of_their_ids(self, store: Database, other: Database) -> None:
        with store.writing() as transaction:
            first, second, third = add(transaction, "a", "b", "c")

        def lock_all() -> None:
            with other.writing() as late:
                late.lock_rows(specimen, [third, second, first])

        with store.writing() as transaction:
            transaction.lock_rows(specimen, [second])
            waiting = Running(lock_all)
            eventually(lambda: somebody_waits(store), "the second one waits for the locked row")
            free = "SELECT id FROM specimen ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"
            assert transaction.execute(text(free)).scalars().all() == [second, third]
        waiting.join()

    def test_a_locked_row_may_be_referred_to(self, store: Database, other: Database) -> None:
        with store.writing() as transaction:
            (row_id,) = add(transaction, "a")
        with store.writing() as transaction:
            transaction.lock_rows(specimen, [row_id])

            def refer() -> None:
                with other.writing() as late:
                    late.insert(label, ("specimen_id",), [(row_id,)])

            Running(refer).join(within=10)

    def test_a_deadlock_is_nobodys_fault(self, store: Database, other: Database) -> None:
        with store.writing() as transaction:
            first, second = add(transaction, "a", "b")

        def lock_backwards() -> bool:
            def lock(transaction: Transaction) -> None:
                transaction.lock_rows(specimen, [second])
                transaction.lock_rows(specimen, [first])

            return is_victim(other, lock)

        def lock_and_meet(transaction: Transaction) -> None:
            transaction.lock_rows(specimen, [first])
            waiting.append(Running(lock_backwards))
            eventually(lambda: somebody_waits(store), "the other one waits for the first row")
            transaction.lock_rows(specimen, [second])

        waiting: list[Running[bool]] = []
        mine = is_victim(store, lock_and_meet)
        assert [mine, *waiting[0].join()].count(True) == 1

    def test_a_feed_stops_short_of_what_is_still_open(self, store: Database, other: Database) -> None:
        feed = Feed(store)
        write(store, "before")
        with other.writing() as early:
            order = early.commit_order()
            early.insert(specimen, ("commit_order", "name"), [(order, "late")])
            write(store, "quick")
            assert feed.read() == ["before"]
        assert feed.read() == ["late", "quick"]

    def test_a_number_taken_before_another_commit_is_not_missed(
        self, store: Database, other: Database
    ) -> None:
        feed = Feed(store)
        with other.writing() as early:
            (reserved,) = early.allocate_ids(specimen, 1)
            write(store, "quick")
            seen = feed.read()
            order = early.commit_order()
            early.insert(specimen, ("id", "commit_order", "name"), [(reserved, order, "late")])
        assert sorted(seen + feed.read()) == ["late", "quick"]

    def test_a_waiter_whose_connection_is_lost_says_so(self, store: Database) -> None:
        wakeup = store.wakeup()
        with store.writing() as transaction:
            killed = transaction.execute(
                text(
                    "SELECT pg_terminate_backend(pid, 9999) FROM pg_stat_activity WHERE query LIKE :listening"
                ),
                {"listening": f'LISTEN "{store.schema}_work"%'},
            )
            assert killed.scalars().all() == [True]
        with pytest.raises(StoreUnavailable):
            wakeup.wait(10)
        wakeup.close()


def is_victim(store: Database, work: Callable[[Transaction], object]) -> bool:
    """Whether the work was chosen to end, for no fault of its rows."""
    try:
        attempt(store, work)
    except Transient:
        return True
    return False


def somebody_waits(store: Database) -> bool:
    """Whether some connection waits for a lock that another one holds."""
    with store.reading() as transaction:
        found = transaction.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted"))
        return bool(found.scalar())
