import json
from dataclasses import replace
from typing import Any

import pytest

from shopify_simulator.simulation import Simulation
from shopify_simulator.webhooks.faults import FaultName, Faults, Lot
from tests.simulator.receiver import Answer, Received, Receiver
from tests.simulator.street import a_product, always, save, settled, small_shop, until
from tests.waiting import eventually

NEVER_SECONDS = 3600.0
EVERYTHING = Faults(seed=5, drop=0.1, duplicate=0.2, reorder=0.3, delay=0.1, id_only=0.2)


def lot(number: int) -> Lot:
    """Of one product's n-th event."""
    return Lot("products", 7, number, 1)


def order_of(receiver: Receiver, simulation: Simulation) -> list[int]:
    """Which parcel came when: its place in the order of events."""
    triggered = sorted(each.headers["x-shopify-triggered-at"] for each in receiver.received)
    return [triggered.index(each.headers["x-shopify-triggered-at"]) for each in receiver.received]


def test_a_fate_is_a_function_of_the_seed_and_the_lot_alone() -> None:
    forwards = [EVERYTHING.fate(lot(number)) for number in range(500)]
    backwards = [EVERYTHING.fate(lot(number)) for number in reversed(range(500))]
    assert forwards == backwards[::-1]
    assert forwards != [replace(EVERYTHING, seed=6).fate(lot(number)) for number in range(500)]


def test_two_runs_with_the_same_seed_and_events_meet_the_same_faults() -> None:
    def run() -> list[tuple[int, list[str]]]:
        """Product and faults of each parcel, in the order of the events."""
        with Receiver() as receiver, small_shop(faults=EVERYTHING, seed=2) as simulation:
            simulation.subscribe(receiver.url)
            for _ in range(60):
                simulation.life.change_once()
            simulation.courier.flush()
            settled(simulation)
            rows = simulation.deliveries.rows(limit=1000)
        rows.sort(key=lambda row: str(row["triggered_at"]))
        return [(row["resource_id"], row["faults"]) for row in rows]

    one = run()
    assert one == run()
    assert any(faults for _, faults in one)


def test_each_products_events_meet_the_same_faults_in_whatever_turns_they_came() -> None:
    def run(turns: list[int]) -> dict[int, list[list[str]]]:
        """The faults of each product's events, in their order; `turns`: which product's turn it is."""
        with Receiver() as receiver, small_shop(faults=EVERYTHING) as simulation:
            simulation.subscribe(receiver.url)
            for index in turns:
                save(simulation, index=index)
            rows = sorted(simulation.deliveries.rows(limit=1000), key=lambda row: str(row["triggered_at"]))
        return {
            index: [row["faults"] for row in rows if row["resource_id"] == a_product(simulation, index)]
            for index in set(turns)
        }

    assert run([0] * 30 + [1] * 30) == run([1, 0] * 30)


def test_two_subscriptions_of_a_topic_and_two_products_meet_their_own_faults() -> None:
    lots = [
        [Lot("products", product, event, place) for event in range(1, 100)]
        for product, place in ((7, 1), (7, 2), (8, 1))
    ]
    one, other, neighbour = ([EVERYTHING.fate(each).names for each in those] for those in lots)
    assert one != other
    assert one != neighbour


@pytest.mark.parametrize("name", ["drop", "duplicate", "reorder", "delay", "id_only"])
def test_a_chance_is_met_as_often_as_it_says(name: FaultName) -> None:
    chances: dict[str, Any] = {name: 0.3}
    fates = [Faults(seed=1, **chances).fate(lot(number)).names for number in range(2000)]
    assert fates.count((name,)) == pytest.approx(600, abs=80)
    assert fates.count(()) == 2000 - fates.count((name,))


def test_changing_one_chance_changes_nothing_about_the_others() -> None:
    few = [Faults(seed=1, duplicate=0.2, id_only=0.2).fate(lot(number)) for number in range(500)]
    many = [Faults(seed=1, duplicate=0.2, id_only=0.2, delay=0.5).fate(lot(number)) for number in range(500)]
    assert [(one.copies_after_seconds, one.id_only) for one in few] == [
        (one.copies_after_seconds, one.id_only) for one in many
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"drop": 1.1}, {"delay": -0.1}, {"id_only": float("nan")}, {"delay_seconds": 0}, {"reorder_window": 0}],
    ids=str,
)
def test_a_chance_or_reach_out_of_its_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Faults(**wrong)  # type: ignore[arg-type]


def test_a_dropped_delivery_is_never_sent_and_its_product_is_lost() -> None:
    with Receiver() as receiver, small_shop(faults=always(drop=1)) as simulation:
        simulation.subscribe(receiver.url)
        product_id = save(simulation)
        counts = settled(simulation)
        assert simulation.truth()["carried"][str(product_id)] == {"state": "lost", "whole": False}
        (row,) = simulation.deliveries.rows(limit=10)
    assert receiver.received == []
    assert (counts["dropped"], counts["deliveries"], counts["attempts"]) == (1, 1, 0)
    assert (row["state"], row["faults"]) == ("dropped", ["drop"])


