"""A small shop and its courier, for tests: few products, hours that pass within a moment."""

from collections.abc import Callable
from typing import Any, Final

from shopify_simulator.simulation import Simulation
from shopify_simulator.webhooks.faults import Faults
from shopify_simulator.webhooks.retry import Patience
from tests.waiting import eventually

SECRET: Final = "hush-hush"
STORE_KEY: Final = "the store's own key"
FAST: Final = 1_000_000.0
"""Four hours within 15 ms."""
BRISK: Final = Patience(connect_seconds=0.3, total_seconds=0.6)


def small_shop(**given: Any) -> Simulation:
    """Five products, to be used in a `with`; hours are short unless `time_scale` says otherwise."""
    defaults = {"secret": SECRET, "store_key": STORE_KEY, "products": 5, "time_scale": FAST}
    return Simulation(**{**defaults, **given})


def a_product(simulation: Simulation, index: int = 0) -> int:
    return sorted(simulation.shop.products)[index]


def save(simulation: Simulation, times: int = 1, index: int = 0) -> int:
    """A merchant saves one product so many times; its id."""
    product_id = a_product(simulation, index)
    for _ in range(times):
        simulation.shop.announce([product_id])
    return product_id


def settled(simulation: Simulation) -> dict[str, float]:
    """The counts once nothing is on its way any more."""
    eventually(lambda: simulation.deliveries.counts()["trips"] == 0, "every delivery has ended")
    return simulation.status()


def until(simulation: Simulation, reached: Callable[[dict[str, float]], bool], what: str) -> None:
    eventually(lambda: reached(simulation.status()), what)


def always(**chances: Any) -> Faults:
    """Faults with a seed."""
    return Faults(seed=7, **chances)
