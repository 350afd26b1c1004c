import random
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backroom.resources.inventory_level import SELECTION as LEVELS
from backroom.shopify.assembled import Assembled
from backroom.shopify.jsonl import Place, Stretch, read_stretches
from backroom.shopify.straying import doubted_resources
from backroom.vocabulary.errors import ExportBroken
from tests.shopify.stub import PRODUCTS


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def product(number: int) -> dict[str, Any]:
    return {"id": gid("Product", number), "title": f"Ähre {number}", "updatedAt": "2026-11-28T00:00:00Z"}


def child(kind: str, number: int, parent: int) -> dict[str, Any]:
    return {"id": gid(kind, number), "sku": '{]"}', "__parentId": gid("Product", parent)}


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
    return path


def everything(path: Path, start: Place | None = None, **limits: Any) -> list[Stretch]:
    return list(read_stretches(path, PRODUCTS, start=start, **limits))


def items(stretches: list[Stretch]) -> list[Assembled]:
    return [item for stretch in stretches for item in stretch.items]


def scattered(stretches: list[Stretch]) -> set[str]:
    return {name for stretch in stretches for name in stretch.scattered}


def test_children_are_joined_to_their_parent_in_branches(tmp_path: Path) -> None:
    path = written(
        tmp_path / "f",
        [
            product(1),
            product(2),
            child("ProductVariant", 11, 1),
            child("Video", 90, 1),
            child("ProductVariant", 21, 2),
            child("ProductVariant", 12, 1),
            child("MediaImage", 91, 1),
        ],
    )
    found = items(everything(path))
    assert [item.gid for item in found] == [gid("Product", 1), gid("Product", 2)]
    assert all(item.whole for item in found)
    assert found[0].raw == msgspec.json.encode(
        {
            **product(1),
            "variants": [{"id": gid("ProductVariant", number), "sku": '{]"}'} for number in (11, 12)],
            "media": [{"id": gid("Video", 90), "sku": '{]"}'}, {"id": gid("MediaImage", 91), "sku": '{]"}'}],
        }
    )
    assert msgspec.json.decode(found[1].raw)["media"] == []


def test_the_parents_name_is_cut_out_wherever_it_stands(tmp_path: Path) -> None:
    path = written(
        tmp_path / "f", [product(1), {"__parentId": gid("Product", 1), "id": gid("Video", 5), "n": 1.50}]
    )
    later = msgspec.json.encode({"id": gid("Video", 6), "n": 2**70, "__parentId": gid("Product", 1)})
    escaped = later.replace(b"/", rb"\/")
    path.write_bytes(path.read_bytes() + escaped + b"\n")
    assert msgspec.json.decode(items(everything(path))[0].raw)["media"] == [
        {"id": gid("Video", 5), "n": 1.5},
        {"id": gid("Video", 6), "n": 2**70},
    ]


def test_a_child_of_a_parent_let_go_names_it_for_a_refetch(tmp_path: Path) -> None:
    lines = [
        product(1),
        product(2),
        product(3),
        child("ProductVariant", 11, 1),
        child("ProductVariant", 12, 1),
    ]
    stretches = everything(written(tmp_path / "f", lines), open_resources=2)
    assert scattered(stretches) == {gid("Product", 1)}
    assert [item.gid for item in items(stretches)] == [gid("Product", number) for number in (1, 2, 3)]
    assert stretches[-1].place.lines == 5


def test_who_reads_twice_takes_no_resource_for_whole_whose_child_comes_late(tmp_path: Path) -> None:
    lines = [product(1), product(2), product(3), child("ProductVariant", 11, 1)]
    path = written(tmp_path / "f", lines)
    doubted = scattered(everything(path, open_resources=2))
    stretches = list(read_stretches(path, PRODUCTS, open_resources=2, doubted=doubted))
    assert [item.whole for item in items(stretches)] == [False, True, True]
    assert scattered(stretches) == doubted


def test_a_child_before_its_parent_leaves_the_parent_not_whole(tmp_path: Path) -> None:
    stretches = everything(written(tmp_path / "f", [child("ProductVariant", 11, 1), product(1)]))
    assert scattered(stretches) == {gid("Product", 1)}
    assert [item.whole for item in items(stretches)] == [False]