def test_a_duplicate_comes_later_with_the_same_webhook_id_body_and_headers() -> None:
    faults = always(duplicate=1, delay_seconds=0.05)
    with Receiver() as receiver, small_shop(faults=faults) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation, 20)
        counts = settled(simulation)
    by_id: dict[str, list[Received]] = {}
    for each in receiver.received:
        by_id.setdefault(each.webhook_id, []).append(each)
    assert len(by_id) == 20
    assert {len(same) for same in by_id.values()} == {2, 3}
    for first, *others in by_id.values():
        assert all((each.body, each.headers) == (first.body, first.headers) for each in others)
    assert (counts["duplicated"], counts["delivered"]) == (20, 20)


def test_a_reordered_delivery_is_passed_by_later_ones() -> None:
    faults = always(reorder=0.3, reorder_seconds=NEVER_SECONDS)
    with Receiver() as receiver, small_shop(faults=faults) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation, 60)
        until(simulation, lambda counts: counts["delivered"] > 45, "most have come")
        simulation.courier.flush()
        assert settled(simulation)["reordered"] > 5
        numbers = order_of(receiver, simulation)
    assert sorted(numbers) == list(range(60))
    assert numbers != sorted(numbers)


def test_one_that_is_passed_by_once_comes_right_after_its_successor() -> None:
    # Each is held back until one later parcel was there: nothing leaves but by the flush or the time.
    first_only = Faults(seed=0, reorder=1, reorder_window=1, reorder_seconds=NEVER_SECONDS)
    with Receiver() as receiver, small_shop(faults=first_only) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        simulation.faults = Faults()
        save(simulation)
        settled(simulation)
        assert order_of(receiver, simulation) == [1, 0]


@pytest.mark.parametrize(
    "faults",
    [always(reorder=1, reorder_seconds=0.05), always(delay=1, delay_seconds=0.05)],
    ids=["reorder", "delay"],
)
def test_what_is_held_back_leaves_after_its_time_when_nothing_else_comes(faults: Faults) -> None:
    with Receiver() as receiver, small_shop(faults=faults) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        assert settled(simulation)["delivered"] == 1


@pytest.mark.parametrize(
    "faults",
    [
        always(reorder=1, reorder_seconds=NEVER_SECONDS, reorder_window=10_000),
        always(delay=1, delay_seconds=NEVER_SECONDS),
        always(duplicate=1, delay_seconds=NEVER_SECONDS),
    ],
    ids=["reorder", "delay", "duplicate"],
)
def test_a_flush_sends_at_once_what_is_held_back(faults: Faults) -> None:
    with Receiver() as receiver, small_shop(faults=faults) as simulation:
        simulation.subscribe(receiver.url)
        product_id = save(simulation, 3)
        if not faults.duplicate:
            assert simulation.truth()["carried"][str(product_id)]["state"] == "pending"
            assert receiver.received == []
        simulation.courier.flush()
        assert settled(simulation)["delivered"] == 3


def test_a_flush_does_not_hurry_retries() -> None:
    with Receiver(lambda received: Answer(status=500)) as receiver, small_shop(time_scale=1.0) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        until(simulation, lambda counts: counts["attempts"] == 1, "the first attempt")
        simulation.courier.flush()
        simulation.faults = always(delay=1, delay_seconds=0.01)
        receiver.script = lambda received: Answer()
        save(simulation)
        until(simulation, lambda counts: counts["delivered"] == 1, "a later one arrived")
        assert simulation.status()["waiting"] == 1


def test_an_id_only_body_is_the_id_signed_anew_and_does_not_carry_the_whole_product() -> None:
    with Receiver() as receiver, small_shop(faults=always(id_only=1)) as simulation:
        simulation.subscribe(receiver.url)
        product_id = save(simulation)
        settled(simulation)
        assert simulation.truth()["carried"][str(product_id)] == {"state": "carried", "whole": False}
    (received,) = receiver.received
    assert json.loads(received.body) == {"id": product_id}


def test_a_deletion_has_no_shorter_form_and_is_whole() -> None:
    with Receiver() as receiver, small_shop(faults=always(id_only=1)) as simulation:
        simulation.subscribe(receiver.url)
        product_id = a_product(simulation)
        simulation.shop.delete(product_id)
        counts = settled(simulation)
        assert simulation.truth()["carried"][str(product_id)] == {"state": "carried", "whole": True}
    assert counts["id_only"] == 0


def test_a_duplicate_that_arrives_carries_what_the_first_one_could_not() -> None:
    answers = iter([Answer(closes=True)] * 9)
    faults = always(duplicate=1, delay_seconds=NEVER_SECONDS)
    with (
        Receiver(lambda received: next(answers, Answer())) as receiver,
        small_shop(faults=faults) as simulation,
    ):
        simulation.subscribe(receiver.url)
        product_id = str(save(simulation))
        eventually(lambda: len(receiver.received) == 9, "the first one is given up")
        assert simulation.truth()["carried"][product_id]["state"] == "pending"
        simulation.courier.flush()
        counts = settled(simulation)
        assert simulation.truth()["carried"][product_id]["state"] == "carried"
    assert (counts["delivered"], counts["given_up"]) == (1, 0)
