"""When a repair may say that the cache holds what Shopify answered."""

from dataclasses import replace
from datetime import datetime

import pytest

from backroom.cache.states import HeldState
from backroom.drift.rules import Horizon
from backroom.jobs.mending import CAME_SINCE, STILL_DIFFERS, Expected, why_unlike
from tests.house import instant
from tests.reconcile.test_rules import LONG_AGO, SOON, THAT, THIS, held

ASKED, SINCE = instant(900), instant(950)
LOOKED = Horizon(begins=ASKED, now=instant(1_000))
THERE = Expected(key=(7,), asked=True, state=THIS, updated_at=LONG_AGO, findings=[])
GONE = Expected(key=(7,), asked=True, absent=True, findings=[])
UNREADABLE = Expected(key=(7,), asked=True, findings=[])


def pulled(at: datetime) -> HeldState:
    return replace(held(), pulled_at=at)


@pytest.mark.parametrize(
    ("expected", "row", "state", "reason"),
    [
        pytest.param(THERE, held(received_at=ASKED), THIS, None, id="it was taken"),
        pytest.param(THERE, held(received_at=ASKED), THAT, STILL_DIFFERS, id="it was not"),
        pytest.param(THERE, None, None, STILL_DIFFERS, id="nothing is held"),
        pytest.param(THERE, held(instant(5), received_at=SINCE), THAT, None, id="a later version came since"),
        pytest.param(THERE, held(received_at=SINCE), THIS, None, id="what came since says the same"),
        pytest.param(THERE, held(SOON, received_at=ASKED), THIS, STILL_DIFFERS, id="its version is ahead"),
        pytest.param(THERE, held(received_at=SINCE), THAT, CAME_SINCE, id="the same version came since"),
        pytest.param(THERE, held(instant(5), received_at=SOON), THAT, STILL_DIFFERS, id="from the future"),
        pytest.param(
            THERE, held(deleted_at=SINCE, deleted_received_at=SINCE), THIS, None, id="a deletion came since"
        ),
        pytest.param(
            THERE,
            held(deleted_at=SOON, deleted_received_at=SOON),
            THIS,
            STILL_DIFFERS,
            id="marked in the future",
        ),
        pytest.param(GONE, held(deleted_at=SINCE, deleted_received_at=ASKED), None, None, id="it is marked"),
        pytest.param(GONE, held(received_at=SINCE), THAT, CAME_SINCE, id="a body came of what is gone"),
        pytest.param(
            GONE, held(received_at=SOON), THAT, STILL_DIFFERS, id="a body of the future is not marked"
        ),
        pytest.param(UNREADABLE, pulled(ASKED), None, None, id="it can not be read, and was taken"),
        pytest.param(UNREADABLE, held(), None, STILL_DIFFERS, id="it can not be read, and was not taken"),
    ],
)
def test_repaired_means_that_it_was_compared(
    expected: Expected, row: HeldState | None, state: bytes | None, reason: str | None
) -> None:
    assert why_unlike(expected, row, state, LOOKED) == reason
