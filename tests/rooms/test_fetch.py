"""Keys are asked for in few questions, and what comes along is not lost."""

from collections.abc import Sequence
from typing import cast

from backroom.flow.fetch import Fetched, fetch_by_keys
from backroom.resources.inventory import inventory
from backroom.shopify.client import Client
from backroom.vocabulary.ids import ResourceKey
from tests.laws.specimens import SPECIMENS
from tests.laws.upstream import Upstream
from tests.stock_bodies import level, pulled_levels


def fetched(places: Sequence[int], keys: Sequence[ResourceKey]) -> Fetched:
    """Of the one item that is at these locations."""
    root = pulled_levels([level(1101, place) for place in places])
    upstream = Upstream(SPECIMENS["inventory"], {}, [root])
    return fetch_by_keys(cast(Client, upstream), inventory, keys)


def test_levels_of_an_item_that_were_not_asked_for_come_besides() -> None:
    answer = fetched([7, 8, 9], [(1101, 7), (1101, 6)])
    assert set(answer.bodies) == {(1101, 7)}
    assert answer.absent == [(1101, 6)]
    assert [piece.key for piece in answer.besides] == [(1101, 8), (1101, 9)]


def test_where_all_were_asked_for_nothing_comes_besides() -> None:
    answer = fetched([7, 8], [(1101, 7), (1101, 8)])
    assert set(answer.bodies) == {(1101, 7), (1101, 8)}
    assert answer.besides == []
