"""Subscriptions are made, mended, and what was not heard meanwhile is fetched: that, and nothing else."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from backroom.cache.watermarks import save_watermark
from backroom.cli.run_words import mended
from backroom.jobs.chunks import Chunks
from backroom.jobs.claims import Claim
from backroom.jobs.runs import view_of
from backroom.jobs.tables import sync_run
from backroom.registration.desired import HOUSE_TOPICS, name_of
from backroom.resources.product import product
from backroom.shopify.subscriptions import enum_of
from backroom.shops.tables import shop
from backroom.vocabulary.clock import parse_instant, to_the_minute
from backroom.vocabulary.ids import RunId
from tests.house import House
from tests.upkeep.registering import ADDRESS, QUICK, TOPICS, UpkeepDesk, an_upkeep_desk

PRODUCT_TOPICS = tuple(product.topics)
ENUMS = {enum_of(topic) for topic in TOPICS}
ALL = len(TOPICS)
OVERLAP = timedelta(minutes=10)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[UpkeepDesk]:
    with an_upkeep_desk(house, tmp_path) as opened:
        yield opened


class Cut(BaseException):
    """The process dies here."""


def mend_and_die(desk: UpkeepDesk, run_id: int) -> None:
    """All is mended in Shopify, and nothing of that is recorded."""

    class Dying(Chunks):
        def noting(self) -> NoReturn:
            raise Cut

    (row,) = [row for row in desk.house.rows(sync_run) if row["id"] == run_id]
    claim = Claim(run_id=run_id, executor="here", generation=row["generation"])
    QUICK.advance(view_of(row), Dying(desk.house.database, claim), desk.services)


def titles(desk: UpkeepDesk) -> set[str]:
    return {row["title"] for row in desk.house.listings() if row["is_active"]}


def test_a_first_check_makes_all_subscriptions_under_our_names(desk: UpkeepDesk) -> None:
    run = desk.check()
    held = desk.subscribed()
    assert held.keys() == ENUMS
    assert {each.uri for each in held.values()} == {ADDRESS}
    assert held["PRODUCTS_UPDATE"].name == "backroom-products-update"
    assert (run.total, run.seen, run.written, run.unchanged, run.failed) == (ALL, ALL, ALL, 0, 0)
    assert {row["state"] for row in desk.recorded().values()} == {"ok"}


def test_a_check_that_finds_all_right_changes_nothing(desk: UpkeepDesk) -> None:
    desk.get_right()
    before = desk.subscribed()
    run = desk.check()
    assert desk.subscribed() == before
    assert (run.written, run.unchanged, run.samples) == (0, ALL, [])
    assert desk.queued() == []


def test_a_shop_that_was_never_synced_is_told_so_and_gets_no_run(desk: UpkeepDesk) -> None:
    run = desk.check()
    assert [sample.reason for sample in run.samples if sample.id == "products"] == [
        "no sync of products yet: run a full one (`backroom sync products --full`)"
    ]
    assert desk.queued() == []


def test_lost_subscriptions_are_made_again_and_just_the_outage_is_fetched(desk: UpkeepDesk) -> None:
    desk.clock.behind = timedelta(hours=3)
    heard = desk.change(0, "As it was before the outage")
    desk.clock.behind = timedelta(0)
    desk.get_right()
    before = desk.subscribed()
    desk.clock.behind = timedelta(hours=3)
    unheard_for_other_reasons = desk.change(1, "Three hours ago")
    lost_at = desk.put_back(PRODUCT_TOPICS, by=timedelta(hours=2))
    desk.clock.behind = timedelta(hours=1)
    assert len(desk.simulation.lose_subscriptions()) == ALL
    missed = desk.change(2, "Within the outage")
    desk.clock.behind = timedelta(0)

    run = desk.check()

    assert desk.subscribed().keys() == before.keys()
    (filling,) = desk.queued()
    assert filling.mode == "incremental"
    assert parse_instant(filling.options["since"]) == lost_at - OVERLAP
    assert filling.options["reason"] == (
        f"products/create and products/update and products/delete may not have come in since"
        f" {to_the_minute(lost_at)}"
    )
    begins = to_the_minute(lost_at - OVERLAP)
    assert any(
        f"run {filling.id} fetches what changed since {begins}:" in each.reason for each in run.samples
    )
    filled = desk.fill()
    assert (filled.id, filled.seen, filled.written) == (filling.id, 1, 1)
    assert "Within the outage" in titles(desk)
    assert "Three hours ago" not in titles(desk)
    assert len({heard, unheard_for_other_reasons, missed}) == 3


def test_what_was_deleted_within_the_outage_is_gone_afterwards(desk: UpkeepDesk) -> None:
    desk.get_right()
    desk.put_back(PRODUCT_TOPICS, by=timedelta(minutes=30))
    desk.simulation.lose_subscriptions()
    desk.clock.behind = timedelta(minutes=10)
    gone, *_ = desk.simulation.shop.products
    desk.simulation.shop.delete(gone)
    desk.check()
    desk.fill()
    assert desk.refetch() == 1
    (row,) = [row for row in desk.house.listings() if row["shopify_product_id"] == gone]
    assert not row["is_active"]


def test_a_misrouted_subscription_is_led_back_and_its_outage_fetched(desk: UpkeepDesk) -> None:
    desk.get_right()
    held = desk.subscribed()["PRODUCTS_UPDATE"]
    number = int(held.id.rpartition("/")[2])
    lost_at = desk.put_back(("products/update",), by=timedelta(hours=1))
    desk.simulation.subscriptions.change(number, uri="http://127.0.0.1:9/elsewhere")
    run = desk.check()
    moved = desk.subscribed()["PRODUCTS_UPDATE"]
    assert (moved.id, moved.uri) == (held.id, ADDRESS)
    assert run.written == 1
    (filling,) = desk.queued()
    assert parse_instant(filling.options["since"]) == lost_at - OVERLAP


def test_a_narrowed_subscription_is_made_anew(desk: UpkeepDesk) -> None:
    desk.get_right()
    held = desk.subscribed()["PRODUCTS_UPDATE"]
    desk.simulation.subscriptions.change(int(held.id.rpartition("/")[2]), filter="vendor:x")
    desk.check()
    fresh = desk.subscribed()["PRODUCTS_UPDATE"]
    assert fresh.narrowed_by == ""
    assert fresh.id != held.id


def test_a_missing_scope_is_named_and_the_other_topics_are_made(desk: UpkeepDesk) -> None:
    desk.simulation.app.change_scopes(["read_orders"])
    run = desk.carry(desk.begin_check())
    assert run.state == "failed"
    assert run.error == "; ".join(
        f"the app lacks the scope {scope}: grant it"
        for scope in ("read_products", "read_locations", "read_inventory")
    )
    assert desk.subscribed().keys() == {"APP_UNINSTALLED", "APP_SCOPES_UPDATE", "BULK_OPERATIONS_FINISH"}
    assert desk.recorded()["products/update"]["state"] == "scope"
    (row,) = desk.house.rows(shop)
    assert row["granted_scopes"] == ["read_orders"]


def test_a_shop_goes_without_what_it_never_granted_and_all_else_is_seen_to(desk: UpkeepDesk) -> None:
    desk.simulation.app.change_scopes(["read_products"])
    desk.sync()
    first = desk.check()
    assert desk.subscribed().keys() == {enum_of(topic) for topic in (*PRODUCT_TOPICS, *HOUSE_TOPICS)}
    assert (first.total, first.seen, first.written, first.failed) == (6, 6, 6, 0)
    lacks = "the app lacks the scope {}: grant it"
    assert [sample.reason for sample in first.samples if "scope" in sample.reason] == [
        lacks.format("read_locations"),
        lacks.format("read_inventory"),
        lacks.format("read_inventory"),
    ]
    desk.fill()
    again = desk.check()
    assert (again.seen, again.unchanged, again.written, len(again.samples)) == (6, 6, 0, 3)
    assert mended(again) == f"{lacks.format('read_locations')}; {lacks.format('read_inventory')}"
    assert desk.queued() == [], "nothing is begun for what it goes without"


def test_a_scope_that_is_lost_is_missed_where_something_was_fetched_by_it(desk: UpkeepDesk) -> None:
    desk.get_right()
    with desk.house.database.writing() as transaction:
        save_watermark(transaction, desk.house.shop_id, "locations", transaction.now(), RunId(1))
    desk.simulation.app.change_scopes(["read_products"])
    desk.simulation.lose_subscriptions()
    run = desk.carry(desk.begin_check())
    assert (run.state, run.error) == ("failed", "the app lacks the scope read_locations: grant it")


def test_a_check_that_may_not_apply_changes_nothing_and_says_what_is_wrong(desk: UpkeepDesk) -> None:
    run = desk.carry(desk.begin_check(apply=False))
    assert (run.state, desk.subscribed()) == ("failed", {})
    assert run.error is not None
    assert "`backroom webhooks apply`" in run.error


def test_an_outage_that_ended_by_itself_is_fetched_all_the_same(desk: UpkeepDesk) -> None:
    desk.get_right()
    lost = desk.put_back(PRODUCT_TOPICS, by=timedelta(hours=1))
    desk.simulation.lose_subscriptions()
    assert desk.carry(desk.begin_check(apply=False)).state == "failed"
    for topic in PRODUCT_TOPICS:
        desk.simulation.subscriptions.add(topic=topic, made_by="api", uri=ADDRESS, name=name_of(topic))
    desk.check()
    (filling,) = desk.queued()
    assert parse_instant(filling.options["since"]) == lost - OVERLAP


def test_a_crash_between_the_mending_and_its_record_loses_no_outage(desk: UpkeepDesk) -> None:
    desk.get_right()
    lost = desk.put_back(PRODUCT_TOPICS, by=timedelta(hours=1))
    desk.simulation.lose_subscriptions()
    run_id = desk.begin_check()
    desk.carry(run_id, until=lambda run: run.phase is not None)
    with pytest.raises(Cut):
        mend_and_die(desk, run_id)
    assert len(desk.subscribed()) == ALL
    desk.carry_anew(run_id)
    assert desk.carry(run_id).state == "succeeded"
    (filling,) = desk.queued()
    assert parse_instant(filling.options["since"]) == lost - OVERLAP


def test_a_filling_run_that_failed_is_begun_again_by_the_next_check(desk: UpkeepDesk) -> None:
    desk.get_right()
    lost = desk.put_back(PRODUCT_TOPICS, by=timedelta(hours=1))
    desk.simulation.lose_subscriptions()
    desk.check()
    (filling,) = desk.queued()
    desk.script(request=["frozen"] * 4)
    assert desk.carry(desk.take(filling.id)).state == "failed"
    desk.script()
    desk.check()
    (again,) = desk.queued()
    assert parse_instant(again.options["since"]) == lost - OVERLAP
    assert again.options["reason"] == filling.options["reason"]


def test_a_sync_that_is_under_way_is_waited_for_and_ours_comes_after_it(desk: UpkeepDesk) -> None:
    desk.get_right()
    desk.put_back(PRODUCT_TOPICS, by=timedelta(hours=1))
    desk.simulation.lose_subscriptions()
    under_way = desk.begin("incremental")
    checking = desk.begin_check()
    desk.carry(checking, until=lambda run: run.phase is not None and run.phase.startswith("waiting"))
    assert desk.queued() == []
    assert desk.carry(under_way).state == "succeeded"
    assert desk.carry(checking).state == "succeeded"
    assert desk.queued()[0].options["reason"]


def test_where_shopify_does_not_tell_of_deletions_the_sync_goes_on(desk: UpkeepDesk) -> None:
    desk.sync()
    run_id = desk.begin("incremental")
    desk.carry(run_id, until=lambda run: (desk.cursor(run_id) or {}).get("stage") == "deletions")
    desk.script(request=["denied"])
    run = desk.carry(run_id)
    assert (run.state, run.error) == ("succeeded", None)
