"""What a run says that it does: since when it asks, to the minute."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backroom.vocabulary.clock import format_instant
from tests.house import House
from tests.pull.running import Desk
from tests.pull.test_export_faults import a_desk, on_sqlite

pytestmark = on_sqlite
SINCE = datetime(2026, 11, 28, 9, 30, 59, 123456, tzinfo=UTC)


@pytest.fixture
def desk(house: House, tmp_path: Path) -> Iterator[Desk]:
    with a_desk(house, tmp_path) as opened:
        yield opened


@pytest.mark.parametrize(
    ("plural", "phase"),
    [
        ("products", "asking for what changed since 2026-11-28 09:30 UTC"),
        ("inventory", "asking Shopify for an export of what changed since 2026-11-28 09:30 UTC"),
    ],
)
def test_a_run_says_since_when_it_asks_to_the_minute(desk: Desk, plural: str, phase: str) -> None:
    desk.plural = plural
    run_id = desk.begin("incremental", since=format_instant(SINCE))
    run = desk.carry(run_id, until=lambda run: run.phase is not None)
    assert run.phase == phase
