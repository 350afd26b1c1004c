"""Law 5: a partial body applies what it carries, removes nothing, and wants a refetch."""

from tests.house import House
from tests.laws.specimens import Specimen, State, event, wanted

ALL_SLOTS = 7
ONE_SLOT = 8


def test_a_whole_body_removes_what_it_does_not_name_and_the_next_brings_it_back(
    house: House, specimen: Specimen
) -> None:
    def parts() -> int:
        return len(specimen.active_rows(house)[1]["variants"])

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


def test_a_partial_body_removes_nothing_and_wants_a_refetch(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0, look=ALL_SLOTS)), "all").deliver(house)
    house.settle()
    before = specimen.active_rows(house)[1]
    event(specimen, specimen.partial(State(1, 1, look=ONE_SLOT)), "partial").deliver(house)
    house.settle()

    after = specimen.active_rows(house)[1]
    assert after["title"] == f"Look {ONE_SLOT}"
    assert after["vendor"] == before["vendor"]
    assert after["variants"].keys() == before["variants"].keys()
    assert wanted(house, specimen) == {1}


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
    event(specimen, {"id": 1}, "id only").deliver(house)
    event(specimen, {"id": 2}, "id only, unknown").deliver(house)
    house.settle()

    assert [row["outcome"] for row in house.deliveries()] == ["cached", "refetch", "refetch"]
    known, unknown = house.cache(specimen.resource.name)
    assert bytes(known["raw_data"]) == sent.body
    assert unknown["raw_data"] is None
    assert unknown["processed_at"] is not None, "a row that only wants is never dirty"
    assert specimen.active_rows(house) == before
    assert wanted(house, specimen) == {1, 2}
