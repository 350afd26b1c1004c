"""Large and deep bodies are stored, parked with the reason, and hold nobody up."""

import msgspec
import pytest

from backroom.flow.process import Processor
from backroom.flow.sort import Sorter
from backroom.resources.registry import BY_NAME, BY_TOPIC
from tests.bodies import product
from tests.house import House

NEARLY_20_MB = 19 * 1024 * 1024


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"id": 7, "updated_at": "2026-01-01T00:00:00Z", "x": ' + b"[" * NEARLY_20_MB, "nested too deeply"),
        (b"x" * NEARLY_20_MB, "not JSON"),
        (b'{"id": 7, "title": "' + b"a" * NEARLY_20_MB, "not JSON"),
        (b'{"id": 7, "a": ' + b'{"a": ' * 200_000 + b"1" + b"}" * 200_001, "nested too deeply"),
    ],
    ids=["deep", "noise", "cut off", "objects"],
)
def test_a_hostile_body_is_parked_and_the_next_one_is_applied(house: House, body: bytes, reason: str) -> None:
    assert house.deliver("products/update", body) is True
    house.play("products/update", product(8))

    parked, fine = house.deliveries()
    assert parked["state"] == "parked"
    assert reason in parked["error"]
    assert len(parked["body"]) == len(body)
    assert fine["state"] == "sorted"
    assert [row["shopify_product_id"] for row in house.listings()] == [8]


def test_a_product_whose_description_has_19_mb_is_applied(house: House) -> None:
    house.play("products/update", product(7, body_html="a" * NEARLY_20_MB))

    assert house.listings()[0]["title"] == "Product 7"
    assert len(house.cache()[0]["raw_data"]) > NEARLY_20_MB


def test_large_bodies_are_worked_on_as_few_as_fit_in_memory(house: House) -> None:
    for number in range(1, 6):
        house.deliver("products/update", msgspec.json.encode(product(number, body_html="a" * 6_000_000)))
    sorter = Sorter(house.database, BY_TOPIC)
    assert [sorter.run(house.shop_id, 256).claimed for _ in range(4)] == [2, 2, 1, 0]
    processor = Processor(house.database, BY_NAME["product"])
    alone = [1] * 5  # decoded, it takes many times the room
    assert [processor.run(house.shop_id, 256).claimed for _ in range(6)] == [*alone, 0]

    assert len(house.listings()) == 5
