"""The check over real processes: what Backroom refuses is found, and what a shop seldom does is done."""

import json
import urllib.request
from collections.abc import Iterator

import pytest

from backroom.demo.check import compare, find_the_lost
from backroom.demo.held import read_held
from backroom.demo.patience import Patience
from backroom.demo.rare_edits import RARE_EDITS, make_rare_edits
from backroom.demo.stage import DOMAIN, Options, Stage, set_stage
from tests.untouched import logging_as_it_was


@pytest.fixture
def stage() -> Iterator[Stage]:
    """A shop that is not opened yet."""
    with logging_as_it_was(), set_stage(Options(products=20, rate=0.0), Patience()) as made:
        yield made


def open_and_rest(stage: Stage) -> None:
    stage.open()
    stage.shop.live(0)
    stage.rest()


def sign_with(stage: Stage, secret: str) -> None:
    """From now on all deliveries are signed so."""
    body = json.dumps({"secret": secret, "seconds": 0}).encode()
    with urllib.request.urlopen(f"{stage.shop.address}/control/secrets", data=body, timeout=10):
        pass


def test_a_backroom_that_refuses_what_is_sent_is_a_difference(stage: Stage) -> None:
    open_and_rest(stage)
    assert compare(stage)[0].holds
    sign_with(stage, "a secret that Backroom does not know")
    changed = stage.shop.truth()["products"][0]["id"]
    stage.shop.edit(changed, {"title": "What nobody accepted"})
    stage.rest()
    verdict, _ = compare(stage)
    found = [(difference.what, difference.field) for difference in verdict.differences]
    what = f"product {changed}"
    assert found == [(what, "listing.title"), (what, "product.name"), ("the whole", "given_up")]
    find_the_lost(stage)
    assert len(compare(stage)[0].differences) == 3, "nothing was dropped: nothing excuses a sync"


def test_the_rare_edits_are_made_and_one_body_comes_after_its_deletion(stage: Stage) -> None:
    open_and_rest(stage)
    before = {product["id"]: product for product in stage.shop.truth()["products"]}
    faults = stage.shop.faults()
    make_rare_edits(stage)
    stage.rest()
    assert stage.shop.faults() == faults
    truth = stage.shop.truth()
    changed = [each for each in truth["products"] if fields(each) != fields(before[each["id"]])]
    assert len(changed) == len(RARE_EDITS)
    (deleted,) = truth["deleted"]
    with stage.database.reading() as transaction:
        assert f"product {deleted}" not in read_held(transaction, DOMAIN).wanted, (
            "its late body was asked about"
        )
    verdict, held = compare(stage)
    assert (verdict.differences, verdict.deleted) == ([], 1)
    assert held.fetched["wanted"] >= 1


def test_what_was_dropped_is_found_by_a_sync_deletions_too(stage: Stage) -> None:
    open_and_rest(stage)
    stage.shop.set_faults({"drop": 1.0})
    changed, deleted = [product["id"] for product in stage.shop.truth()["products"][:2]]
    stage.shop.edit(changed, {"title": "What nobody was told"})
    stage.rest()
    assert not compare(stage)[0].holds
    find_the_lost(stage)
    verdict, held = compare(stage)
    assert (verdict.differences, set(held.fetched)) == ([], {"full", "incremental"})
    stage.shop.delete(deleted)
    stage.rest()
    assert not compare(stage)[0].holds
    find_the_lost(stage)
    verdict, held = compare(stage)
    assert (verdict.differences, verdict.deleted) == ([], 1)
    assert held.fetched["wanted"] >= 1, "the deletion was asked about by its id"


def fields(product: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in product.items() if name != "updated_at"}
