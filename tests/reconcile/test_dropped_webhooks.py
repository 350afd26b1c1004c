"""A third of the webhooks is dropped, the rest shuffled and doubled: one reconcile, and nothing differs."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from shopify_simulator.webhooks.faults import Faults
from tests.house import House
from tests.pull.running import MOST_TURNS
from tests.pull.truth import assert_true, differences, truth_of
from tests.reconcile.lossy import Living, LossyShop, a_lossy_shop
from tests.waiting import eventually

PRODUCTS = 120
CHANGES = 150
RATE = 20.0
SEEDS = (1, 2)
MORE_SEEDS = range(3, 21)


def drifted(shop: LossyShop) -> set[str]:
    """By the simulator's truth: what is not held in its newest version, and what is held and is gone."""
    products = shop.desk.simulation.shop.products
    held = {row["shopify_product_id"]: row for row in shop.desk.house.cache()}
    newest = {
        key: row["updated_at"] for key, row in held.items() if row["raw_data"] and row["deleted_at"] is None
    }
    lines = differences(truth_of(shop.desk), shop.desk.held())
    differing = {number for line in lines for number in re.findall(r"product (\d+)", line)}
    old = {str(each.id) for each in products.values() if newest.get(each.id) != each.updated_at}
    gone = {str(key) for key in newest if key not in products}
    return old | gone | differing


@pytest.mark.parametrize(
    "seed", [*SEEDS, *(pytest.param(seed, marks=pytest.mark.soak) for seed in MORE_SEEDS)]
)
def test_one_reconcile_mends_what_was_dropped_and_names_just_that(
    house: House, tmp_path: Path, seed: int
) -> None:
    faults = Faults(
        seed=seed, drop=1 / 3, duplicate=0.3, reorder=0.4, delay=0.1, delay_seconds=0.5, id_only=0.05
    )
    with a_lossy_shop(house, tmp_path, products=PRODUCTS, seed=seed, faults=faults) as shop:
        shop.desk.simulation.live(200, CHANGES)
        shop.come_to_rest()
        missed = drifted(shop)
        assert len(missed) > 10
        shop.wait_for_the_margin()

        # It lives on, and those webhooks come, if late, twice and in another order.
        shop.desk.simulation.faults = replace(faults, drop=0.0)
        others = [key for key in shop.desk.simulation.shop.products if str(key) not in missed]
        with Living(shop.desk, others, RATE, seed) as living:
            run = shop.carry(shop.desk.begin_reconcile("repair"))
        assert living.per_second == pytest.approx(RATE, rel=0.2)
        assert (run.state, run.error) == ("succeeded", None)
        found = {each.key for state in ("open", "repaired") for each in shop.desk.findings(state=state)}
        assert found == missed
        assert (run.drifted, run.repaired) == (len(missed), len(missed))

        shop.come_to_rest()
        assert_true(shop.desk)


def test_what_drifted_is_mended_while_it_changes(house: House, tmp_path: Path) -> None:
    """From when it was found on: what comes by webhook is later than what the repair was answered."""
    faults = Faults(seed=1, drop=1 / 2)
    with a_lossy_shop(house, tmp_path, products=PRODUCTS, seed=1, faults=faults) as shop:
        shop.desk.simulation.live(200, CHANGES)
        shop.come_to_rest()
        missed = drifted(shop)
        shop.wait_for_the_margin()
        shop.desk.simulation.faults = replace(faults, drop=0.0)
        run_id = shop.desk.begin_reconcile("repair")
        shop.desk.carry_alone(run_id, MOST_TURNS, until="mend")
        there = missed & {str(key) for key in shop.desk.simulation.shop.products}
        with Living(shop.desk, [int(key) for key in there], RATE, seed=1) as living:
            eventually(lambda: living.changes > 0, "something changes")
            run = shop.carry(run_id)
            eventually(lambda: living.changes >= RATE, "it goes on for a second", look=0.05)
        assert living.per_second == pytest.approx(RATE, rel=0.2)
        assert (run.state, run.error) == ("succeeded", None)
        assert (run.drifted, run.repaired) == (len(missed), len(missed))
        assert shop.desk.findings() == []

        shop.come_to_rest()
        assert_true(shop.desk)
