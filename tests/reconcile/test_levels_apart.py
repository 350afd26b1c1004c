"""A reconcile of an export whose levels lie far from their items: Shopify promises no other order."""

from pathlib import Path

from tests.house import House, instant
from tests.laws.specimens import SPECIMENS
from tests.laws.upstream import Upstream, reconcile
from tests.stock_bodies import level, pulled_levels

ITEMS = range(1101, 1501)
"""More than are open in a file at a time."""


class Apart(Upstream):
    """All levels come after all items in the file."""

    def write_export(self, path: Path) -> tuple[int, int]:
        number, roots = super().write_export(path)
        lines = path.read_bytes().splitlines(keepends=True)
        items = [line for line in lines if b"__parentId" not in line]
        path.write_bytes(b"".join(items + [line for line in lines if b"__parentId" in line]))
        return number, roots


def test_a_level_that_only_shopify_has_is_found_and_mended(house: House, tmp_path: Path) -> None:
    bodies = [level(item, 7, available=5, at=0) for item in ITEMS]
    for body in bodies[1:-1]:
        house.deliver("inventory_levels/update", body, triggered_at=instant(0))
    house.settle()
    upstream = Apart(SPECIMENS["inventory"], {}, [pulled_levels([body]) for body in bodies])
    run = reconcile(house, SPECIMENS["inventory"], upstream, tmp_path)
    assert (run.state, run.seen, run.drifted, run.repaired) == ("succeeded", len(ITEMS), 2, 2)
    assert [row["shopify_inventory_item_id"] for row in house.cache("inventory")] == list(ITEMS)


def test_a_level_that_is_gone_is_found_and_marked(house: House, tmp_path: Path) -> None:
    bodies = [level(item, 7, available=5, at=0) for item in ITEMS]
    for body in bodies:
        house.deliver("inventory_levels/update", body, triggered_at=instant(0))
    house.settle()
    roots = [pulled_levels([body]) for body in bodies]
    roots[0] = {**roots[0], "inventoryLevels": []}
    run = reconcile(house, SPECIMENS["inventory"], Apart(SPECIMENS["inventory"], {}, roots), tmp_path)
    assert (run.state, run.drifted, run.repaired) == ("succeeded", 1, 1)
    (gone,) = (row for row in house.cache("inventory") if row["deleted_at"] is not None)
    assert gone["shopify_inventory_item_id"] == ITEMS[0]
