from datetime import UTC, datetime
from typing import Any

import pytest

from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.subscription import Maker
from shopify_simulator.shop.subscriptions import Subscriptions
from shopify_simulator.webhooks.faults import Faults
from tests.simulator.receiver import OK, Answer, Receiver
from tests.simulator.street import a_product, save, settled, small_shop, until
from tests.waiting import eventually

GOOD: dict[str, Any] = {"topic": "products/update", "uri": "https://erp.example/hooks"}


def registry() -> Subscriptions:
    return Subscriptions(lambda: datetime(2026, 11, 22, tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [
        {"topic": "PRODUCTS_UPDATE"},
        {"topic": ""},
        {"topic": "products/updates"},
        {"topic": "shop/redact", "made_by": "api"},
        {"uri": "pubsub://project:topic"},
        {"uri": "ftp://erp.example/"},
        {"uri": "https:///hooks"},
        {"uri": "http://erp.example:port/"},
        {"uri": "hooks"},
        {"name": ""},
        {"name": "two words"},
        {"name": "x" * 51},
        {"made_by": "stranger"},
    ],
    ids=str,
)
def test_a_subscription_of_the_wrong_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        registry().add(**{**GOOD, **wrong})


def test_one_maker_subscribes_one_address_to_a_topic_once_and_two_makers_may_both() -> None:
    held = registry()
    held.add(**GOOD, made_by="app")
    with pytest.raises(Refused, match="uri"):
        held.add(**GOOD, made_by="app")
    held.add(**GOOD, made_by="api")
    assert len(held.of_topic("products/update")) == 2


def test_a_name_is_given_once_in_a_shop() -> None:
    held = registry()
    held.add(**GOOD, name="stock")
    with pytest.raises(Refused, match="name"):
        held.add(topic="products/delete", uri="https://other.example/", name="stock")


def test_other_settings_are_held_to_the_same_rules_and_a_new_address_begins_its_failures_anew() -> None:
    held = registry()
    first = held.add(**GOOD, made_by="api", name="stock")
    second = held.add(topic="products/update", uri="https://other.example/", made_by="api")
    with pytest.raises(Refused, match="uri"):
        held.change(second.id, uri=GOOD["uri"])
    with pytest.raises(Refused, match="name"):
        held.change(second.id, name="STOCK")
    held.failed(first.id)
    same = held.change(first.id, filter="status:active")
    assert same is not None
    assert (same.failures, same.filter, same.name) == (1, "status:active", "stock")
    moved = held.change(first.id, uri="https://new.example/")
    assert moved is not None
    assert moved.failures == 0
    assert held.change(1, uri="https://new.example/") is None


def test_while_the_app_is_gone_its_configuration_waits_and_the_api_makes_nothing() -> None:
    held = registry()
    held.add(**GOOD, made_by="api")
    held.uninstall()
    waiting = held.add(topic="products/delete", uri="https://erp.example/", made_by="app")
    assert held.all() == []
    with pytest.raises(Refused, match="not installed"):
        held.add(**GOOD, made_by="api")
    held.reinstall()
    assert held.all() == [waiting]


def test_eight_failures_in_a_row_end_what_the_api_made_and_a_success_begins_the_count_anew() -> None:
    held = registry()
    made = held.add(**GOOD, made_by="api")
    for _ in range(7):
        assert held.failed(made.id) is None
    held.succeeded(made.id)
    for _ in range(7):
        assert held.failed(made.id) is None
    ended = held.failed(made.id)
    assert ended is not None
    assert (ended.id, ended.failures) == (made.id, 8)
    assert held.all() == []
    assert held.removed == 1


@pytest.mark.parametrize("made_by", ["app", "merchant"])
def test_what_an_app_or_the_merchant_made_stays_however_often_it_fails(made_by: Maker) -> None:
    held = registry()
    made = held.add(**GOOD, made_by=made_by)
    for _ in range(50):
        assert held.failed(made.id) is None
    assert [each.failures for each in held.all()] == [50]


def test_a_removed_subscription_is_told_nothing_and_what_is_still_on_its_way_is_given_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Slow hours: only the removal can end the retries within this test.
    with Receiver(lambda received: Answer(status=500)) as receiver, small_shop(time_scale=1.0) as simulation:
        simulation.subscribe(receiver.url, made_by="api", topics=["products/update"])
        save(simulation, 8)
        until(simulation, lambda counts: counts["removed_subscriptions"] == 1, "the subscription is removed")
        counts = settled(simulation)
        save(simulation)
        after = settled(simulation)
    assert (counts["given_up"], counts["subscriptions"]) == (8, 0)
    assert len(receiver.received) == 8
    assert after["deliveries"] == counts["deliveries"]
    lines = [record.getMessage().split()[0] for record in caplog.records]
    assert sorted(lines) == ["delivery.given_up"] * 8 + ["subscription.removed"]


def test_an_app_made_subscription_is_told_again_once_its_receiver_is_well() -> None:
    sick = True
    with (
        Receiver(lambda received: Answer(status=500) if sick else OK) as receiver,
        small_shop() as simulation,
    ):
        simulation.subscribe(receiver.url, made_by="app")
        save(simulation, 3)
        assert settled(simulation)["given_up"] == 3
        sick = False
        save(simulation)
        assert settled(simulation)["delivered"] == 1
        assert {each.failures for each in simulation.subscriptions.of_topic("products/update")} == {0}


def test_unsubscribing_gives_up_what_waits_and_what_faults_hold_back() -> None:
    with Receiver(lambda received: Answer(waits=True)) as receiver, small_shop(time_scale=1.0) as simulation:
        (made,) = simulation.subscribe(receiver.url, ["products/update"])
        save(simulation, 40)
        eventually(lambda: receiver.at_once == 32, "the lane is full")
        simulation.faults = Faults(delay=1, delay_seconds=3600)
        save(simulation, 5)
        assert simulation.unsubscribe(made.id)
        assert not simulation.unsubscribe(made.id)
        until(simulation, lambda counts: counts["given_up"] == 5, "what was held back is given up")
        receiver.release()
        counts = settled(simulation)
    # What was at the receiver's door already arrived.
    assert (counts["delivered"], counts["given_up"]) == (32, 13)


def test_the_truth_says_how_far_the_newest_version_of_each_product_came() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, ["products/update"])
        told, deleted, never = (a_product(simulation, index) for index in range(3))
        save(simulation, 2)
        simulation.shop.delete(deleted)
        settled(simulation)
        carried = simulation.truth()["carried"]
    assert carried[str(told)] == {"state": "carried", "whole": True}
    # Nobody asked to be told of deletions.
    assert carried[str(deleted)] == {"state": "lost", "whole": False}
    assert carried[str(never)] == {"state": "lost", "whole": False}


