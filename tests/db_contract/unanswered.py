"""Statements whose results nobody waits for are as much part of their transaction as any other."""

import pytest

from backroom.db.database import Database, Transaction
from backroom.vocabulary.errors import Terminal
from tests.db_contract.specimen import Interrupted, attempt, names, names_in, specimen


class UnansweredContract:
    def test_what_is_written_unanswered_is_there_afterwards(self, store: Database) -> None:
        with store.writing() as transaction:
            with transaction.unanswered():
                transaction.insert(specimen, ("id", "name"), [(1, "a"), (2, "b")])
                transaction.update(specimen, ("id",), ("name",), [(2, "c")])
                transaction.notify()
            assert names_in(transaction) == ["a", "c"]
        assert names(store) == ["a", "c"]

    def test_a_guilty_row_among_the_unanswered_is_said_and_undoes_all(
        self, store: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        def write(transaction: Transaction) -> None:
            with transaction.unanswered():
                transaction.insert(specimen, ("name",), [("first",)])
                transaction.insert(specimen, ("name",), [("secret",), ("secret",)])
                for _ in range(50):
                    transaction.insert(specimen, ("word",), [("x" * 1000,)])

        for _ in range(3):
            with pytest.raises(Terminal) as raised:
                attempt(store, write)
            assert "secret" not in str(raised.value)
            assert names(store) == []
        assert caplog.records == []

    def test_an_error_of_ours_among_the_unanswered_undoes_all(
        self, store: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        def write(transaction: Transaction) -> None:
            with transaction.unanswered():
                transaction.insert(specimen, ("name",), [("secret",)])
                transaction.insert(specimen, ("name",), [("secret",)])
                raise Interrupted

        with pytest.raises((Interrupted, Terminal)):
            attempt(store, write)
        assert names(store) == []
        assert "secret" not in caplog.text
        assert caplog.records == []
