"""The first leg's rules: what is drift, of which kind, and when a difference does not count yet."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from backroom.cache.states import HeldState
from backroom.cache.store import DirtyRow
from backroom.drift.rules import Horizon, Kind, Theirs, difference
from backroom.drift.theirs import told_apart
from backroom.resources.product_snapshot import ProductSnapshot, VariantSnapshot
from backroom.vocabulary.money import Amount
from tests.house import instant

LONG_AGO, LATELY, SOON = instant(0), instant(950), instant(2_000)
HORIZON = Horizon(begins=instant(900), now=instant(1_000))
THIS, THAT = b"this", b"that"


def theirs(updated_at: datetime | None = LONG_AGO, state: bytes | None = THIS) -> Theirs:
    return Theirs(key=(7,), updated_at=updated_at, state=state)


def held(
    updated_at: datetime | None = LONG_AGO,
    *,
    body: bytes | None = b"{}",
    deleted_at: datetime | None = None,
    received_at: datetime = LONG_AGO,
    deleted_received_at: datetime | None = None,
    wanted_at: datetime | None = None,
) -> HeldState:
    nothing: dict[str, Any] = {name: None for name in DirtyRow.__slots__ if name != "key"}
    row = DirtyRow(
        key=(7,), **{**nothing, "raw_data": body, "updated_at": updated_at, "deleted_at": deleted_at}
    )
    return HeldState(
        row=row,
        title=None,
        received_at=received_at,
        deleted_received_at=deleted_received_at,
        wanted_at=wanted_at,
        pulled_at=None,
        processed_at=LONG_AGO,
        processing_error=None,
        next_attempt_at=None,
        dead_at=None,
    )


@pytest.mark.parametrize(
    ("upstream", "here", "state", "kind"),
    [
        pytest.param(theirs(), held(), THIS, None, id="the same"),
        pytest.param(theirs(), None, None, Kind.MISSING, id="nothing is held"),
        pytest.param(theirs(), held(body=None), None, Kind.MISSING, id="but a want is held"),
        pytest.param(theirs(), held(deleted_at=LONG_AGO), THIS, Kind.MISSING, id="held as deleted"),
        pytest.param(None, held(), THIS, Kind.DELETED, id="gone upstream"),
        pytest.param(None, held(deleted_at=LONG_AGO), None, None, id="gone on both sides"),
        pytest.param(None, held(body=None), None, None, id="there never was a body"),
        pytest.param(None, None, None, None, id="nowhere"),
        pytest.param(theirs(instant(5)), held(), THIS, Kind.STALE, id="newer upstream, saying the same"),
        pytest.param(theirs(instant(5)), held(), THAT, Kind.STALE, id="newer upstream"),
        pytest.param(theirs(), held(), THAT, Kind.VALUE, id="the same version says something else"),
        pytest.param(theirs(), held(instant(5)), THAT, Kind.VALUE, id="an older version says something else"),
        pytest.param(theirs(), held(instant(5)), THIS, Kind.VALUE, id="an older version says the same"),
        pytest.param(theirs(state=None), held(), THAT, None, id="the export's can not be read"),
        pytest.param(theirs(), held(), None, Kind.VALUE, id="the held one can not be read"),
        pytest.param(theirs(instant(5), None), held(), None, Kind.STALE, id="newer, and can not be read"),
    ],
)
def test_what_differs_is_of_one_kind(
    upstream: Theirs | None, here: HeldState | None, state: bytes | None, kind: Kind | None
) -> None:
    found = difference(upstream, here, state, HORIZON)
    assert (None if found is None else found.kind) == kind
    assert found is None or found.counts


@pytest.mark.parametrize(
    ("upstream", "here"),
    [
        pytest.param(theirs(LATELY), held(), id="Shopify changed it"),
        pytest.param(theirs(SOON), held(), id="Shopify's clock is ahead"),
        pytest.param(theirs(LATELY), None, id="it is new in Shopify"),
        pytest.param(theirs(instant(5)), held(received_at=LATELY), id="a body came"),
        pytest.param(None, held(received_at=LATELY), id="a body came of what is gone"),
        pytest.param(theirs(), held(deleted_at=LONG_AGO, deleted_received_at=LATELY), id="a deletion came"),
        pytest.param(theirs(), held(deleted_at=LATELY), id="a deletion came, known by its own instant"),
        pytest.param(theirs(), held(body=None, wanted_at=LATELY), id="it is wanted"),
    ],
)
def test_what_changed_since_the_horizon_does_not_count(
    upstream: Theirs | None, here: HeldState | None
) -> None:
    found = difference(upstream, here, THAT, HORIZON)
    assert found is not None
    assert not found.counts


def test_an_instant_of_ours_in_the_future_is_of_a_clock_that_was_set_back() -> None:
    found = difference(theirs(), held(received_at=SOON), THAT, HORIZON)
    assert found is not None
    assert found.counts


def test_the_horizon_itself_is_not_lately() -> None:
    at = HORIZON.begins
    found = difference(theirs(at), held(received_at=at, wanted_at=at), THAT, HORIZON)
    assert found is not None
    assert found.counts
    later = at + timedelta(microseconds=1)
    assert not HORIZON.hides(None, at)
    assert HORIZON.hides(None, later)


def test_of_two_snapshots_only_what_differs_is_told() -> None:
    def snapshot(title: str, price: int) -> ProductSnapshot:
        variants = tuple(
            VariantSnapshot(shopify_variant_id=number, price=Amount(price if number == 72 else 5))
            for number in (71, 72)
        )
        return ProductSnapshot(shopify_product_id=7, title=title, vendor="Same", variants=variants)

    assert told_apart(snapshot("New", 10), snapshot("Old", 20)) == (
        {"title": "New", "variants": [{"shopify_variant_id": 72, "price": 10}]},
        {"title": "Old", "variants": [{"shopify_variant_id": 72, "price": 20}]},
    )
