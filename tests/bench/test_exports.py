"""The files of the benchmarks are what a bulk operation writes: every body in them can be read."""

from pathlib import Path

import pytest

from backroom.flow.pieces import pieces_of
from backroom.shopify.jsonl import read_stretches
from bench.catalogue import write_products
from bench.exports import ExportFile
from bench.stockroom import write_items, write_levels, write_locations


def files(folder: Path) -> list[ExportFile]:
    """Of two products, at three locations."""
    return [
        write_products(folder, 2),
        write_locations(folder, 3),
        write_items(folder, 2),
        write_levels(folder, 2, 3),
    ]


@pytest.mark.parametrize(("place", "resources"), list(enumerate((2, 3, 10, 30))))
def test_each_file_has_so_many_resources_and_each_is_whole_and_readable(
    place: int, resources: int, tmp_path: Path
) -> None:
    file = files(tmp_path)[place]
    resource = file.resource
    (stretch,) = read_stretches(file.path, resource.selection)
    pieces = [piece for body in stretch.items for piece in pieces_of(resource, body)]
    assert len(pieces) == file.resources == resources
    assert (stretch.place.lines, len(stretch.items)) == (file.lines, file.roots)
    assert not stretch.scattered
    for piece in pieces:
        assert piece.whole
        assert resource.identify_fetched(piece.raw).key == piece.key
        resource.decode["graphql"](piece.raw)


def test_each_variant_has_an_item_of_its_code_and_that_item_has_levels(tmp_path: Path) -> None:
    products, _, items, levels = (
        [
            resource.decode["graphql"](piece.raw)
            for stretch in read_stretches(file.path, resource.selection)
            for body in stretch.items
            for piece in pieces_of(resource, body)
        ]
        for file in files(tmp_path)
        for resource in [file.resource]
    )
    variants = {
        variant.inventory_item_id: variant.sku_code for product in products for variant in product.variants
    }
    assert {item.shopify_inventory_item_id: item.sku_code for item in items} == variants
    assert {level.available for level in levels} == {20}
