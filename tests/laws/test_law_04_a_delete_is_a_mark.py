"""Law 4: a delete is a mark beside the body; later bodies replace it, inactive and wanting a refetch."""

from backroom.resources.descriptor import Action
from tests.house import House, instant
from tests.laws.specimens import Specimen, State, event, wanted


def test_a_delete_makes_the_rows_inactive_and_keeps_the_body(house: House, specimen: Specimen) -> None:
    sent = event(specimen, specimen.whole(State(1, 0)), "create")
    sent.deliver(house)
    house.settle()
    event(specimen, {"id": 1}, "delete", triggered=50, action=Action.DELETE).deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert specimen.active_rows(house) == {}
    assert bytes(cached["raw_data"]) == sent.body
    assert cached["deleted_at"] == instant(50)
    assert wanted(house, specimen) == set()


def test_a_body_newer_than_its_deletion_is_kept_but_stays_inactive(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    event(specimen, {"id": 1}, "delete", action=Action.DELETE).deliver(house)
    house.settle()
    late = event(specimen, specimen.whole(State(1, 9, look=1)), "late")
    late.deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert specimen.active_rows(house) == {}
    assert bytes(cached["raw_data"]) == late.body
    assert cached["deleted_at"] is not None
    assert wanted(house, specimen) == {1}


def test_a_create_that_comes_after_its_delete_brings_nothing_back(house: House, specimen: Specimen) -> None:
    event(specimen, {"id": 1}, "delete", action=Action.DELETE).deliver(house)
    house.settle()
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    house.settle()

    assert specimen.active_rows(house) == {}
    assert wanted(house, specimen) == {1}


def test_a_second_delete_changes_nothing(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "create").deliver(house)
    event(specimen, {"id": 1}, "delete", action=Action.DELETE).deliver(house)
    house.settle()
    before = len(house.changes())
    event(specimen, {"id": 1}, "again", action=Action.DELETE).deliver(house)
    house.settle()

    assert house.deliveries()[-1]["outcome"] == "unchanged"
    assert len(house.changes()) == before


def test_the_delete_of_something_unknown_is_remembered(house: House, specimen: Specimen) -> None:
    event(specimen, {"id": 1}, "delete", action=Action.DELETE).deliver(house)
    house.settle()

    (cached,) = house.cache(specimen.resource.name)
    assert cached["deleted_at"] is not None
    assert cached["raw_data"] is None
    assert cached["processed_at"] is not None
