"""Law 6: processing twice equals once; the mark names the revision that was processed."""

from dataclasses import replace

from sqlalchemy import update

from backroom.cache.store import CacheStore
from backroom.flow.process import Processor
from backroom.vocabulary.ids import ShopId
from tests.house import House
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event


def _make_dirty(house: House, specimen: Specimen) -> None:
    with house.database.writing() as transaction:
        transaction.execute(update(specimen.resource.cache).values(processed_at=None))


def test_processing_again_writes_nothing(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0, look=3)), "one").deliver(house)
    house.settle()
    rows, changes = specimen.active_rows(house), house.changes()
    _make_dirty(house, specimen)
    tally = Processor(house.database, specimen.resource).run(house.shop_id, 10)

    assert tally.outcomes == {"unchanged": 1}
    assert specimen.active_rows(house) == rows
    assert house.changes() == changes


def test_a_new_mapper_applies_again_what_has_not_changed(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "one").deliver(house)
    house.settle()
    _make_dirty(house, specimen)
    newer = replace(specimen.resource, mapper_version=specimen.resource.mapper_version + 1)
    tally = Processor(house.database, newer).run(house.shop_id, 10)

    assert tally.outcomes == {"written": 1}


def test_a_body_that_says_the_same_in_other_bytes_writes_nothing(house: House, specimen: Specimen) -> None:
    event(specimen, specimen.whole(State(1, 0)), "one").deliver(house)
    house.settle()
    changes = house.changes()
    event(specimen, specimen.whole(State(1, 60)), "later").deliver(house)
    house.settle()

    assert house.changes() == changes
    (cached,) = house.cache(specimen.resource.name)
    assert cached["revision"] == 2
    assert cached["processed_at"] is not None


def test_a_change_that_arrives_while_processing_stays_dirty(house: House, specimen: Specimen) -> None:
    """Between a claim and its mark another revision comes, as any writer of the cache may bring one."""
    event(specimen, specimen.whole(State(1, 0)), "one").deliver(house)
    house.loop.turn()
    _make_dirty(house, specimen)
    shop = ShopId(house.shop_id)
    with house.database.shop_writing(shop) as transaction:
        store = CacheStore(transaction, specimen.resource.cache, shop)
        (claimed,) = store.claim(transaction.now(), 1, None)
        (row,) = store.load([specimen.key(1)]).values()
        row.revision += 1
        store.write([row], frozenset({specimen.key(1)}))
        assert store.mark_processed([(claimed, b"hash")], transaction.now()) == 0

    (cached,) = house.cache(specimen.resource.name)
    assert cached["processed_at"] is None
    house.settle()
    (cached,) = house.cache(specimen.resource.name)
    assert cached["processed_at"] is not None
