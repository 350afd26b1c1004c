"""A reconcile that is killed, cancelled, or handed on; exports that break; what is under way meanwhile."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backroom.jobs.runs import Run
from backroom.resources.product import shopify_product_cache
from tests.house import House
from tests.pull.truth import assert_true
from tests.reconcile.reconciled import PRODUCTS, ReconciledDesk, a_reconciled_desk

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
"""For what goes wrong between Shopify and the job: the database has no part in it."""
DRIFTED = 5
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[ReconciledDesk]:
    """Five products have drifted."""
    with a_reconciled_desk(house, tmp_path) as opened:
        opened.sync()
        for number, product in enumerate(opened.products()[::6]):
            opened.change(product, title=f"Title {number}")
        yield opened


def stage(desk: ReconciledDesk, run_id: int) -> str:
    return str((desk.cursor(run_id) or {}).get("stage"))


def files(desk: ReconciledDesk) -> list[Path]:
    return list((desk.home / "exports").glob("*"))


@pytest.mark.parametrize("where", ["export", "heads", "compare", "mend", "verify"])
def test_a_reconcile_killed_anywhere_is_gone_on_with(desk: ReconciledDesk, where: str) -> None:
    run_id = desk.begin_reconcile("repair")
    desk.carry(run_id, until=lambda _run: stage(desk, run_id) == where)
    desk.go_on(run_id, "repair")
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.drifted, run.repaired) == ("succeeded", PRODUCTS, DRIFTED, DRIFTED)
    assert len(desk.findings(state="repaired")) == DRIFTED
    assert_true(desk)
    assert files(desk) == []


@on_sqlite
@pytest.mark.parametrize("where", ["heads", "compare"])
def test_another_machine_fetches_the_file_again(desk: ReconciledDesk, where: str) -> None:
    run_id = desk.begin_reconcile("repair")
    desk.carry(run_id, until=lambda _run: stage(desk, run_id) == where)
    for path in files(desk):
        path.unlink()
    desk.go_on(run_id, "repair")
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.repaired) == ("succeeded", PRODUCTS, DRIFTED)
    assert len(desk.simulation.admin.bulk.all()) == 2, "one for the full sync, one for this"
    assert_true(desk)


@on_sqlite
@pytest.mark.parametrize("fault", ["truncate", "fail", "expire"])
def test_an_export_that_is_not_whole_is_asked_for_anew(desk: ReconciledDesk, fault: str) -> None:
    desk.script(bulk=[fault])
    run = desk.repair()
    assert (run.seen, run.drifted, run.repaired) == (PRODUCTS, DRIFTED, DRIFTED)
    assert_true(desk)


@on_sqlite
def test_a_file_that_was_cut_on_this_disk_is_never_taken_for_the_whole(desk: ReconciledDesk) -> None:
    run_id = desk.begin_reconcile("repair")
    desk.carry(run_id, until=lambda _run: stage(desk, run_id) == "heads")
    (file,) = files(desk)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[: len(lines) // 2]))
    run = desk.carry(run_id)
    assert (run.state, run.seen, run.drifted) == ("succeeded", PRODUCTS, DRIFTED)
    assert len(desk.simulation.admin.bulk.all()) == 3, "one for the full sync, and two for this"


@on_sqlite
def test_exports_that_are_never_whole_end_it_red_and_nothing_is_found(desk: ReconciledDesk) -> None:
    desk.script(bulk=["truncate"] * 5)
    run = desk.carry(desk.begin_reconcile())
    assert run.state == "failed"
    assert run.error is not None
    assert "run the reconcile again later" in run.error
    assert desk.findings() == []


@on_sqlite
def test_a_reconcile_is_cancelled_before_its_next_stretch(desk: ReconciledDesk) -> None:
    run_id = desk.begin_reconcile(job=desk.job("compare", rows=2))
    desk.carry(run_id, until=lambda _run: stage(desk, run_id) == "heads")
    desk.cancel(run_id)
    run = desk.carry(run_id)
    assert (run.state, run.seen) == ("cancelled", 0)


@on_sqlite
def test_what_changed_within_the_margin_is_counted_apart_and_not_written_down(
    desk: ReconciledDesk,
) -> None:
    run = end_of(desk, desk.begin_reconcile("repair", job=desk.job("repair", margin=timedelta(minutes=5))))
    assert (run.seen, run.drifted, run.in_flight) == (PRODUCTS, 0, DRIFTED)
    assert desk.findings() == []


@on_sqlite
def test_a_finding_that_can_not_be_looked_at_now_stays_as_it_is(desk: ReconciledDesk) -> None:
    desk.reconcile()
    before = [(each.id, each.last_seen_at) for each in desk.findings()]
    end_of(desk, desk.begin_reconcile("repair", job=desk.job("repair", margin=timedelta(minutes=5))))
    assert [(each.id, each.last_seen_at) for each in desk.findings()] == before


@on_sqlite
def test_a_delivery_that_waits_holds_back_what_it_is_about(desk: ReconciledDesk) -> None:
    about, *_ = desk.products()[::6]
    run_id = desk.begin_reconcile(job=desk.job("compare", patience_seconds=0.05))
    desk.carry(run_id, until=lambda _run: stage(desk, run_id) == "compare")
    # The stations rest only between the turns of this test: within one, it waits.
    assert desk.house.deliver("products/update", {"id": about.id}) is True
    desk.carry_alone(run_id, 10)
    run = desk.run(run_id)
    assert (run.state, run.drifted, run.in_flight) == ("succeeded", DRIFTED - 1, 1)
    assert str(about.id) not in {each.key for each in desk.findings()}


@on_sqlite
def test_a_delivery_that_can_not_be_read_hides_nothing_once_it_is_parked(desk: ReconciledDesk) -> None:
    desk.house.play("products/update", b"{")
    run = end_of(desk, desk.begin_reconcile())
    assert (run.drifted, run.in_flight) == (DRIFTED, 0)


@on_sqlite
def test_an_ignored_finding_does_not_count_until_it_differs_otherwise(desk: ReconciledDesk) -> None:
    desk.reconcile()
    first, *_ = desk.findings()
    desk.ignore(first.id)
    run = desk.reconcile()
    assert (run.drifted, run.unchanged) == (DRIFTED - 1, PRODUCTS - DRIFTED + 1)
    assert [each.id for each in desk.findings(state="ignored")] == [first.id]
    desk.by_hand(shopify_product_cache, {"shopify_product_id": int(first.key)}, updated_at=LONG_AGO)
    assert desk.reconcile().drifted == DRIFTED
    assert first.id in {each.id for each in desk.findings()}


def end_of(desk: ReconciledDesk, run_id: int) -> Run:
    run = desk.carry(run_id)
    assert (run.state, run.error) == ("succeeded", None)
    return run
