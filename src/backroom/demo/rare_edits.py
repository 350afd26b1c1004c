"""What a shop's life seldom does, done once each: a check of some seconds must not hang on its luck.

Enters: a stage whose shop stands still. Leaves: an edit of each kind, under the stage's faults, and a body
that comes after its product's deletion. What never happens here: a wait for Backroom's work.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import cycle
from typing import Any, Final

from backroom.demo.stage import Stage

Json = Mapping[str, Any]
DELETION: Final = "products/delete"
HELD_BACK_SECONDS: Final = 3600.0
"""Longer than any check: only a flush sends it."""
DELETION_SECONDS: Final = 60.0
"""Until it was accepted, or given up."""
MOST_VARIANTS: Final = 20
"""Of the products that are taken: what becomes of larger ones hangs on a refetch, too."""


def _of_the_first_variant(product: Json, **fields: str) -> Json:
    return {"variants": [{"id": product["variants"][0]["id"], **fields}]}


RARE_EDITS: Final[Mapping[str, Callable[[Json], Json]]] = {
    "handle": lambda product: {"handle": f"moved-{product['id']}"},
    "options renamed": lambda product: {
        "options": [{"name": f"{option['name']} (new)"} for option in product["options"]]
    },
    "barcode": lambda product: _of_the_first_variant(product, barcode=f"{product['id']}"),
    "compare-at price": lambda product: _of_the_first_variant(product, compare_at_price="98765.43"),
    "status": lambda product: {"status": "draft" if product["status"] == "active" else "active"},
    "image order": lambda product: {
        "images": [f"https://cdn.example/first-of-{product['id']}.jpg", *reversed(product["images"])]
    },
}


def make_rare_edits(stage: Stage) -> None:
    """Each of `RARE_EDITS`, on a product of its own while there are enough, and a deletion."""
    small = [
        product for product in stage.shop.truth()["products"] if len(product["variants"]) <= MOST_VARIANTS
    ]
    if not small:
        return
    doomed, *others = small
    for edit, product in zip(RARE_EDITS.values(), cycle(others or small), strict=False):
        stage.shop.edit(product["id"], edit(product))
    delete_before_a_body(stage, doomed["id"])


def delete_before_a_body(stage: Stage, product_id: int) -> None:
    """Deletes a product while its last change is held back; that comes when the stage comes to rest."""
    faults = stage.shop.faults()
    stage.shop.set_faults({**faults, "delay": 1.0, "delay_seconds": HELD_BACK_SECONDS})
    stage.shop.edit(product_id, {"title": "Changed before it was deleted"})
    # The deletion comes at once, if it comes: a flush would send the change, too.
    stage.shop.set_faults({"drop": faults["drop"]})
    stage.shop.delete(product_id)
    ended = partial(_deletion_ended, stage, product_id)
    stage.patience.until(ended, "the end of a deletion's delivery", DELETION_SECONDS)
    stage.shop.set_faults(faults)


def _deletion_ended(stage: Stage, product_id: int) -> bool:
    return any(
        row["resource_id"] == product_id and row["topic"] == DELETION and row["state"] != "waiting"
        for row in stage.shop.deliveries()
    )