def test_a_child_of_a_kind_nobody_knows_leaves_the_parent_not_whole(tmp_path: Path) -> None:
    stretches = everything(written(tmp_path / "f", [product(1), child("Hologram", 1, 1)]))
    assert scattered(stretches) == {gid("Product", 1)}
    assert [item.whole for item in items(stretches)] == [False]


def test_a_resource_that_comes_twice_is_not_trusted(tmp_path: Path) -> None:
    stretches = everything(written(tmp_path / "f", [product(1), product(1)]))
    assert scattered(stretches) == {gid("Product", 1)}
    assert [item.whole for item in items(stretches)] == [False, False], "both were counted"


def test_an_empty_file_has_nothing(tmp_path: Path) -> None:
    assert everything(written(tmp_path / "f", [])) == []


@pytest.mark.parametrize(
    "end",
    [
        b'{"id":"gid://shopify/Product/9","ti',
        b"<html>\n",
        b'{"title":"no id"}\n',
        b"[]\n",
        b"\n",
        b"\xff\xfe\n",
        b'{"id":"gid://shopify/Order/1"}\n',
        b'{"id":"gid://shopify/ProductVariant/1","__parentId":"gid://shopify/Order/1"}\n',
    ],
)
def test_what_is_cut_off_or_garbage_is_an_error(tmp_path: Path, end: bytes) -> None:
    path = written(tmp_path / "f", [product(1)])
    path.write_bytes(path.read_bytes() + end)
    with pytest.raises(ExportBroken):
        everything(path)


def test_half_of_a_surrogate_pair_stops_neither_its_resource_nor_its_neighbours(tmp_path: Path) -> None:
    path = written(tmp_path / "f", [product(1), child("ProductVariant", 11, 1), product(2)])
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"hre 1", rb"hre \ud83d").replace(b'{]\\"}', rb"\ude00"))
    stretches = everything(path)
    first, second = (msgspec.json.decode(item.raw) for item in items(stretches))
    assert (first["title"], first["variants"][0]["sku"]) == ("Ähre \ufffd", "\ufffd")
    assert second["title"] == "Ähre 2"
    assert all(item.whole for item in items(stretches))
    assert stretches[-1].place == Place(
        offset=path.stat().st_size, read_until=path.stat().st_size, lines=3
    ), "places are those of the file as it is"


def test_one_huge_resource_among_small_ones_is_whole(tmp_path: Path) -> None:
    lines = [
        product(1),
        product(2),
        *(child("ProductVariant", 100 + number, 2) for number in range(2048)),
        product(3),
    ]
    stretches = everything(written(tmp_path / "f", lines), open_bytes=10_000)
    assert [item.whole for item in items(stretches)] == [True] * 3
    assert scattered(stretches) == set()
    assert len(msgspec.json.decode(items(stretches)[1].raw)["variants"]) == 2048


