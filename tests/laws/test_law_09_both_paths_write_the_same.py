"""Law 9: the webhook path and the pull path write equal rows."""

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from backroom.erp.tables import inventory_level
from backroom.resources.descriptor import Action
from backroom.resources.inventory import inventory
from backroom.resources.product import product
from tests import bodies, stock_bodies
from tests.house import House, instant
from tests.laws.specimen import Json, Specimen, State
from tests.laws.specimens import topic_of, wanted

states = st.builds(State, number=st.integers(1, 2), at=st.integers(0, 3), look=st.integers(0, 15))


def test_both_shapes_of_a_moment_make_the_same_snapshot(specimen: Specimen) -> None:
    decode = specimen.resource.decode

    @given(states)
    @example(State(1, 0, look=13))  # what is not tracked, of levels
    def check(state: State) -> None:
        webhook = decode["rest"](msgspec.json.encode(specimen.whole(state)))
        pulled = decode["graphql"](msgspec.json.encode(specimen.pulled(state)))
        assert specimen.resource.shared(pulled) == specimen.resource.shared(webhook) == webhook

    check()


def test_both_shapes_have_the_same_head(specimen: Specimen) -> None:
    topic = topic_of(specimen.resource, Action.UPSERT)
    for look in range(16):
        state = State(1, 5, look)
        webhook = specimen.resource.identify(topic, msgspec.json.encode(specimen.whole(state)))
        assert specimen.resource.identify_fetched(msgspec.json.encode(specimen.pulled(state))) == webhook


def test_webhooks_alone_and_pulls_alone_end_in_the_same_rows(house: House, specimen: Specimen) -> None:
    topic = topic_of(specimen.resource, Action.UPSERT)

    @given(st.lists(states, min_size=1, max_size=5))
    def check(history: list[State]) -> None:
        history = sorted(history, key=lambda state: (state.at, state.number))
        house.clear()
        for step, state in enumerate(history):
            assert house.deliver(topic, specimen.whole(state), webhook_id=f"w{step}") is True
        house.settle()
        unsure = wanted(house, specimen)
        by_webhook = specimen.active_rows(house)

        house.clear()
        for state in history:
            house.fetched(specimen.resource, specimen.pulled(state))
            house.settle()
        by_pull = specimen.active_rows(house)
        # Two webhooks of one instant that differ: Shopify would have to be asked.
        certain = set(by_pull) - unsure
        assert {number: by_pull[number] for number in certain} == {
            number: by_webhook[number] for number in certain
        }

    check()


def test_a_pull_of_what_a_webhook_brought_writes_nothing(house: House, specimen: Specimen) -> None:
    state = State(1, 3, look=7)
    house.play(topic_of(specimen.resource, Action.UPSERT), specimen.whole(state))
    before = _changes(house, specimen)
    put = house.fetched(specimen.resource, specimen.pulled(state))
    house.settle()
    assert put.written == 1, "the cache holds the pulled body now"
    assert house.cache(specimen.resource.name)[0]["source"] == "pull"
    assert _changes(house, specimen) == before


def _changes(house: House, specimen: Specimen) -> list[Json]:
    """What was written, but for what only a pull can say."""
    return [row for row in house.changes() if row["field"] not in specimen.pulled_fields]


def test_a_webhook_of_what_a_pull_brought_writes_nothing_and_wants_nothing(
    house: House, specimen: Specimen
) -> None:
    state = State(1, 3, look=7)
    house.fetched(specimen.resource, specimen.pulled(state))
    house.settle()
    before = house.changes()
    house.play(topic_of(specimen.resource, Action.UPSERT), specimen.whole(state))
    assert [row["outcome"] for row in house.deliveries()] == ["unchanged"]
    assert house.changes() == before
    assert not wanted(house, specimen)


def test_a_webhook_of_a_level_leaves_what_only_a_pull_says(house: House) -> None:
    house.fetched(inventory, stock_bodies.pulled_level(stock_bodies.level(available=5)))
    house.settle()
    house.play("inventory_levels/update", stock_bodies.level(at=9, available=4))

    (row,) = house.rows(inventory_level)
    assert (row["available"], row["on_hand"], row["committed"], row["incoming"]) == (4, 7, 2, 0)
    assert (row["updated_at"], row["quantities_at"]) == (instant(9), instant(0))


def test_the_history_names_the_run_that_brought_a_value(house: House) -> None:
    house.play("products/create", bodies.product(at=1, title="Old"))
    house.fetched(product, bodies.pulled(bodies.product(at=2, title="New")))
    house.settle()
    (change,) = [row for row in house.changes() if row["field"] == "title"]
    assert (change["new"], change["delivery_id"], change["run_id"] is not None) == ("New", None, True)
