"""Threads of one process at one shop: each has its turn, first come, first served."""

import threading
from functools import partial

import pytest

from backroom.db.turns import Turns
from backroom.vocabulary.errors import ShopBusy
from backroom.vocabulary.ids import ShopId
from tests.waiting import Running, eventually

ONE, OTHER = ShopId(1), ShopId(2)


def test_only_one_thread_has_the_turn_and_the_others_come_in_order() -> None:
    turns = Turns()
    inside: list[int] = []
    most = [0]
    came: list[int] = []
    waiting: list[threading.Event] = [threading.Event() for _ in range(5)]

    def visit(number: int) -> None:
        waiting[number].wait(10)
        with turns.turn(ONE, 10):
            inside.append(number)
            most[0] = max(most[0], len(inside))
            came.append(number)
            inside.remove(number)

    def wait_behind(number: int) -> bool:
        return turns.waiting(ONE) == number

    visitors = Running(*[partial(visit, number) for number in range(5)])
    with turns.turn(ONE, 0):
        for number in range(5):
            waiting[number].set()
            eventually(partial(wait_behind, number + 1), "it waits")
    visitors.join()
    assert came == [0, 1, 2, 3, 4]
    assert most == [1]


def test_who_waits_too_long_hears_that_the_shop_is_busy_and_holds_up_nobody() -> None:
    turns = Turns()
    with turns.turn(ONE, 0), pytest.raises(ShopBusy), turns.turn(ONE, 0.01):
        raise AssertionError("two at once")
    with turns.turn(ONE, 0):
        assert turns.waiting(ONE) == 0


def test_shops_do_not_wait_for_each_other() -> None:
    turns = Turns()
    with turns.turn(ONE, 0), turns.turn(OTHER, 0):
        assert turns.waiting(ONE) == 0


def test_an_error_within_the_turn_ends_it() -> None:
    turns = Turns()
    with pytest.raises(ZeroDivisionError), turns.turn(ONE, 0):
        raise ZeroDivisionError
    with turns.turn(ONE, 0):
        pass