def test_an_older_version_that_arrives_does_not_make_the_newest_one_carried() -> None:
    answers = iter([OK, Answer(waits=True)])
    with Receiver(lambda received: next(answers)) as receiver, small_shop(time_scale=1.0) as simulation:
        simulation.subscribe(receiver.url, ["products/update"])
        product_id = str(save(simulation))
        eventually(lambda: simulation.deliveries.counts()["delivered"] == 1, "the older one arrived")
        save(simulation)
        assert simulation.truth()["carried"][product_id] == {"state": "pending", "whole": False}
        eventually(lambda: receiver.at_once == 1, "the newer one is at the door")
        receiver.release()
        settled(simulation)
        assert simulation.truth()["carried"][product_id] == {"state": "carried", "whole": True}


def test_an_older_version_that_arrives_last_does_not_make_a_lost_one_carried() -> None:
    with Receiver(lambda received: Answer(waits=True)) as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url, ["products/update"])
        product_id = str(save(simulation))
        eventually(lambda: receiver.at_once == 1, "the older one is at the door")
        simulation.faults = Faults(drop=1)
        save(simulation)
        receiver.release()
        assert settled(simulation)["delivered"] == 1
        assert simulation.truth()["carried"][product_id] == {"state": "lost", "whole": False}


def test_a_truncated_body_carries_a_product_but_not_the_whole_of_it() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        simulation.shop.announce()
        settled(simulation)
        truth = simulation.truth()
    wide = {str(each["id"]) for each in truth["products"] if len(each["variants"]) > 100}
    assert wide
    assert {number for number, each in truth["carried"].items() if not each["whole"]} == wide
    assert {each["state"] for each in truth["carried"].values()} == {"carried"}


def test_with_two_subscriptions_it_is_enough_that_one_arrives() -> None:
    with (
        Receiver() as well,
        Receiver(lambda received: Answer(status=500)) as sick,
        small_shop() as simulation,
    ):
        simulation.subscribe(well.url)
        simulation.subscribe(sick.url)
        product_id = save(simulation)
        counts = settled(simulation)
        assert (counts["delivered"], counts["given_up"]) == (1, 1)
        assert simulation.truth()["carried"][str(product_id)] == {"state": "carried", "whole": True}


def test_a_version_that_was_given_up_is_lost_until_a_newer_one_arrives() -> None:
    sick = True
    with (
        Receiver(lambda received: Answer(status=500) if sick else OK) as receiver,
        small_shop() as simulation,
    ):
        simulation.subscribe(receiver.url)
        product_id = str(save(simulation))
        settled(simulation)
        assert simulation.truth()["carried"][product_id]["state"] == "lost"
        sick = False
        save(simulation)
        settled(simulation)
        assert simulation.truth()["carried"][product_id]["state"] == "carried"
