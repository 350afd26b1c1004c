"""Who has a run: of two that want it one gets it, and whoever lost it commits nothing any more."""

from dataclasses import replace

import pytest

from backroom.db.database import Database
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import (
    CancelAsked,
    Claim,
    Fenced,
    claim_queued,
    finish,
    read_active,
    sit_down,
    take_over,
)
from backroom.jobs.requests import AlreadyRunning, cancel_run, queue_run
from backroom.vocabulary.ids import ShopId
from tests.house import make_shop
from tests.jobs.crew import new_run, queue, run_of
from tests.waiting import Running


def claimed(database: Database, shop_id: ShopId, executor: str = "a") -> Claim:
    run_id = queue(database, shop_id)
    with database.writing() as transaction:
        (claim,) = claim_queued(transaction, [run_id], executor)
    return claim


def taken(database: Database, claim: Claim, executor: str = "b") -> Claim | None:
    with database.writing() as transaction:
        return take_over(transaction, claim, executor)


def count(chunks: Chunks, number: int) -> None:
    with chunks.open() as chunk:
        chunk.count(seen=number)
        chunk.go_on_at(number)


def test_of_many_that_queue_the_same_one_does(database: Database, shop_id: ShopId) -> None:
    def ask() -> int:
        try:
            return queue(database, shop_id)
        except AlreadyRunning:
            return 0

    run_ids = [run_id for run_id in Running(*[ask] * 8).join() if run_id]
    assert len(run_ids) == 1
    with database.reading() as transaction:
        assert read_active(transaction).queued == run_ids


def test_of_two_that_claim_a_run_one_gets_it(database: Database, shop_id: ShopId) -> None:
    run_id = queue(database, shop_id)

    def claim() -> list[Claim]:
        with database.writing() as transaction:
            return claim_queued(transaction, [run_id], "w")

    assert sum(len(claims) for claims in Running(*[claim] * 6).join()) == 1
    assert run_of(database, run_id).generation == 1


def test_of_two_that_take_a_run_over_one_gets_it(database: Database, shop_id: ShopId) -> None:
    claim = claimed(database, shop_id)
    found = Running(*[lambda: taken(database, claim)] * 6).join()
    assert [each.generation for each in found if each is not None] == [2]


def test_whoever_lost_a_run_commits_nothing_and_does_not_end_it(database: Database, shop_id: ShopId) -> None:
    claim = claimed(database, shop_id)
    chunks = Chunks(database, claim)
    count(chunks, 5)
    assert taken(database, claim) is not None
    with pytest.raises(Fenced):
        count(chunks, 6)
    with pytest.raises(Fenced), database.writing() as transaction:
        finish(transaction, claim, "failed", "the loser's word")
    run = run_of(database, claim.run_id)
    assert (run.state, run.seen, run.error, run.executor) == ("running", 5, None, "b")


def test_a_worker_that_takes_over_from_itself_shuts_out_its_former_self(
    database: Database, shop_id: ShopId
) -> None:
    claim = claimed(database, shop_id)
    assert taken(database, claim, "a") is not None
    with pytest.raises(Fenced):
        count(Chunks(database, claim), 1)


def test_of_two_processes_with_one_claim_only_the_one_that_is_up_to_date_goes_on(
    database: Database, shop_id: ShopId
) -> None:
    claim = claimed(database, shop_id)
    one, other = Chunks(database, claim), Chunks(database, claim)
    one.look()
    other.look()
    count(one, 5)
    with pytest.raises(Fenced):
        count(other, 5)
    count(one, 7)
    assert run_of(database, claim.run_id).seen == 12


def test_a_cursor_is_the_same_in_whatever_order_its_keys_come_back(
    database: Database, shop_id: ShopId
) -> None:
    chunks = Chunks(database, claimed(database, shop_id))
    for number in range(3):
        with chunks.open() as chunk:
            chunk.go_on_at({"zeta": number, "a": [1, 2.5, None], "longer": {"b": True, "a": "é"}})
        assert chunks.look().cursor["zeta"] == number


def test_rows_and_counts_are_committed_together_or_not_at_all(database: Database, shop_id: ShopId) -> None:
    claim = claimed(database, shop_id)
    chunks = Chunks(database, claim)

    def stumble() -> None:
        with chunks.open() as chunk:
            chunk.count(seen=5)
            raise LookupError

    with pytest.raises(LookupError):
        stumble()
    assert run_of(database, claim.run_id).seen == 0
    count(chunks, 3)
    assert run_of(database, claim.run_id).seen == 3


def test_a_run_that_is_to_be_cancelled_commits_no_further_chunk(database: Database, shop_id: ShopId) -> None:
    claim = claimed(database, shop_id)
    with database.writing() as transaction:
        cancel_run(transaction, claim.run_id)
    with pytest.raises(CancelAsked):
        count(Chunks(database, claim), 1)


def test_a_recovered_workflow_sits_down_wherever_it_was_recovered(
    database: Database, shop_id: ShopId
) -> None:
    claim = claimed(database, shop_id)
    with database.writing() as transaction:
        seated = sit_down(transaction, claim.run_id, claim.generation, "b")
        assert seated is not None
        assert sit_down(transaction, claim.run_id, claim.generation - 1, "c") is None
    with pytest.raises(Fenced):
        count(Chunks(database, claim), 1)
    count(Chunks(database, seated), 1)


def test_another_kind_and_another_shop_are_no_obstacle(database: Database, shop_id: ShopId) -> None:
    queue(database, shop_id)
    queue(database, make_shop(database, "two.myshopify.com"))
    with database.writing() as transaction:
        queue_run(transaction, replace(new_run(shop_id), kind="refetch"))
        assert len(read_active(transaction).queued) == 3
