"""What happens to stock seldom, done once each: a check of some seconds must not hang on its luck.

Enters: a stage whose shop stands still. Leaves: a deed of each kind, under the stage's faults, and a level's
body that comes after its disconnection. What never happens here: a wait for Backroom's work.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle
from typing import Any, Final

from backroom.demo.rare_edits import DELETION_SECONDS, HELD_BACK_SECONDS
from backroom.demo.simulator import Simulator
from backroom.demo.stage import Stage

Json = Mapping[str, Any]
DISCONNECTION: Final = "inventory_levels/disconnect"


def _transfer(shop: Simulator, here: Json, there: Json) -> None:
    shop.move("transfer", here["inventory_item_id"], here["location_id"], target=there["location_id"])


RARE_DEEDS: Final[Mapping[str, Callable[[Simulator, Json, Json], None]]] = {
    "transferred": _transfer,
    "reconnected within a second": lambda shop, here, _: shop.move("reconnect", *_key(here)),
    "below zero": lambda shop, here, _: shop.move("set", *_key(here), available=-7),
    "disconnected": lambda shop, here, _: shop.move("disconnect", *_key(here)),
    "not tracked": lambda shop, here, _: shop.edit_item(here["inventory_item_id"], tracked=False),
    "cost": lambda shop, here, _: shop.edit_item(here["inventory_item_id"], cost="9.87"),
    "customs": lambda shop, here, _: shop.edit_item(
        here["inventory_item_id"], country_code_of_origin="PT", harmonized_system_code="610910"
    ),
}
"""What is done to an item that is stocked in two places, with the levels of both."""


def make_rare_stock(stage: Stage) -> None:
    """Each of `RARE_DEEDS`, on an item of its own while there are enough; then a location closes."""
    truth = stage.shop.truth()
    pairs = _pairs(truth)
    if not pairs:
        return
    (here, _), *others = pairs
    for deed, pair in zip(RARE_DEEDS.values(), cycle(others or pairs), strict=False):
        deed(stage.shop, *pair)
    disconnect_before_a_body(stage, *_key(here))
    is_open = [each["id"] for each in truth["locations"] if each["active"]]
    stage.shop.rename_location(is_open[0], "Where it all began")
    if len(is_open) > 1:
        stage.shop.close_location(is_open[-1])


def disconnect_before_a_body(stage: Stage, item_id: int, location_id: int) -> None:
    """Disconnects a level while its last change is held back; that comes when the stage comes to rest."""
    faults = stage.shop.faults()
    stage.shop.set_faults({**faults, "delay": 1.0, "delay_seconds": HELD_BACK_SECONDS})
    stage.shop.move("restock", item_id, location_id, pieces=3)
    # It comes at once, if it comes: a flush would send the change, too.
    stage.shop.set_faults({"drop": faults["drop"]})
    stage.shop.move("disconnect", item_id, location_id)
    ended = partial(_disconnection_ended, stage)
    stage.patience.until(ended, "the end of a disconnection's delivery", DELETION_SECONDS)
    stage.shop.set_faults(faults)


def _disconnection_ended(stage: Stage) -> bool:
    """The shop stands still: the newest one is ours."""
    newest = next(row for row in stage.shop.deliveries() if row["topic"] == DISCONNECTION)
    return bool(newest["state"] != "waiting")


def _pairs(truth: Json) -> list[tuple[Json, Json]]:
    """Two levels each of the tracked items that have two, in the order of the items."""
    tracked = {each["id"] for each in truth["inventory_items"] if each["tracked"]}
    levels: dict[int, list[Json]] = {}
    for level in truth["inventory_levels"]:
        if level["is_active"] and level["inventory_item_id"] in tracked:
            levels.setdefault(level["inventory_item_id"], []).append(level)
    return [(here, there) for here, there, *_ in (each for each in levels.values() if len(each) > 1)]


def _key(level: Json) -> tuple[int, int]:
    return level["inventory_item_id"], level["location_id"]
