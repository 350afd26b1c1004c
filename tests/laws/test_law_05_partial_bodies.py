"""Law 5: a partial body applies what it carries, removes nothing, and wants a refetch."""

from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event, held_look, those, wanted

ALL_SLOTS = 7
ONE_SLOT = 8
those_with_parts = those(lambda specimen: specimen.has_parts)
those_with_partial_bodies = those(lambda specimen: specimen.partial(State(1, 0)))


@those_with_parts
def test_a_whole_body_removes_what_it_does_not_name_and_the_next_brings_it_back(
    house: House, specimen: Specimen
) -> None:
    def parts() -> int:
        return specimen.parts(specimen.active_rows(house)[1])

    event(specimen, specimen.whole(State(1, 0, look=ALL_SLOTS)), "all").deliver(house)
    house.settle()
    assert parts() == 3
    event(specimen, specimen.whole(State(1, 1, look=ONE_SLOT)), "one").deliver(house)
    house.settle()
    assert parts() == 1
    event(specimen, specimen.whole(State(1, 2, look=ALL_SLOTS)), "all again").deliver(house)
    house.settle()
    assert parts() == 3
    assert wanted(house, specimen) == set()


@those_with_partial_bodies
def test_a_partial_body_removes_nothing_and_wants_a_refetch(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0, look=ALL_SLOTS)), "all").deliver(house)
    house.settle()
    before = specimen.active_rows(house)[1]
    event(specimen, specimen.partial(State(1, 1, look=ONE_SLOT)), "partial").deliver(house)
    house.settle()

    after = specimen.active_rows(house)[1]
    assert specimen.look(after) == (ONE_SLOT if specimen.partial_has_look else ALL_SLOTS)
    assert specimen.unsaid(after) == specimen.unsaid(before)
    assert wanted(house, specimen) == {1}


@those_with_partial_bodies
def test_at_an_equal_instant_a_whole_body_beats_a_partial_one_in_any_order(
    house: House, specimen: Specimen
) -> None:
    whole = event(specimen, specimen.whole(State(1, 5, look=1)), "whole", triggered=1)
    partial = event(specimen, specimen.partial(State(1, 5, look=2)), "partial", triggered=9)
    for order in ((whole, partial), (partial, whole)):
        house.clear()
        for each in order:
            each.deliver(house)
            house.settle()
        (cached,) = house.cache(specimen.resource.name)
        assert bytes(cached["raw_data"]) == whole.body


@those_with_partial_bodies
def test_a_newer_partial_body_replaces_an_older_whole_one(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 5)), "whole").deliver(house)
    partial = event(specimen, specimen.partial(State(1, 6)), "partial")
    partial.deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert bytes(cached["raw_data"]) == partial.body
    assert cached["partial"] is True


def test_a_body_of_only_an_id_records_the_want_and_touches_nothing_else(
    house: House, specimen: Specimen
) -> None:
    sent = event(specimen, specimen.whole(State(1, 5)), "whole")
    sent.deliver(house)
    house.settle()
    before = specimen.active_rows(house)
    event(specimen, specimen.bare(1), "id only").deliver(house)
    event(specimen, specimen.bare(2), "id only, unknown").deliver(house)
    house.settle()

    assert [row["outcome"] for row in house.deliveries()] == ["cached", "refetch", "refetch"]
    known, unknown = house.cache(specimen.resource.name)
    assert bytes(known["raw_data"]) == sent.body
    assert unknown["raw_data"] is None
    assert unknown["processed_at"] is not None, "a row that only wants is never dirty"
    assert specimen.active_rows(house) == before
    assert wanted(house, specimen) == {1, 2}


@those_with_partial_bodies
def test_a_whole_fetch_answers_what_a_partial_body_wanted(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.partial(State(1, 1, look=ONE_SLOT)), "partial").deliver(house)
    house.settle()
    house.fetched(specimen.resource, specimen.pulled(State(1, 1, look=ALL_SLOTS)))
    house.settle()

    assert wanted(house, specimen) == set()
    assert held_look(house, specimen, 1) == ALL_SLOTS
    assert specimen.parts(specimen.active_rows(house)[1]) == (3 if specimen.has_parts else 0)


@those_with_parts
def test_a_fetch_that_is_not_whole_removes_nothing_and_goes_on_wanting(
    house: House, specimen: Specimen
) -> None:
    event(specimen, specimen.whole(State(1, 0, look=ALL_SLOTS)), "all").deliver(house)
    house.settle()
    house.fetched(specimen.resource, specimen.pulled(State(1, 1, look=ONE_SLOT)), whole=False)
    house.settle()

    assert specimen.parts(specimen.active_rows(house)[1]) == 3
    assert wanted(house, specimen) == {1}
