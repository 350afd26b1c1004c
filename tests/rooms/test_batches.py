"""One transaction for many rows, and the guilty one alone in the end."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from backroom.flow.batches import Claim, Tally, run_batch
from backroom.vocabulary.errors import BackroomError, ShopBusy, StoreUnavailable, Terminal, Transient


class Rows:
    """Rows to work on, some of them guilty; what was done lasts only where no guilty one was along."""

    def __init__(
        self, size: int, guilty: set[int], error: Callable[[], Exception] = lambda: Terminal("bad")
    ) -> None:
        self.keys = list(range(size))
        self.guilty = guilty
        self.error = error
        self.done: list[int] = []
        self.parked: dict[int, str] = {}
        self.transactions = 0

    def attempt(self, keys: Sequence[int] | None, claim: Claim[int]) -> Tally:
        self.transactions += 1
        claimed = self.keys if keys is None else list(keys)
        claim.keys.extend(claimed)
        if self.guilty.intersection(claimed):
            raise self.error()
        self.done += claimed
        return Tally(claimed=len(claimed), outcomes={"written": len(claimed)} if claimed else {})

    def park(self, key: int, error: Terminal) -> None:
        assert key not in self.parked
        self.parked[key] = str(error)

    def run(self) -> Tally:
        return run_batch(self.attempt, self.park)


def test_a_batch_without_guilt_is_one_transaction() -> None:
    rows = Rows(256, set())
    tally = rows.run()
    assert (rows.transactions, tally.claimed, tally.parked) == (1, 256, 0)
    assert tally.outcomes == {"written": 256}


def test_nothing_due_is_nothing_done() -> None:
    assert Rows(0, set()).run() == Tally()


@given(st.integers(1, 256), st.sets(st.integers(0, 255), max_size=5))
def test_the_guilty_rows_are_parked_and_all_others_done(size: int, guilty: set[int]) -> None:
    rows = Rows(size, guilty)
    tally = rows.run()
    wanted = guilty & set(range(size))
    assert rows.parked.keys() == wanted
    assert rows.done == [key for key in rows.keys if key not in wanted]
    assert (tally.claimed, tally.parked) == (size, len(wanted))
    assert sum(tally.outcomes.values()) == size - len(wanted)


def test_one_guilty_row_costs_a_few_transactions_and_not_one_a_row() -> None:
    rows = Rows(256, {77})
    rows.run()
    assert rows.transactions <= 2 + 2 * 8, "once at speed, once looking closer, then halves"


def test_a_single_guilty_row_is_looked_at_once_more_for_its_reason() -> None:
    rows = Rows(1, {0})
    rows.run()
    assert (rows.transactions, rows.parked) == (2, {0: "bad"})


def test_a_guilty_batch_is_told_which_rows_to_look_at_more_closely() -> None:
    asked: list[Sequence[int] | None] = []

    def attempt(keys: Sequence[int] | None, claim: Claim[int]) -> Tally:
        asked.append(keys)
        claim.keys.extend(keys or [1, 2])
        if keys is None:
            raise Terminal("something in here is bad")
        return Tally(claimed=len(keys))

    assert run_batch(attempt, Rows(0, set()).park) == Tally(claimed=2)
    assert asked == [None, [1, 2]]


def test_the_reason_is_the_one_its_own_row_gave() -> None:
    rows = Rows(4, {1, 3})

    def attempt(keys: Sequence[int] | None, claim: Claim[int]) -> Tally:
        claimed = rows.keys if keys is None else keys
        claim.keys.extend(claimed)
        for key in claimed:
            if key in rows.guilty:
                raise Terminal(f"row {key} is bad")
        return Tally(claimed=len(claimed))

    run_batch(attempt, rows.park)
    assert rows.parked == {1: "row 1 is bad", 3: "row 3 is bad"}


@pytest.mark.parametrize("kind", [Transient, ShopBusy, StoreUnavailable])
def test_a_transient_error_leaves_at_once_and_blames_nobody(kind: type[Transient]) -> None:
    rows = Rows(256, {77}, lambda: kind("later"))
    with pytest.raises(kind):
        rows.run()
    assert (rows.transactions, rows.parked, rows.done) == (1, {}, [])


def test_a_transient_error_in_one_half_leaves_what_was_done_done() -> None:
    errors: list[BackroomError] = [Terminal("bad"), Terminal("bad"), StoreUnavailable("gone")]
    rows = Rows(4, {2}, lambda: errors.pop(0))
    with pytest.raises(StoreUnavailable):
        rows.run()
    assert (rows.done, rows.parked) == ([0, 1], {})


def test_an_unknown_error_parks_its_row_only_and_is_logged_with_its_traceback() -> None:
    rows = Rows(8, {5}, lambda: ZeroDivisionError("a bug"))
    with capture_logs() as logged:
        rows.run()
    assert rows.parked.keys() == {5}
    assert "ZeroDivisionError" in rows.parked[5]
    assert "a bug" not in rows.parked[5]
    assert rows.done == [0, 1, 2, 3, 4, 6, 7]
    assert {line["event"] for line in logged} == {"row.provoked_a_bug"}
    assert all(line["exc_info"] for line in logged)
    assert {line["log_level"] for line in logged} == {"error"}


@pytest.mark.parametrize("error", [OSError(28, "no space left"), MemoryError()])
def test_an_error_of_the_machine_blames_no_row(error: Exception) -> None:
    rows = Rows(8, {5}, lambda: error)
    with pytest.raises(Transient):
        rows.run()
    assert (rows.transactions, rows.parked) == (1, {})


def test_a_bug_that_every_row_provokes_is_not_the_rows() -> None:
    rows = Rows(8, set(range(8)), lambda: ZeroDivisionError("a bug"))
    with pytest.raises(Terminal, match="ZeroDivisionError"):
        rows.run()
    assert rows.parked == {}


def test_an_error_before_anything_was_claimed_is_raised() -> None:
    def attempt(keys: Sequence[int] | None, claim: Claim[int]) -> Tally:
        raise Terminal("no row is to blame")

    with pytest.raises(Terminal, match="no row"):
        run_batch(attempt, Rows(0, set()).park)


def test_tallies_add_up() -> None:
    tally = Tally(claimed=2, parked=1, outcomes={"cached": 1})
    tally.add(Tally(claimed=3, parked=1, outcomes={"cached": 1, "stale": 1}))
    assert tally == Tally(claimed=5, parked=2, outcomes={"cached": 2, "stale": 1})
