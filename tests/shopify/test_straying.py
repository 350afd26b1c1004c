"""What is known of a bulk file's order before its bodies are taken for whole."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from backroom.resources.product import product
from backroom.shopify.jsonl import read_stretches
from backroom.shopify.straying import Every, children_follow_their_parents, doubted_resources

Json = dict[str, Any]


def parent(number: int) -> Json:
    return {"id": f"gid://shopify/Product/{number}", "title": f"Product {number}"}


def child(number: int, of: int) -> Json:
    return {"id": f"gid://shopify/ProductVariant/{number}", "__parentId": f"gid://shopify/Product/{of}"}


def written(folder: Path, lines: Sequence[Json]) -> Path:
    path = folder / "export.jsonl"
    path.write_text("".join(f"{json.dumps(line, separators=(',', ':'))}\n" for line in lines))
    return path


def test_children_behind_their_parents_leave_no_doubt(tmp_path: Path) -> None:
    path = written(tmp_path, [parent(1), child(11, 1), child(12, 1), parent(2), parent(3), child(31, 3)])
    assert children_follow_their_parents(path)
    assert not len(doubted_resources(path, product.selection))


@pytest.mark.parametrize(
    "lines",
    [
        [parent(1), parent(2), child(11, 1)],
        [child(11, 1), parent(1)],
        [{"title": "first", **parent(1)}, child(11, 1)],
    ],
    ids=["another one between", "before its parent", "an id that is not the first key"],
)
def test_any_other_order_is_looked_at_closely(tmp_path: Path, lines: list[Json]) -> None:
    assert not children_follow_their_parents(written(tmp_path, lines))


def test_who_is_let_go_before_a_child_comes_is_not_taken_for_whole(tmp_path: Path) -> None:
    """All parents first: the reader has let go of the first ones when their children come."""
    numbers = range(1, 401)
    path = written(tmp_path, [*map(parent, numbers), *(child(1_000 + each, each) for each in numbers)])
    doubted = doubted_resources(path, product.selection)
    read = [
        item for stretch in read_stretches(path, product.selection, doubted=doubted) for item in stretch.items
    ]
    assert len(read) == 400
    for item in read:
        assert item.whole is (json.loads(item.raw)["variants"] != []), item.gid
    assert any(item.whole for item in read)


def test_where_very_many_stray_every_one_is_in_doubt(tmp_path: Path) -> None:
    numbers = range(1, 401)
    path = written(tmp_path, [*map(parent, numbers), *(child(1_000 + each, each) for each in numbers)])
    assert isinstance(doubted_resources(path, product.selection, most_named=3), Every)
    assert "gid://shopify/Product/1" in Every()
