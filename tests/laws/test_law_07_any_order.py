"""Law 7: any order, duplication and delay of deliveries ends in the same active rows.

A hidden history happens upstream; its deliveries come shuffled, doubled and late, cut into batches at
any place. Resources that want a refetch are left out: they say themselves that they are not sure.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from backroom.resources.descriptor import Action
from tests.house import House
from tests.laws.specimens import Event, Specimen, State, event, wanted

SAME_INSTANT = 3
"""Shopify's updated_at has whole seconds: several changes share one."""


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """What happens upstream, in order: (kind, product, look)."""
    kinds = st.sampled_from(["whole"] * 12 + ["partial", "id only", "delete"])
    return draw(
        st.lists(st.tuples(kinds, st.sampled_from([1, 1, 2]), st.integers(0, 15)), min_size=1, max_size=9)
    )


def deliveries_of(specimen: Specimen, history: Sequence[tuple[str, int, int]]) -> list[Event]:
    """What Shopify sends of a history, in its true order."""
    sent = []
    for step, (kind, number, look) in enumerate(history):
        state = State(number, step // SAME_INSTANT, look)
        name, triggered = f"w{step}", float(step)
        if kind == "delete":
            sent.append(event(specimen, {"id": number}, name, triggered=triggered, action=Action.DELETE))
        elif kind == "id only":
            sent.append(event(specimen, {"id": number}, name, triggered=triggered))
        else:
            body = specimen.whole(state) if kind == "whole" else specimen.partial(state)
            sent.append(event(specimen, body, name, triggered=triggered))
    return sent


def outcome(
    house: House, specimen: Specimen, sent: Sequence[Event], settle_after: set[int]
) -> tuple[Any, set[int]]:
    """The active rows and what wants a refetch, after these deliveries in this order."""
    house.clear()
    for place, each in enumerate(sent):
        each.deliver(house)
        if place in settle_after:
            house.settle()
    house.settle()
    assert {row["state"] for row in house.deliveries()} <= {"sorted"}
    return specimen.active_rows(house), wanted(house, specimen)


def compare(
    house: House, specimen: Specimen, true: Sequence[Event], shuffled: Sequence[Event], cuts: set[int]
) -> None:
    expected, unsure = outcome(house, specimen, true, set())
    found, unsure_too = outcome(house, specimen, shuffled, cuts)
    deleted = {msgspec.json.decode(each.body)["id"] for each in true if each.topic.endswith("/delete")}
    assert not deleted & (set(expected) | set(found)), "what was deleted stays so, in any order"
    left_out = unsure | unsure_too
    assert _certain(found, left_out) == _certain(expected, left_out)


def _certain(rows: Any, left_out: set[int]) -> dict[int, Any]:
    return {number: row for number, row in rows.items() if number not in left_out}


def test_any_order_duplication_and_delay_ends_in_the_same_rows(house: House, specimen: Specimen) -> None:
    @given(history=histories(), data=st.data())
    def check(history: list[tuple[str, int, int]], data: st.DataObject) -> None:
        true = deliveries_of(specimen, history)
        doubled = true + data.draw(st.lists(st.sampled_from(true), max_size=4), label="doubled")
        shuffled = data.draw(st.permutations(doubled), label="order")
        cuts = data.draw(st.sets(st.integers(0, len(shuffled))), label="cuts")
        compare(house, specimen, true, shuffled, cuts)

    check()


def test_two_changes_within_one_second_end_the_same_in_both_orders(house: House, specimen: Specimen) -> None:
    first = event(specimen, specimen.whole(State(1, 0, look=2)), "a", triggered=1)
    second = event(specimen, specimen.whole(State(1, 0, look=1)), "b", triggered=2)
    for cuts in (set[int](), {0}):
        compare(house, specimen, [first, second], [second, first], cuts)
    assert specimen.active_rows(house)[1]["title"] == "Look 1"


def test_codes_that_products_share_do_not_make_order_matter(house: House, specimen: Specimen) -> None:
    @given(looks=st.lists(st.integers(0, 15), min_size=2, max_size=4), data=st.data())
    @example(looks=[1, 1], data=None)
    def check(looks: list[int], data: st.DataObject | None) -> None:
        true = [
            event(specimen, specimen.whole(State(number, 0, look)), f"w{number}", triggered=number)
            for number, look in enumerate(looks, 1)
        ]
        order = list(reversed(true)) if data is None else data.draw(st.permutations(true))
        compare(house, specimen, true, order, {0})

    check()
