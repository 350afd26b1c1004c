"""Stock, the way that Shopify tells of it: 50 changes a second by signed HTTP, doubled, shuffled, late, lost.

At rest each level is what the shop has, though the worker was killed meanwhile.
"""

from dataclasses import replace

import pytest

from shopify_simulator.webhooks.faults import Faults
from tests.crash.served import Served
from tests.simulated.scene import Scene
from tests.simulated.stock_scene import StockScene, a_stock_scene

RATE = 50.0
CHANGES = 200
OF_LEVELS = (
    "ordered",
    "fulfilled",
    "restocked",
    "counted",
    "transferred",
    "reconnected",
    "disconnected or connected",
)


def assert_holds(scene: Scene) -> None:
    verdict = scene.verdict()
    assert verdict.differences[:5] == []
    assert verdict.holds


def live_through_a_kill(scene: StockScene, kinds: tuple[str, ...] | None = None) -> None:
    """The worker dies among the changes."""
    scene.live_on_stock(CHANGES, rate=RATE, kinds=kinds)
    scene.kill_the_worker()
    scene.wait_for_life()
    scene.come_to_rest()


@pytest.mark.crash
def test_every_level_is_the_truth_though_its_webhooks_came_twice_late_and_in_any_order(
    backroom: Served,
) -> None:
    faults = Faults(duplicate=0.3, reorder=0.3, delay=0.3, id_only=0.05, delay_seconds=0.5)
    with a_stock_scene(backroom, "stock-law-7", faults) as scene:
        scene.open()
        scene.come_to_rest()
        live_through_a_kill(scene)
        assert scene.verdict().stock["inventory_level"] > 100
        assert "stale" in {row["outcome"] for row in scene.stored()}
        assert_holds(scene)


@pytest.mark.crash
def test_what_a_third_of_the_webhooks_did_not_tell_one_reconcile_finds_names_and_mends(
    backroom: Served,
) -> None:
    with a_stock_scene(backroom, "stock-drops") as scene:
        scene.open()
        scene.come_to_rest()
        assert_holds(scene)
        faults = scene.simulation.faults
        scene.simulation.faults = replace(faults, drop=1 / 3, duplicate=0.3, reorder=0.3)
        live_through_a_kill(scene, OF_LEVELS)
        lost = scene.differing_levels()
        assert len(lost) > 10
        scene.grow_old()
        scene.repair_stock()
        assert {each.key for each in scene.findings()} == lost
        assert {(each.leg, each.state) for each in scene.findings()} == {("cache", "repaired")}
        assert {each.location_id for each in scene.findings()} == {key.partition(":")[2] for key in lost}
        scene.come_to_rest()
        assert_holds(scene)
