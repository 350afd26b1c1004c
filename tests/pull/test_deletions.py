"""An incremental sync learns of what was deleted, and of all else where it is not told."""

from pathlib import Path

import pytest

from tests.house import House
from tests.pull.running import Desk
from tests.pull.test_export_faults import a_desk
from tests.pull.truth import assert_true

on_sqlite = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def active(desk: Desk, number: int) -> bool:
    return any(row["is_active"] for row in desk.house.listings() if row["shopify_product_id"] == number)


def lose_one_and_change_one(desk: Desk) -> tuple[int, int]:
    """Nobody hears of either."""
    gone, changed, *_ = desk.simulation.shop.products
    desk.simulation.shop.delete(gone)
    desk.simulation.shop.announce([changed])
    return gone, changed


def test_what_was_deleted_since_the_last_sync_is_asked_for_by_id_and_gone(
    house: House, tmp_path: Path
) -> None:
    with a_desk(house, tmp_path) as desk:
        desk.sync()
        gone, _ = lose_one_and_change_one(desk)
        desk.sync("incremental")
        assert active(desk, gone)
        assert desk.refetch() == 1
        assert not active(desk, gone)
        assert_true(desk)
        desk.sync("incremental")
        assert desk.refetch() == 0


@on_sqlite
def test_where_deletions_are_not_told_the_sync_brings_all_else(house: House, tmp_path: Path) -> None:
    with a_desk(house, tmp_path) as desk:
        desk.sync()
        gone, _ = lose_one_and_change_one(desk)
        greeting, page = "ok", "ok"
        desk.script(request=[greeting, page, "denied"])
        run = desk.sync("incremental")
        assert (run.state, run.written) == ("succeeded", 1)
        assert desk.refetch() == 0
        assert active(desk, gone)
        desk.sync("incremental")
        assert desk.refetch() == 1
        assert_true(desk)
