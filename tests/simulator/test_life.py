"""The shop's life: all kinds of changes, the same ones for the same seed, at a rate or one at a time."""

import threading
from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from shopify_simulator.life.life import CREATED, DELETED, EDITS, Life
from shopify_simulator.shop.events import Event
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.shop import Shop
from tests.simulator.shops import StandingClock, Told, empty_shop, shirt, stocked_shop
from tests.waiting import eventually


def lived(seed: int, changes: int, *, products: int = 40) -> tuple[Shop, Life, Told]:
    shop = stocked_shop(products)
    told = Told(shop)
    life = Life(shop, seed=seed)
    for _ in range(changes):
        life.change_once()
    return shop, life, told


def test_the_same_seed_lives_the_same_life() -> None:
    (one, _, first), (two, _, second), (_, _, other) = lived(5, 300), lived(5, 300), lived(6, 300)

    assert one.products == two.products
    assert [event.body for event in first] == [event.body for event in second]
    assert [event.body for event in first] != [event.body for event in other]


@pytest.mark.parametrize("seed", range(3))
def test_all_kinds_of_changes_happen(seed: int) -> None:
    shop, life, told = lived(seed, 3_000)

    assert set(life.counts) == {*EDITS, CREATED, DELETED}
    assert set(told.topics) == {"products/create", "products/update", "products/delete"}
    assert shop.changes() == life.counts.total() == len(told) == 3_000


def test_the_shop_keeps_about_its_size() -> None:
    shop, _, _ = lived(2, 5_000)

    assert 20 <= len(shop.products) <= 80


def test_every_edit_but_saving_unchanged_changes_what_a_body_says() -> None:
    """A kind whose edits are mostly nothing would be a kind in name only."""
    shop = stocked_shop(60)
    life = Life(shop, seed=4)
    differed: Counter[str] = Counter()
    for _ in range(2_500):
        before = dict(shop.products)
        name = life.change_once()
        # Products are replaced, never changed in place: the others are the same objects.
        pairs = [(old, shop.products.get(key)) for key, old in before.items()]
        differed[name] += any(_content(old) != _content(new) for old, new in pairs if old is not new)

    assert differed["saved unchanged"] == 0
    for name in set(EDITS) - {"saved unchanged"}:
        assert differed[name] > life.counts[name] / 2, name


def test_hot_products_change_more_often() -> None:
    _, _, told = lived(1, 2_000, products=100)

    updates = Counter(event.resource_id for event in told if event.topic == "products/update")
    assert sum(times for _, times in updates.most_common(5)) > updates.total() * 0.3


def test_products_change_at_times_twice_within_a_second() -> None:
    clock = StandingClock()
    shop = stocked_shop(2_000, clock=clock)
    told = Told(shop)
    life = Life(shop, seed=1)
    for _ in range(1_000):
        clock.advance(0.4)
        life.change_once()

    neighbours = [pair for pair in pairwise(told) if pair[0].resource_id == pair[1].resource_id]
    ties = [pair for pair in neighbours if _updated_at(pair[0]) == _updated_at(pair[1])]
    assert 50 < len(neighbours) < 200
    assert any(first.body != second.body for first, second in ties)


def test_removed_variants_return_under_new_ids_and_under_old_ones() -> None:
    shop = stocked_shop(20)
    life = Life(shop, seed=1)
    gone: set[int] = set()
    returned_ids: Counter[bool] = Counter()
    for _ in range(3_000):
        before = {variant.id for product in shop.products.values() for variant in product.variants}
        name = life.change_once()
        after = {variant.id for product in shop.products.values() for variant in product.variants}
        gone |= before - after
        if name == "variant returned":
            (back,) = after - before
            returned_ids[back in gone] += 1

    assert returned_ids[True] > 0
    assert returned_ids[False] > 0


def test_a_life_goes_on_in_a_shop_that_was_emptied() -> None:
    shop = empty_shop()
    life = Life(shop, seed=1)

    assert life.change_once() == CREATED
    for product_id in list(shop.products):
        shop.delete(product_id)
    assert life.change_once() == CREATED


def test_a_product_filled_to_its_limits_by_someone_else_does_not_end_the_life() -> None:
    shop = empty_shop()
    made = shirt(shop, "x" * 255, "y" * 255, title="t" * 255)
    made.tags = [f"tag {number}" for number in range(250)]
    shop.create(made)
    life = Life(shop, seed=1)
    for _ in range(500):
        life.change_once()

    assert life.counts.total() == 500


def test_it_lives_in_a_thread_until_it_is_stopped() -> None:
    shop = stocked_shop(10)
    life = Life(shop, seed=1)
    life.live(500.0)
    eventually(lambda: shop.changes() >= 20, "twenty changes")
    assert life.rate_per_s == 500.0
    life.stop()

    stopped_at = shop.changes()
    assert life.rate_per_s == 0.0
    assert not [thread for thread in threading.enumerate() if thread.name == "shop-life"]
    life.stop()
    life.live(0)
    assert shop.changes() == stopped_at


def test_it_makes_as_many_changes_as_it_was_asked_for() -> None:
    shop = stocked_shop(10)
    life = Life(shop, seed=1)
    life.live(2_000.0, changes=25)
    eventually(lambda: life.rate_per_s == 0.0, "the end of the life")

    assert shop.changes() == 25
    life.live(2_000.0, changes=5)
    eventually(lambda: shop.changes() == 30, "five more")
    life.stop()


def test_stopping_does_not_wait_for_a_slow_rate() -> None:
    life = Life(stocked_shop(5), seed=1)
    life.live(0.0001)
    life.stop()

    assert life.counts.total() == 0


def test_a_new_rate_replaces_the_old_one() -> None:
    shop = stocked_shop(5, clock=StandingClock())
    life = Life(shop, seed=1)
    life.live(0.0001)
    life.live(1_000.0)
    eventually(lambda: shop.changes() > 5, "changes at the new rate")
    life.stop()

    assert not [thread for thread in threading.enumerate() if thread.name == "shop-life"]


def _updated_at(event: Event) -> str:
    return str(msgspec.json.decode(event.body).get("updated_at"))


def _content(product: Product | None) -> object:
    """Without what every save moves."""
    if product is None:
        return None
    plain = product.copy()
    plain.updated_at = plain.created_at
    for variant in plain.variants:
        variant.updated_at = variant.created_at
    return plain
