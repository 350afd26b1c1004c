"""Bulk statements: what goes in comes out, whatever it is; and who was first is said exactly."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import select

from backroom.db.database import Database
from backroom.db.idlist import among, among_keys
from backroom.db.sqlite import ROWS_TOGETHER
from backroom.vocabulary.errors import Terminal
from tests.db_contract.specimen import (
    EVERY_BYTE,
    EXTREME_INSTANTS,
    GREATEST,
    HOSTILE_TEXTS,
    LEAST,
    VALUES,
    Interrupted,
    add,
    attempt,
    interrupt,
    names,
    names_in,
    rows_of_values,
    specimen,
    store_singly,
    values_in,
)
from tests.waiting import Running

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (the very thing that is refused)
DOCUMENTS: tuple[Any, ...] = (
    [],
    {},
    "",
    0,
    False,
    1.5,
    "text",
    [None],
    {"": None, "a b": [1, {"c": "NULL"}], '"': "\\"},
    list(HOSTILE_TEXTS[:-1]),
    GREATEST,
    LEAST,
)
lenient = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


def column_of(values: tuple[Any, ...] | list[Any], name: str) -> list[tuple[Any, ...]]:
    """Rows with one column filled, and None in all others."""
    return [tuple(value if each == name else None for each in VALUES) for value in values]


SMALL_VALUES = tuple(name for name in VALUES if name != "payload")
"""SQLite inserts rows of these together: with a body, each goes by itself."""
POOLS: dict[str, tuple[Any, ...]] = {
    "big": (GREATEST, LEAST, None, 0),
    "small": (1, None, -1),
    "flag": (True, False, None, True, False),
    "word": (*HOSTILE_TEXTS, None),
    "instant": (*EXTREME_INSTANTS, None),
    "document": (*DOCUMENTS, None),
}


def rows_of_all_kinds(number: int) -> list[tuple[Any, ...]]:
    """Rows of the small values, each column going round its pool."""
    pools = [POOLS[name] for name in SMALL_VALUES]
    return [tuple(pool[each % len(pool)] for pool in pools) for each in range(number)]


def stored_in_bulk(store: Database, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with store.writing() as transaction:
        transaction.execute(specimen.delete())
        transaction.insert(specimen, VALUES, rows)
    with store.reading() as transaction:
        return values_in(transaction)


def updated_in_bulk(store: Database, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with store.writing() as transaction:
        transaction.execute(specimen.delete())
        ids = transaction.allocate_ids(specimen, len(rows))
        transaction.insert(specimen, ("id", "word", "document", "payload"), [(i, "x", 1, b"x") for i in ids])
        met = transaction.update(
            specimen, ("id",), VALUES, [(row_id, *row) for row_id, row in zip(ids, rows, strict=True)]
        )
        assert met == len(rows)
    with store.reading() as transaction:
        return values_in(transaction)


def stored_singly(store: Database, rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with store.writing() as transaction:
        transaction.execute(specimen.delete())
        store_singly(transaction, rows)
    with store.reading() as transaction:
        return values_in(transaction)


KEPT = {
    "texts": column_of(list(HOSTILE_TEXTS), "word"),
    "instants": column_of(list(EXTREME_INSTANTS), "instant"),
    "documents": column_of(DOCUMENTS, "document"),
    "64-bit ids": column_of([GREATEST, LEAST, 0, -1, 2**53 + 1], "big"),
    "flags": column_of([True, False], "flag"),
    "all 256 bytes": column_of([EVERY_BYTE, EVERY_BYTE[::-1], b"", b"\x00", b"\\x00"], "payload"),
    "nothing at all": column_of([None, None], "word"),
    "nothing beside something": [
        (1, 1, True, "a", EXTREME_INSTANTS[0], [1], b"a"),
        (None, None, None, None, None, None, None),
        (2, 2, False, "b", EXTREME_INSTANTS[1], [2], b"b"),
    ],
}


class RowContract:
    @pytest.mark.parametrize("what", KEPT)
    @pytest.mark.parametrize("way", [stored_in_bulk, updated_in_bulk, stored_singly])
    def test_what_is_stored_comes_back(self, store: Database, what: str, way: Any) -> None:
        assert way(store, KEPT[what]) == KEPT[what]

    @lenient
    @given(rows=rows_of_values)
    def test_whatever_is_stored_comes_back(self, store: Database, rows: list[tuple[Any, ...]]) -> None:
        assert stored_in_bulk(store, rows) == rows
        assert updated_in_bulk(store, rows) == rows
        assert stored_singly(store, rows) == rows

    @pytest.mark.parametrize("number", [ROWS_TOGETHER - 1, ROWS_TOGETHER, ROWS_TOGETHER + 1, 1_000])
    def test_many_rows_come_back_in_their_order(self, store: Database, number: int) -> None:
        rows = rows_of_all_kinds(number)
        with store.writing() as transaction:
            transaction.insert(specimen, SMALL_VALUES, rows)
        with store.reading() as transaction:
            held = values_in(transaction)
        places = [VALUES.index(name) for name in SMALL_VALUES]
        assert [tuple(row[place] for place in places) for row in held] == rows

    @pytest.mark.parametrize("guilty", [0, ROWS_TOGETHER // 2, ROWS_TOGETHER, 2 * ROWS_TOGETHER])
    def test_one_row_among_many_that_does_not_fit_lets_none_in(self, store: Database, guilty: int) -> None:
        rows = rows_of_all_kinds(2 * ROWS_TOGETHER + 1)
        rows[guilty] = (GREATEST + 1, *rows[guilty][1:])
        with pytest.raises(Terminal), store.writing() as transaction:
            transaction.insert(specimen, SMALL_VALUES, rows)
        with store.reading() as transaction:
            assert values_in(transaction) == []

    def test_a_value_that_slipped_into_the_next_row_is_refused(self, store: Database) -> None:
        rows = rows_of_all_kinds(ROWS_TOGETHER)
        rows[3], rows[4] = rows[3][:-1], (*rows[4], None)
        with (
            pytest.raises(ValueError, match=r"a row has not|zip\(\) argument"),
            store.writing() as transaction,
        ):
            transaction.insert(specimen, SMALL_VALUES, rows)
        with store.reading() as transaction:
            assert values_in(transaction) == []

    def test_a_body_of_19_megabytes_comes_back(self, store: Database) -> None:
        body = EVERY_BYTE * (19 * 1024 * 4)
        assert stored_in_bulk(store, column_of([body, b"small"], "payload"))[0][-1] == body

    def test_an_instant_is_the_same_whatever_its_offset(self, store: Database) -> None:
        here = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=45)))
        rows = column_of([here], "instant")
        for way in (stored_in_bulk, updated_in_bulk, stored_singly):
            (row,) = way(store, rows)
            assert row[VALUES.index("instant")] == here
            assert row[VALUES.index("instant")].utcoffset() == timedelta(0)

    def test_instants_are_ordered_in_time_and_never_as_text(self, store: Database) -> None:
        rows = column_of(list(reversed(EXTREME_INSTANTS)), "instant")
        stored_in_bulk(store, rows)
        middle = EXTREME_INSTANTS[4]
        with store.reading() as transaction:
            c = specimen.c.instant
            assert transaction.execute(select(c).order_by(c)).scalars().all() == list(EXTREME_INSTANTS)
            later = transaction.execute(select(c).where(c > middle).order_by(c)).scalars().all()
            assert later == list(EXTREME_INSTANTS[5:])

    @pytest.mark.parametrize("way", [stored_in_bulk, updated_in_bulk, stored_singly])
    def test_a_naive_datetime_is_refused(self, store: Database, way: Any) -> None:
        with pytest.raises((TypeError, Terminal)):
            way(store, column_of([NAIVE], "instant"))

    def test_a_question_about_a_naive_datetime_is_refused(self, store: Database) -> None:
        with pytest.raises((TypeError, Terminal)), store.reading() as transaction:
            transaction.execute(select(specimen).where(specimen.c.instant > NAIVE))

    def test_an_update_meets_the_rows_with_its_keys_and_no_other(self, store: Database) -> None:
        with store.writing() as transaction:
            first, second, third = add(transaction, "a", "b", "c")
            met = transaction.update(
                specimen,
                ("id", "name"),
                ("word", "big"),
                [(first, "a", "x", 1), (second, "wrong", "y", 2), (404, "c", "z", 3)],
            )
            assert met == 1
            found = transaction.execute(
                select(specimen.c.id, specimen.c.word, specimen.c.big).order_by(specimen.c.id)
            )
            assert [tuple(row) for row in found] == [
                (first, "x", 1),
                (second, None, None),
                (third, None, None),
            ]

    @pytest.mark.parametrize(
        "wanted", [[], [404], [2], [3, 1, 3, 404], list(range(5_000)), [GREATEST, LEAST, 1]]
    )
    def test_membership_in_a_list_of_ids_is_exact(self, store: Database, wanted: list[int]) -> None:
        held = [1, 2, 3, GREATEST, LEAST]
        with store.writing() as transaction:
            transaction.insert(specimen, ("big",), [*((number,) for number in held), (None,)])
            found = transaction.execute(select(specimen.c.big).where(among(specimen.c.big, wanted)))
            assert sorted(found.scalars()) == sorted(set(held) & set(wanted))

    @pytest.mark.parametrize("width", [1, 2, 3])
    def test_membership_in_a_list_of_keys_is_exact(self, store: Database, width: int) -> None:
        held = [(1, 2, 3), (2, 1, 3), (GREATEST, 4, 1), (1, 3, 2)]
        columns = [specimen.c.big, specimen.c.id, specimen.c.small][:width]
        with store.writing() as transaction:
            transaction.insert(specimen, ("big", "id", "small"), held)
            for wanted in (
                [],
                [(1, 2, 3)],
                [(1, 2, 4), (2, 2, 3)],
                [*held, *held, *((n, n, n) for n in range(3_000))],
            ):
                keys = [key[:width] for key in wanted]
                found = transaction.execute(select(specimen.c.big).where(among_keys(columns, keys)))
                assert sorted(found.scalars()) == sorted(row[0] for row in held if row[:width] in keys)

    def test_insert_new_says_which_were_new(self, store: Database) -> None:
        with store.writing() as transaction:
            add(transaction, "b")
            rows = [("a", 1), ("b", 2), ("c", 3), ("a", 4), ("c", 5)]
            fresh = transaction.insert_new(specimen, ("name", "big"), rows, unique=("name",))
            assert fresh == [True, False, True, False, False]
            stored = transaction.execute(select(specimen.c.name, specimen.c.big).order_by(specimen.c.name))
            assert [tuple(row) for row in stored] == [("a", 1), ("b", None), ("c", 3)]
            again = transaction.insert_new(specimen, ("name", "big"), rows, unique=("name",))
            assert again == [False] * 5

    def test_insert_new_knows_hostile_keys_apart(self, store: Database) -> None:
        keys = [(text,) for text in dict.fromkeys(HOSTILE_TEXTS[:-1])]
        with store.writing() as transaction:
            assert all(transaction.insert_new(specimen, ("name",), keys, unique=("name",)))
            assert not any(transaction.insert_new(specimen, ("name",), keys, unique=("name",)))

    def test_of_two_that_insert_the_same_keys_each_key_is_new_to_one(self, store: Database) -> None:
        keys = [(f"key-{number}",) for number in range(50)]

        def insert_all() -> list[list[bool]]:
            answers = []
            for start in range(0, 50, 5):
                with store.writing(wait_seconds=30) as transaction:
                    part = keys[start : start + 5]
                    answers.append(transaction.insert_new(specimen, ("name",), part, unique=("name",)))
            return answers

        first, second = Running(insert_all, insert_all).join()
        for ones, others in zip(first, second, strict=True):
            assert [one ^ other for one, other in zip(ones, others, strict=True)] == [True] * 5
        assert len(names(store)) == 50

    def test_a_key_that_was_undone_is_new_to_the_next(self, store: Database) -> None:
        with pytest.raises(Interrupted):
            attempt(store, lambda t: t.insert_new(specimen, ("name",), [("a",)], unique=("name",)), interrupt)
        with store.writing() as transaction:
            assert transaction.insert_new(specimen, ("name",), [("a",)], unique=("name",)) == [True]
            assert names_in(transaction) == ["a"]
