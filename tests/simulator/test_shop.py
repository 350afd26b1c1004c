"""The shop: one lock, products replaced and never changed in place, events in the order of commits."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import cast

import msgspec
import pytest

from shopify_simulator.shop.events import Event
from shopify_simulator.shop.product import Product
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.shop import UnknownProduct
from tests.simulator.shops import StandingClock, Told, empty_shop, locked_for_others, shirt, stocked_shop
from tests.waiting import Running


def nothing(_: Product) -> None:
    """Saved as it is."""


def retitled(title: str) -> Callable[[Product], None]:
    def apply(product: Product) -> None:
        product.title = title

    return apply


def test_each_change_fires_its_event() -> None:
    shop = empty_shop()
    told = Told(shop)
    made = shop.create(shirt(shop))
    shop.change(made.id, retitled("Blouse"))
    shop.delete(made.id)

    assert told.topics == ["products/create", "products/update", "products/delete"]
    assert {event.resource_id for event in told} == {made.id}
    assert msgspec.json.decode(told[1].body)["title"] == "Blouse"
    assert {event.id_only for event in told} == {b'{"id":%d}' % made.id}
    assert len({event.event_id for event in told}) == 3
    assert shop.changes() == 3


def test_a_body_is_frozen_when_its_event_fires() -> None:
    shop = empty_shop()
    told = Told(shop)
    made = shop.create(shirt(shop))
    before = told[0].body
    shop.change(made.id, retitled("Blouse"))

    assert told[0].body == before
    assert b"Blouse" not in before


def test_a_product_on_the_shelf_is_replaced_and_never_changed() -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop, "S", "M"))
    # Not its own copy(), which is under test.
    held = deepcopy(made)

    def everything(product: Product) -> None:
        product.title = "Blouse"
        product.tags.append("new")
        product.options[0].name = "Taille"
        product.variants[0].values[0] = "XS"
        product.variants[1].price_cents = 1

    after = shop.change(made.id, everything)

    assert made == held
    assert shop.get(made.id) is after
    assert (after.options[0].name, after.options[0].values) == ("Taille", ["M", "XS"])


def test_triggered_at_strictly_increases_even_where_the_clock_stands_or_goes_back() -> None:
    clock = StandingClock()
    shop = empty_shop(clock)
    told = Told(shop)
    made = shop.create(shirt(shop))
    shop.change(made.id, nothing)
    clock.advance(-3_600)
    shop.change(made.id, nothing)
    shop.delete(made.id)

    instants = [event.triggered_at for event in told]
    assert all(earlier < later for earlier, later in pairwise(instants))


def test_updated_at_never_goes_back_and_is_equal_within_a_second() -> None:
    clock = StandingClock()
    shop = empty_shop(clock)
    made = shop.create(shirt(shop))
    clock.advance(0.5)
    assert shop.change(made.id, retitled("A")).updated_at == made.updated_at
    clock.advance(0.5)
    assert shop.change(made.id, retitled("B")).updated_at == made.updated_at + timedelta(seconds=1)
    clock.advance(-60)
    assert shop.change(made.id, retitled("C")).updated_at == made.updated_at + timedelta(seconds=1)


def test_only_variants_that_differ_are_stamped() -> None:
    clock = StandingClock()
    shop = empty_shop(clock)
    made = shop.create(shirt(shop, "S", "M", "L"))
    clock.advance(10)

    def reprice(product: Product) -> None:
        product.variants[1].price_cents = 1

    after = shop.change(made.id, reprice)

    assert after.updated_at == after.variants[1].updated_at == shop.now()
    assert {after.variants[0].updated_at, after.variants[2].updated_at} == {made.updated_at}


@pytest.mark.parametrize("error", [Refused("no"), RuntimeError("broken")])
def test_a_change_that_fails_half_way_leaves_everything_as_it_was(error: Exception) -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop))
    told = Told(shop)

    def fail(product: Product) -> None:
        product.title = "Half"
        product.variants.clear()
        raise error

    with pytest.raises(type(error)):
        shop.change(made.id, fail)
    assert shop.get(made.id) is made
    assert made.title == "Shirt"
    assert (list(told), shop.changes()) == ([], 1)


def test_what_breaks_a_rule_is_refused_and_nobody_is_told() -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop))
    told = Told(shop)

    with pytest.raises(Refused, match="variants"):
        shop.change(made.id, lambda product: product.variants.clear())
    with pytest.raises(Refused, match="title"):
        shop.create(shirt(shop, title="  "))
    assert (list(told), list(shop.products)) == ([], [made.id])


def test_a_product_whose_body_cannot_be_written_is_neither_shelved_nor_told() -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop))
    told = Told(shop)
    unwritable = cast(datetime, None)

    with pytest.raises(AttributeError):
        shop.change(made.id, lambda product: setattr(product, "created_at", unwritable))
    new = shirt(shop)
    new.created_at = unwritable
    with pytest.raises(AttributeError):
        shop.create(new)
    assert (list(told), list(shop.products.values()), shop.changes()) == ([], [made], 1)
    assert shop.free_handle(new.handle) == new.handle


def test_a_listener_that_left_hears_nothing_more() -> None:
    shop = stocked_shop(1)
    heard: list[Event] = []
    shop.unlisten(heard.append)
    shop.listen(heard.append)
    shop.announce()
    shop.unlisten(heard.append)
    shop.announce()
    assert len(heard) == 1


def test_a_handle_belongs_to_one_product_until_it_is_free_again() -> None:
    shop = empty_shop()
    first, second = shop.create(shirt(shop)), shop.create(shirt(shop))
    assert (first.handle, second.handle) == ("shirt", "shirt-1")

    def take(product: Product) -> None:
        product.handle = "shirt"

    with pytest.raises(Refused, match="already been taken"):
        shop.change(second.id, take)
    shop.delete(first.id)
    assert shop.change(second.id, take).handle == "shirt"
    assert shop.free_handle("shirt-1") == "shirt-1"


def test_a_deleted_product_is_gone_for_good() -> None:
    shop = empty_shop()
    made = shop.create(shirt(shop))
    shop.delete(made.id)

    assert shop.deleted == {made.id: shop.now()}
    with pytest.raises(UnknownProduct, match=str(made.id)):
        shop.change(made.id, nothing)
    with pytest.raises(UnknownProduct):
        shop.delete(made.id)
    with pytest.raises(Refused, match="taken"):
        shop.create(made)
    with pytest.raises(UnknownProduct, match="empty"):
        shop.any_product(Random(1))


def test_announcing_fires_an_update_for_all_or_for_some() -> None:
    shop = stocked_shop(6)
    told = Told(shop)
    ids = list(shop.products)

    assert shop.announce() == 6
    assert shop.announce(ids[:2]) == 2
    assert [event.resource_id for event in told] == [*ids, *ids[:2]]
    assert set(told.topics) == {"products/update"}
    assert shop.get(ids[0]).updated_at == shop.now()


def test_announcing_one_that_is_not_there_announces_none() -> None:
    shop = stocked_shop(2)
    told = Told(shop)
    with pytest.raises(UnknownProduct):
        shop.announce([*shop.products, 1])
    assert told == []


def test_a_stocked_product_is_presented_as_it_is() -> None:
    shop = stocked_shop(3)
    told = Told(shop)
    product = next(iter(shop.products.values()))
    shop.present(product.id)

    assert told.topics == ["products/create"]
    assert shop.get(product.id) is product


def test_bodies_do_not_wait_for_listeners_that_are_not_there() -> None:
    shop = empty_shop()
    shop.create(shirt(shop))

    assert shop.changes() == 1


def test_listeners_hear_of_changes_from_many_threads_in_the_order_of_commits() -> None:
    shop = stocked_shop(8)
    told = Told(shop)
    ids = list(shop.products)
    held_by_us: list[bool] = []
    shop.listen(lambda _: held_by_us.append(locked_for_others(shop)))

    def edit(number: int) -> None:
        for turn in range(20):
            shop.change(ids[turn % 3], retitled(f"{number}-{turn}"))

    Running(*(lambda number=number: edit(number) for number in range(4))).join()

    last: dict[int, Event] = {event.resource_id: event for event in told}
    assert len(told) == 80
    assert all(held_by_us)
    instants = [event.triggered_at for event in told]
    assert instants == sorted(set(instants))
    for product_id, event in last.items():
        assert msgspec.json.decode(event.body)["title"] == shop.get(product_id).title