@st.composite
def files(draw: st.DrawFn) -> tuple[list[dict[str, Any]], int]:
    """Lines in any order in which children follow their parents, at whatever distance."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    lines: list[dict[str, Any]] = []
    for parent in range(1, draw(st.integers(1, 25)) + 1):
        lines.append(product(parent))
        for number in range(draw(st.integers(0, 4))):
            kind = chance.choice(["ProductVariant", "MediaImage"])
            lines.append(child(kind, parent * 10 + number, parent))
    moved = draw(st.sampled_from([0.0, 0.2, 0.9]))
    for position in reversed(range(len(lines))):
        if "__parentId" in lines[position] and chance.random() < moved:
            lines.insert(chance.randrange(position, len(lines)), lines.pop(position))
    return lines, draw(st.integers(1, 6))


@given(files(), st.integers(1, 4), st.integers(300, 3000), st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_going_on_from_any_place_yields_the_rest_once(
    tmp_path: Path, file: tuple[list[dict[str, Any]], int], resources: int, open_bytes: int, wide: bool
) -> None:
    lines, open_resources = file
    limits: dict[str, Any] = {
        "resources": resources,
        "open_resources": 100 if wide else open_resources,
        "open_bytes": 10**9 if wide else open_bytes,
    }
    path = written(tmp_path / "f", lines)
    whole = everything(path, **limits)
    _check_whole(lines, whole, wide=wide)
    for number, stretch in enumerate(whole):
        rest = everything(path, stretch.place, **limits)
        assert items(rest) == items(whole[number + 1 :])
        assert scattered(rest) == scattered(whole[number + 1 :])
        assert (rest or [stretch])[-1].place == whole[-1].place
    # However often it is interrupted.
    place, pieces = Place(), list[Stretch]()
    while following := everything(path, place, **limits)[:1]:
        pieces += following
        place = following[0].place
    assert items(pieces) == items(whole)
    assert scattered(pieces) == scattered(whole)
    assert place.lines == len(lines)


def _check_whole(lines: list[dict[str, Any]], stretches: list[Stretch], *, wide: bool) -> None:
    found = items(stretches)
    parents = [line["id"] for line in lines if "__parentId" not in line]
    assert [item.gid for item in found] == parents
    assert stretches[-1].place.lines == len(lines)
    named = scattered(stretches)
    assert not (wide and named)
    for item in found:
        body = msgspec.json.decode(item.raw)
        children = [
            {key: value for key, value in line.items() if key != "__parentId"}
            for line in lines
            if line.get("__parentId") == item.gid
        ]
        there = [*body["variants"], *body["media"]]
        if item.gid in named:
            assert len(there) < len(children)
        else:
            assert item.whole
            assert body["variants"] == [each for each in children if "Variant" in each["id"]]
            assert body["media"] == [each for each in children if "Media" in each["id"]]


def test_the_number_is_asked_for_before_each_stretch(tmp_path: Path) -> None:
    path = written(tmp_path / "f", [product(number) for number in range(1, 11)])
    numbers = iter([1, 2, 3, 4, 5])
    stretches = everything(path, open_resources=1, resources=lambda: next(numbers))
    assert [len(stretch.items) for stretch in stretches] == [1, 2, 3, 4]


def level_lines(items: int, levels: int) -> list[dict[str, Any]]:
    """Inventory items, each with so many levels; every other one has none."""
    lines: list[dict[str, Any]] = []
    for number in range(items):
        lines.append({"id": gid("InventoryItem", number + 1), "tracked": True})
        lines += [
            {
                "id": f"{gid('InventoryLevel', place)}?inventory_item_id={number}",
                "__parentId": lines[-1]["id"],
            }
            for place in range(levels if number % 2 else 0)
        ]
    return lines


def test_where_the_children_are_the_resources_a_stretch_is_of_so_many_of_them(tmp_path: Path) -> None:
    path = written(tmp_path / "levels.jsonl", level_lines(400, 10))
    stretches = list(read_stretches(path, LEVELS, resources=40, open_resources=3))
    numbers = [sum(item.raw.count(b"InventoryLevel") for item in each.items) for each in stretches]
    assert set(numbers[:-1]) == {40}
    assert sum(numbers) == 2_000
    assert len(items(stretches)) == 400
    for stretch in stretches:
        rest = list(read_stretches(path, LEVELS, start=stretch.place, resources=70))
        done = stretches.index(stretch) + 1
        assert items(stretches[:done]) + items(rest) == items(stretches)


def test_where_nothing_has_children_all_is_one_stretch(tmp_path: Path) -> None:
    path = written(tmp_path / "levels.jsonl", level_lines(300, 0))
    (only,) = read_stretches(path, LEVELS, resources=40)
    assert len(only.items) == 300
    assert only.place.lines == 300


@pytest.mark.parametrize("most", [1, 5, 20, 500])
@pytest.mark.parametrize("bare", [1, 3])
def test_items_without_a_level_at_the_end_of_a_file_are_read(tmp_path: Path, most: int, bare: int) -> None:
    lines = level_lines(100, 20)
    lines += [{"id": gid("InventoryItem", 500 + number), "tracked": True} for number in range(bare)]
    path = written(tmp_path / "levels.jsonl", lines)
    stretches = list(read_stretches(path, LEVELS, resources=most))
    assert len(items(stretches)) == 100 + bare
    size = path.stat().st_size
    assert stretches[-1].place == Place(offset=size, read_until=size, lines=len(lines))


def test_few_at_a_time_are_to_be_fetched_where_the_levels_lie_far_from_their_items(tmp_path: Path) -> None:
    lines = sorted(level_lines(2_000, 2), key=lambda line: "__parentId" in line)
    path = written(tmp_path / "levels.jsonl", lines)
    doubted = doubted_resources(path, LEVELS)
    stretches = list(read_stretches(path, LEVELS, resources=100, doubted=doubted))
    apart = [sum(not item.whole for item in stretch.items) for stretch in stretches]
    assert sum(apart) == len(doubted) > 800
    assert max(apart) == 4
    assert len(items(stretches)) == 2_000
