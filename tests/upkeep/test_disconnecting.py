"""The app is uninstalled, and installed again: nothing is asked meanwhile, and nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from backroom.jobs.connection import Reconnected, reconnect, stop_runs_of_removed
from backroom.jobs.registration import may_check
from backroom.jobs.requests import Disconnected, NewRun, queue_run, resume_run
from backroom.jobs.syncs import new_sync, shops_to_sync
from backroom.jobs.tables import sync_run
from backroom.registration.tables import topic_heard
from backroom.resources.registry import BY_PLURAL
from backroom.shops.shops import remove_shop
from backroom.shops.tables import shop, shop_credential
from backroom.vocabulary.clock import parse_instant
from tests.house import House
from tests.upkeep.registering import PUBLIC_URL, TOPICS, UpkeepDesk, an_upkeep_desk

UNINSTALLED = {"id": 1, "myshopify_domain": "one.myshopify.com"}


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[UpkeepDesk]:
    with house.database.writing() as transaction:
        opened_at = transaction.now() - timedelta(hours=1)
        transaction.execute(
            insert(shop_credential).values(
                shop_id=house.shop_id, kind="access_token", ciphertext=b"-", updated_at=opened_at
            )
        )
    with an_upkeep_desk(house, tmp_path) as opened:
        yield opened


def connect_again(desk: UpkeepDesk, public_url: str | None = PUBLIC_URL) -> Reconnected | None:
    with desk.house.database.writing() as transaction:
        return reconnect(transaction, desk.house.shop_id, BY_PLURAL, public_url)


def shop_row(desk: UpkeepDesk) -> dict[str, object]:
    (row,) = desk.house.rows(shop)
    return row


def test_an_uninstall_disconnects_the_shop_and_stops_its_runs(desk: UpkeepDesk) -> None:
    running = desk.begin()
    desk.carry(running, until=lambda run: run.phase is not None)
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    (delivery,) = desk.house.deliveries()
    assert (delivery["state"], delivery["outcome"], delivery["error"]) == ("sorted", "noted", None)
    assert shop_row(desk)["disconnected_at"] is not None
    run = desk.carry(running)
    assert run.state == "cancelled"
    assert run.error is not None
    assert "the app was uninstalled from one.myshopify.com on" in run.error
    assert "then `backroom shop test one.myshopify.com`" in run.error


def test_a_queued_run_is_cancelled_with_the_same_sentence(desk: UpkeepDesk) -> None:
    with desk.house.database.writing() as transaction:
        (one,) = shops_to_sync(transaction, "one.myshopify.com")
        new = new_sync(transaction, one, "products", full=True, since=None, requested_by="a test")
        run_id = queue_run(transaction, new)
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    run = desk.run(run_id)
    assert (run.state, run.error is not None and "uninstalled" in run.error) == ("cancelled", True)


def test_nothing_begins_for_a_disconnected_shop(desk: UpkeepDesk) -> None:
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    with desk.house.database.writing() as transaction:
        (one,) = shops_to_sync(transaction, "one.myshopify.com")
        new = new_sync(transaction, one, "products", full=True, since=None, requested_by="a test")
        with pytest.raises(Disconnected, match="install it again, then `backroom shop test"):
            queue_run(transaction, new)
        assert not may_check(transaction, desk.house.shop_id, PUBLIC_URL)


def test_a_late_word_of_an_earlier_uninstall_disconnects_nobody(desk: UpkeepDesk) -> None:
    with desk.house.database.reading() as transaction:
        earlier = transaction.now() - timedelta(hours=2)
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=earlier)
    assert shop_row(desk)["disconnected_at"] is None
    assert desk.house.deliveries()[0]["outcome"] == "noted"


def test_a_late_word_after_the_shop_was_connected_again_disconnects_nobody(desk: UpkeepDesk) -> None:
    told_at = desk.house.ask()
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=told_at)
    assert connect_again(desk) is not None
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=told_at)
    assert shop_row(desk)["disconnected_at"] is None


def test_who_is_connected_has_nothing_to_make_good(desk: UpkeepDesk) -> None:
    assert connect_again(desk) is None


def test_a_shop_that_is_connected_again_resumes_its_run_and_has_the_outage_fetched(desk: UpkeepDesk) -> None:
    desk.get_right()
    desk.clock.behind = timedelta(0)
    running = desk.begin()
    desk.carry(running, until=lambda run: run.phase is not None)
    desk.simulation.app.uninstall()
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    desk.carry(running)
    changed = desk.change(0, "While nobody was there")
    desk.simulation.app.reinstall()

    found = connect_again(desk)

    assert found is not None
    assert found.resumed == [running]
    assert shop_row(desk)["disconnected_at"] is None
    assert desk.subscribed() == {}
    checking = desk.run(found.queued[0])
    assert parse_instant(checking.options["outage_since"]) == found.since
    desk.take(running)
    assert desk.carry(running).state == "succeeded"
    desk.carry(desk.take(checking.id))
    assert len(desk.subscribed()) == len(TOPICS)
    filling = desk.fill()
    assert parse_instant(filling.options["since"]) < found.since
    assert {row["title"] for row in desk.house.listings() if row["shopify_product_id"] == changed} == {
        "While nobody was there"
    }


def test_without_an_address_the_outage_is_fetched_all_the_same(desk: UpkeepDesk) -> None:
    desk.sync()
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    found = connect_again(desk, public_url=None)
    assert found is not None
    (filling,) = desk.queued()
    assert [filling.id] == found.queued
    since = f"{found.since:%Y-%m-%d %H:%M} UTC"
    assert filling.options["reason"] == f"the app was not installed since {since}"
    assert f"what was missed since {since}: {filling.id}" in found.sentence("one.myshopify.com")


def test_a_run_that_a_person_cancelled_is_not_resumed(desk: UpkeepDesk) -> None:
    run_id = desk.begin()
    desk.cancel(run_id)
    desk.carry(run_id)
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    found = connect_again(desk)
    assert found is not None
    assert found.resumed == []


def test_a_run_stopped_by_the_uninstall_can_not_be_resumed_before(desk: UpkeepDesk) -> None:
    run_id = desk.begin()
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    desk.carry(run_id)
    with desk.house.database.writing() as transaction, pytest.raises(Disconnected):
        resume_run(transaction, run_id)


def test_other_scopes_are_kept(desk: UpkeepDesk) -> None:
    body = {"previous": ["read_products"], "current": ["write_products", "read_orders"]}
    desk.house.play("app/scopes_update", body)
    assert shop_row(desk)["granted_scopes"] == ["read_orders", "write_products"]


def scopes_of(desk: UpkeepDesk, *scopes: str) -> list[str]:
    """The shop says what it grants; the kinds of the runs that wait then."""
    desk.house.play("app/scopes_update", {"previous": [], "current": list(scopes)})
    return [run.kind for run in desk.queued()]


def test_a_scope_that_is_granted_has_its_topics_subscribed_at_once(desk: UpkeepDesk) -> None:
    desk.simulation.app.change_scopes(["read_products"])
    desk.carry(desk.begin_check())
    assert "LOCATIONS_UPDATE" not in desk.subscribed()

    desk.simulation.app.change_scopes(["read_products", "read_locations"])
    assert scopes_of(desk, "read_products", "read_locations") == ["webhooks"]
    assert scopes_of(desk, "read_products", "read_locations") == ["webhooks"], "one, however often it is told"
    (waiting,) = desk.queued()
    desk.carry(desk.take(waiting.id))
    assert "LOCATIONS_UPDATE" in desk.subscribed()


@pytest.mark.parametrize(
    "granted", [["read_products"], ["write_products"], ["read_products", "read_orders"], []]
)
def test_a_word_that_grants_nothing_needed_queues_no_check(desk: UpkeepDesk, granted: list[str]) -> None:
    desk.simulation.app.change_scopes(["read_products"])
    desk.carry(desk.begin_check())
    assert scopes_of(desk, *granted) == []


def test_a_scope_queues_no_check_where_webhooks_were_never_checked(desk: UpkeepDesk) -> None:
    assert scopes_of(desk, "read_products", "read_locations") == []


def test_a_scope_queues_no_check_for_a_disconnected_shop(desk: UpkeepDesk) -> None:
    desk.simulation.app.change_scopes(["read_products"])
    desk.carry(desk.begin_check())
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    assert scopes_of(desk, "read_products", "read_locations") == []
    assert desk.house.deliveries()[-1]["outcome"] == "noted"


def test_a_run_that_lacks_a_scope_says_what_to_run_again(desk: UpkeepDesk) -> None:
    desk.simulation.app.change_scopes(["read_orders"])
    new = NewRun(
        kind="reconcile",
        resource="products",
        mode="compare",
        shop_id=desk.house.shop_id,
        requested_by="a test",
    )
    with desk.house.database.writing() as transaction:
        run_id = queue_run(transaction, new)
    sentence = "one.myshopify.com lacks the scope read_products: grant it to the app, and run the {} again"
    assert desk.carry(desk.take(run_id)).error == sentence.format("reconcile")
    assert desk.carry(desk.begin()).error == sentence.format("sync")


@pytest.mark.parametrize("topic", ["app/uninstalled", "app/scopes_update"])
def test_a_notice_that_can_not_be_read_is_parked(desk: UpkeepDesk, topic: str) -> None:
    desk.house.play(topic, b"[1, 2")
    (delivery,) = desk.house.deliveries()
    assert (delivery["state"], delivery["outcome"]) == ("parked", "failed")
    assert delivery["error"].startswith(f"the body of {topic} can not be read")
    assert shop_row(desk)["disconnected_at"] is None


def test_topics_are_heard_once_a_delivery(desk: UpkeepDesk) -> None:
    for _ in range(3):
        desk.house.deliver("app/scopes_update", {"current": []})
    desk.house.settle()
    desk.house.play("shop/update", {})
    heard = {row["topic"]: row for row in desk.house.rows(topic_heard)}
    assert {topic: row["deliveries"] for topic, row in heard.items()} == {
        "app/scopes_update": 3,
        "shop/update": 1,
    }
    assert all(row["unnamed_at"] is not None for row in heard.values())


def test_the_run_of_a_worker_that_has_not_stopped_yet_goes_on(desk: UpkeepDesk) -> None:
    run_id = desk.begin()
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    connect_again(desk)
    (row,) = [row for row in desk.house.rows(sync_run) if row["id"] == run_id]
    assert (row["state"], row["cancel_asked_at"], row["error"]) == ("running", None, None)


def test_a_disconnect_keeps_its_first_instant(desk: UpkeepDesk) -> None:
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    first = shop_row(desk)["disconnected_at"]
    with desk.house.database.writing() as transaction:
        transaction.execute(update(shop).values(currency="EUR"))
    desk.house.play("app/uninstalled", UNINSTALLED, triggered_at=desk.house.ask())
    assert shop_row(desk)["disconnected_at"] == first


def test_a_shop_that_is_removed_stops_its_runs_and_they_are_not_resumed(desk: UpkeepDesk) -> None:
    running = desk.begin()
    desk.carry(running, until=lambda run: run.phase is not None)
    with desk.house.database.writing() as transaction:
        remove_shop(transaction, "one.myshopify.com")
        stop_runs_of_removed(transaction, desk.house.shop_id, "one.myshopify.com")
    run = desk.carry(running)
    assert (run.state, run.error) == (
        "cancelled",
        "one.myshopify.com was removed: open it again with `backroom shop add one.myshopify.com`",
    )
    with desk.house.database.writing() as transaction, pytest.raises(Disconnected, match="was removed"):
        resume_run(transaction, running)
