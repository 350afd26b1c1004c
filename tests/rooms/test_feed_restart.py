"""The feed after a restore into another cluster, whose transactions are numbered lower."""

import pytest
from sqlalchemy import update

from backroom.erp.changes import Position, read_feed, restart_feed_after_restore
from backroom.erp.tables import field_change
from backroom.vocabulary.errors import Misuse
from tests.bodies import product
from tests.house import House

OF_ANOTHER_CLUSTER = 10**12


def test_old_entries_come_before_new_ones_and_an_old_cursor_is_refused(house: House) -> None:
    if house.database.schema is None:
        pytest.skip("SQLite numbers no transactions")
    house.play("products/create", product(7))
    with house.database.writing() as transaction:
        transaction.execute(update(field_change).values(commit_order=OF_ANOTHER_CLUSTER))
    with house.database.reading() as transaction:
        assert read_feed(transaction, None, None, 50) == [], "they lie in this cluster's future"
    with house.database.writing() as transaction:
        assert restart_feed_after_restore(transaction)
        assert not restart_feed_after_restore(transaction)
    house.play("products/update", product(7, at=1, title="New"))

    with house.database.reading() as transaction:
        fields = [entry["field"] for entry in read_feed(transaction, None, None, 50)]
        assert fields[:2] == [None, None]
        assert "title" in fields[2:]
        with pytest.raises(Misuse, match="start from the beginning"):
            read_feed(transaction, Position(OF_ANOTHER_CLUSTER, 1), None, 50)
