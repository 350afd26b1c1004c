"""Law 7: any order, duplication and delay of deliveries ends in the same active rows.

A hidden history happens upstream; its deliveries come shuffled, doubled and late, cut into batches at
any place. Resources that want a refetch are left out: they say themselves that they are not sure. With drops,
all ends in what Shopify has one reconcile later.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import Event, deletion, event, held_look, wanted
from tests.laws.upstream import Upstream, reconcile

SAME_INSTANT = 3
"""Shopify's updated_at has whole seconds: several changes share one."""


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[str, int, int]]:
    """What happens upstream, in order: (kind, number, look)."""
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
            sent.append(deletion(specimen, number, name, triggered=triggered))
        elif kind == "id only":
            sent.append(event(specimen, specimen.bare(number), name, triggered=triggered))
        else:
            body = (kind == "partial" and specimen.partial(state)) or specimen.whole(state)
            sent.append(event(specimen, body, name, triggered=triggered))
    return sent


def gone_in(specimen: Specimen, history: Sequence[tuple[str, int, int]]) -> set[int]:
    """What webhooks alone never bring back after a history."""
    told = [(kind, number) for kind, number, _ in history if kind != "id only"]
    deleted = {number for kind, number in told if kind == "delete"}
    if specimen.resource.reconnects:
        return {
            number for number in deleted if [kind for kind, each in told if each == number][-1] == "delete"
        }
    return deleted


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
    house: House,
    specimen: Specimen,
    true: Sequence[Event],
    shuffled: Sequence[Event],
    cuts: set[int],
    *,
    gone: Collection[int] = (),
) -> None:
    expected, unsure = outcome(house, specimen, true, set())
    found, unsure_too = outcome(house, specimen, shuffled, cuts)
    assert not set(gone) & (set(expected) | set(found)), "what was deleted stays so, in any order"
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
        compare(house, specimen, true, shuffled, cuts, gone=gone_in(specimen, history))

    check()


def test_two_changes_within_one_second_end_the_same_in_both_orders(house: House, specimen: Specimen) -> None:
    first = event(specimen, specimen.whole(State(1, 0, look=2)), "a", triggered=1)
    second = event(specimen, specimen.whole(State(1, 0, look=1)), "b", triggered=2)
    for cuts in (set[int](), {0}):
        compare(house, specimen, [first, second], [second, first], cuts)
    assert held_look(house, specimen, 1) == 1


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


def truth_of(history: Sequence[tuple[str, int, int]]) -> dict[int, State]:
    """What Shopify has after a history."""
    truth: dict[int, State] = {}
    for step, (kind, number, look) in enumerate(history):
        truth.pop(number, None)
        if kind != "delete":
            truth[number] = State(number, step // SAME_INSTANT, look)
    return truth


def test_with_drops_one_reconcile_ends_in_what_shopify_has(
    house: House, specimen: Specimen, tmp_path: Path
) -> None:
    @settings(max_examples=settings().max_examples // 2)  # each is a whole run
    @given(history=histories(), data=st.data())
    @example(history=[("whole", 1, 2), ("whole", 1, 1)], data=None)
    @example(history=[("whole", 1, 2), ("delete", 1, 0)], data=None)
    def check(history: list[tuple[str, int, int]], data: st.DataObject | None) -> None:
        sent = deliveries_of(specimen, history)
        if data is None:
            arrived = sent[:1]
        else:
            arrived = data.draw(st.permutations(sent), label="order")
            arrived = arrived[: data.draw(st.integers(0, len(sent)), label="not dropped")]
        upstream = Upstream(specimen, truth_of(history))
        outcome(house, specimen, arrived, set())
        run = reconcile(house, specimen, upstream, tmp_path)
        assert (run.state, run.error) == ("succeeded", None)
        found = specimen.active_rows(house)

        house.clear()
        house.fetched(specimen.resource, *upstream.bodies())
        house.settle()
        assert found == specimen.active_rows(house)

    check()
