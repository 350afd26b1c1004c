"""How long a batch may hold the writer: longer while no deliveries come in."""

from backroom.flow.batches import LARGEST_BATCH, BatchSize
from backroom.flow.receipts import QUIET_SECONDS, Receipts
from tests.bodies import product
from tests.house import House


def test_a_batch_may_take_longer_once_no_delivery_came_for_a_while(house: House) -> None:
    seam = house.database.seam
    now = [1000.0]
    receipts = Receipts(house.database, lambda: now[0])
    assert receipts.batch_seconds() == seam.batch_seconds
    now[0] += QUIET_SECONDS
    assert receipts.batch_seconds() == seam.quiet_batch_seconds

    house.deliver("products/create", product(1))
    assert receipts.batch_seconds() == seam.batch_seconds


def test_a_size_that_was_learned_goes_along_with_another_target() -> None:
    size = BatchSize(0.020)
    for _ in range(50):
        size.learn(size.rows, size.rows * 0.001)
    assert size.rows == 20
    size.aim(0.100)
    assert size.rows == 100
    size.aim(0.020)
    assert size.rows == 20
    size.aim(10.0)
    assert size.rows == LARGEST_BATCH
