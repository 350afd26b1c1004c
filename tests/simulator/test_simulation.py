"""A simulation as tests use it: begun, brought to rest, ended."""

import pytest

from shopify_simulator.simulation import Simulation
from tests.simulator.receiver import Answer, Receiver
from tests.simulator.street import always, save, small_shop, until
from tests.waiting import eventually


def test_at_rest_an_opening_and_a_life_of_so_many_changes_have_come_to_their_ends() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        simulation.open(rate=100)
        simulation.live(rate=500, changes=30)
        simulation.come_to_rest()
        counts = simulation.status()
    assert (counts["opening"], counts["rate"], counts["changes"], counts["trips"]) == (0, 0, 30, 0)
    assert len(receiver.received) == counts["events"] == 35


def test_coming_to_rest_ends_an_endless_life() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
        simulation.live(rate=500)
        until(simulation, lambda counts: counts["changes"] > 5, "it lives")
        simulation.come_to_rest()
        counts = simulation.status()
    assert (counts["rate"], counts["delivered"]) == (0, counts["events"])


def test_coming_to_rest_sends_what_faults_hold_back() -> None:
    with Receiver() as receiver, small_shop(faults=always(delay=1, delay_seconds=3600)) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation, 3)
        simulation.come_to_rest()
        assert len(receiver.received) == 3


def test_a_shop_that_does_not_come_to_rest_in_time_says_what_is_missing() -> None:
    with Receiver(lambda received: Answer(status=500)) as receiver, small_shop(time_scale=1.0) as simulation:
        simulation.subscribe(receiver.url)
        save(simulation, 2)
        with pytest.raises(TimeoutError, match="2 trips are not over"):
            simulation.come_to_rest(timeout=0.05)


def test_what_happens_after_the_end_is_told_to_nobody() -> None:
    with Receiver() as receiver, small_shop() as simulation:
        simulation.subscribe(receiver.url)
    save(simulation)
    counts = simulation.status()
    assert (counts["changes"], counts["events"], counts["trips"]) == (1, 0, 0)


def test_one_that_was_never_started_may_be_stopped_and_one_that_was_may_be_stopped_twice() -> None:
    small_shop().stop()
    with small_shop() as simulation:
        simulation.stop()


@pytest.mark.parametrize("rate", [0, -1, float("nan")])
def test_an_opening_that_would_never_come_is_refused_and_the_one_before_goes_on(rate: float) -> None:
    with small_shop() as simulation:
        simulation.open(rate=0.001)
        with pytest.raises(ValueError, match="rate"):
            simulation.open(rate=rate)
        assert simulation.status()["opening"] == 1


def test_the_version_of_the_webhooks_is_the_apps_and_one_that_the_bodies_are_not_of_is_refused() -> None:
    with Receiver() as receiver, small_shop(api_version="2026-07") as simulation:
        simulation.subscribe(receiver.url)
        save(simulation)
        (received,) = eventually(lambda: receiver.received, "a delivery")
    assert received.headers["x-shopify-api-version"] == "2026-07"
    with pytest.raises(ValueError, match="2026-10"):
        Simulation(secret="hush", products=1, api_version="2022-01")
