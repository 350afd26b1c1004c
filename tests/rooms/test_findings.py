from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from backroom.drift.decisions import (
    FindingSettled,
    Group,
    all_open,
    chosen,
    ignore_findings,
    reopen_findings,
)
from backroom.drift.findings import (
    Finding,
    FindingFilter,
    count_left,
    count_open,
    read_finding,
    read_findings,
)
from backroom.drift.words import in_words
from backroom.shops.shops import remove_shop
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.pages import Page, Place
from tests.bodies import product, variant
from tests.drifted import put_finding, put_whole
from tests.house import House, instant
from tests.rooms.catalogue import SECOND, counted_statements, pages, second_shop
from tests.stock_bodies import item, location


def read(house: House, **wanted: Any) -> list[Finding]:
    with house.database.reading() as transaction:
        return read_findings(transaction, FindingFilter(**wanted), None, 50).items


def ids(house: House, **wanted: Any) -> list[int]:
    return [each.id for each in read(house, **wanted)]


def test_a_finding_says_what_differs_and_for_how_long(house: House) -> None:
    number = put_finding(house.database, house.shop_id, age=timedelta(hours=3))
    (found,) = read(house)
    assert (found.id, found.shop, found.resource, found.key) == (number, "one.myshopify.com", "products", "7")
    assert (found.entity, found.entity_id, found.field) == ("listing", 12, "title")
    assert (found.ours, found.theirs) == ("Shirts", "Shirt")
    assert found.differs == "listing 12, title: Shirts -> Shirt"
    assert found.age_seconds == pytest.approx(3 * 3600, abs=60)
    with house.database.reading() as transaction:
        assert read_finding(transaction, number).differs == found.differs
        with pytest.raises(Unknown, match="there is no finding 99"):
            read_finding(transaction, 99)


def put_level(house: House, key: str, shop_id: int | None = None) -> int:
    location = int(key.partition(":")[2])
    number = house.shop_id if shop_id is None else shop_id
    return put_whole(
        house.database, number, "missing", key, resource="inventory", title=None, location_id=location
    )


def test_a_level_is_called_by_its_sku_and_its_location_as_far_as_they_are_known(house: House) -> None:
    other = second_shop(house)
    for key in ("1101:7", "1101:8", "1102:7", "1103:8", "1104:8"):
        put_level(house, key)
    put_level(house, "1101:7", other)
    put_finding(house.database, house.shop_id, title="Shirt")
    house.play("locations/update", location(7, name="Berlin"))
    house.play("inventory_items/update", item(1101, sku="TSHIRT-S"))
    house.play("inventory_items/update", item(1103, sku="TSHIRT-M"))
    house.play("products/update", product(variants=[variant(1, sku="T-1", inventory_item_id=1104)]))
    titles = {(each.shop, each.key): each.title for each in read(house)}
    mine = {key: title for (domain, key), title in titles.items() if domain != SECOND}
    assert mine == {
        "1101:7": "TSHIRT-S at Berlin",
        "1101:8": "TSHIRT-S",
        "1102:7": "Berlin",
        "1103:8": "TSHIRT-M",
        "1104:8": "T-1",
        "7": "Shirt",
    }
    assert titles[SECOND, "1101:7"] is None, "what another shop calls it is not asked"


def test_a_page_of_levels_reads_their_names_in_a_fixed_number_of_statements(house: House) -> None:
    numbers = []
    for many in (2, 30):
        for each in range(many):
            put_level(house, f"{many}{each}:7")
        with counted_statements(house.database) as sent:
            read(house)
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]


def test_parts_that_do_not_apply_are_null_and_not_empty(house: House) -> None:
    put_whole(house.database, house.shop_id, "missing", "8", location_id=2**60)
    (found,) = read(house)
    assert (found.entity, found.entity_id, found.field) == (None, None, None)
    assert found.location_id == str(2**60)
    assert found.differs == "Shopify has it, the cache has not"


def test_the_age_of_what_is_over_ends_with_it(house: House) -> None:
    with house.database.reading() as transaction:
        settled_at = transaction.now() - timedelta(hours=2)
    for state in ("repaired", "gone"):
        put_finding(house.database, house.shop_id, state=state, settled_at=settled_at)
    put_finding(house.database, house.shop_id, state="ignored", settled_at=settled_at)
    hours = [round(each.age_seconds / 3600) for each in read(house)]
    assert hours == [3, 1, 1], "an ignored one differs still"


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"kind": "extra"}, "the cache has it, Shopify has not"),
        ({"kind": "missing", "theirs": {"updated_at": "9:05"}}, "Shopify has it, the cache has not"),
        (
            {"kind": "missing", "ours": {"deleted_at": "9:00"}, "theirs": {"updated_at": "9:05"}},
            "Shopify has it, here it is marked as deleted",
        ),
        ({"kind": "deleted"}, "deleted in Shopify, and not here"),
        (
            {
                "kind": "stale",
                "ours": {"updated_at": "2026-11-28T09:00:00.000000Z"},
                "theirs": {"updated_at": "9:05"},
            },
            "an older version here: updated_at: 2026-11-28T09:00:00Z -> 9:05",
        ),
        ({"kind": "value"}, "the same version with other content here"),
        (
            {"ours": {"updated_at": "2099", "title": "A"}, "theirs": {"updated_at": "2026", "title": "A"}},
            "a later version here than Shopify has: updated_at: 2099 -> 2026",
        ),
        (
            {"ours": {"at": 1, "title": "A", "tags": []}, "theirs": {"at": 1, "title": "B", "vendor": "C"}},
            "other content here: title: A -> B, vendor: nothing -> C, tags: [] -> nothing",
        ),
        ({"leg": "erp", "kind": "value"}, "can not be applied to the rows"),
        (
            {"leg": "erp", "kind": "extra", "entity": "listing", "entity_id": 5},
            "listing 5: nothing in the cache stands behind it",
        ),
        ({"leg": "erp", "kind": "missing", "entity": "listing_variant"}, "listing variant: has no row"),
        ({"leg": "erp", "field": "tags", "ours": ["a"], "theirs": None}, 'tags: ["a"] -> nothing'),
        ({"leg": "erp", "field": "is_active", "ours": True, "theirs": False}, "is_active: true -> false"),
        ({"leg": "moon", "kind": "other"}, "other"),
    ],
)
def test_every_kind_is_said_in_words(parts: dict[str, Any], words: str) -> None:
    whole: dict[str, Any] = {"leg": "cache", "kind": "value", "entity": None, "entity_id": None}
    whole |= {"field": None, "ours": None, "theirs": None}
    assert in_words(**{**whole, **parts}).endswith(words)


def test_long_values_are_cut_where_asked_and_never_in_the_read_model(house: House) -> None:
    put_finding(house.database, house.shop_id, ours="o" * 300, theirs="t" * 300)
    (found,) = read(house)
    assert found.differs == f"listing 12, title: {'o' * 300} -> {'t' * 300}"
    short = in_words(
        leg="erp",
        kind="value",
        entity=None,
        entity_id=None,
        field="title",
        ours=found.ours,
        theirs=7,
        longest=5,
    )
    assert short == "title: oooo… -> 7"


def test_each_filter_narrows(house: House) -> None:
    second = second_shop(house)
    first = put_finding(house.database, house.shop_id)
    whole = put_whole(house.database, house.shop_id, "missing", "8")
    other = put_finding(house.database, second, resource="orders")
    done = put_finding(house.database, house.shop_id, state="repaired")
    gone = put_finding(house.database, house.shop_id, state="gone")
    left = put_finding(house.database, house.shop_id, state="ignored", key="9")
    assert ids(house) == [left, gone, done, other, whole, first]
    assert ids(house, state="open") == [other, whole, first]
    assert ids(house, state="ignored") == [left]
    assert ids(house, state="repaired") == [done]
    assert ids(house, shop=SECOND) == [other]
    assert ids(house, shop="none.myshopify.com") == []
    assert ids(house, kind="missing") == [whole]
    assert ids(house, leg="cache") == [whole]
    assert ids(house, resource="orders") == [other]
    assert ids(house, state="open", leg="erp", shop="one.myshopify.com") == [first]


@pytest.mark.parametrize("state", ["open", None])
def test_pages_go_through_all_findings_newest_first(house: House, state: str | None) -> None:
    put = [put_finding(house.database, house.shop_id, key=str(number)) for number in range(5)]

    def page(place: Place | None) -> Page[Finding]:
        with house.database.reading() as transaction:
            return read_findings(transaction, FindingFilter(state=state), place, 2)  # type: ignore[arg-type]

    found = [[each.id for each in items] for items in pages(page)]
    put.reverse()
    assert found == [put[:2], put[2:4], put[4:]]
    with house.database.reading() as transaction, pytest.raises(Misuse, match="1 to 500"):
        read_findings(transaction, FindingFilter(), None, 501)


def test_open_findings_are_counted_by_shop_in_one_statement(house: House) -> None:
    second, third = second_shop(house), put_finding(house.database, house.shop_id)
    put_finding(house.database, house.shop_id, key="8")
    put_finding(house.database, second)
    put_finding(house.database, second, state="gone")
    with house.database.writing() as transaction:
        ignore_findings(transaction, [third])
    with counted_statements(house.database) as sent, house.database.reading() as transaction:
        assert count_open(transaction) == {house.shop_id: 1, second: 1}
    assert len([each for each in sent if "drift_finding" in each]) == 1
    with house.database.writing() as transaction:
        remove_shop(transaction, SECOND)
    with house.database.reading() as transaction:
        assert count_open(transaction) == {house.shop_id: 1}, "nobody can repair a removed shop's"


def test_the_count_reads_no_more_than_what_stands(house: House) -> None:
    if house.database.schema is not None:
        pytest.skip("PostgreSQL plans by the size of its tables")
    with counted_statements(house.database) as sent, house.database.reading() as transaction:
        count_open(transaction)
        (counting,) = [each for each in sent if "drift_finding" in each]
        plan = transaction.execute(text("EXPLAIN QUERY PLAN " + counting.replace("?", "'open'"))).all()
    assert any("uq_drift_finding_standing" in row[3] for row in plan), plan


def test_what_a_run_left_open_is_counted_by_run(house: House) -> None:
    put_finding(house.database, house.shop_id, key="1", run=4)
    put_finding(house.database, house.shop_id, key="2", run=4)
    put_finding(house.database, house.shop_id, key="3", run=4, state="repaired")
    put_finding(house.database, house.shop_id, key="4", run=4, state="ignored")
    put_finding(house.database, house.shop_id, key="5", run=5, state="gone")
    put_finding(house.database, house.shop_id, key="6", run=4, last_seen_at=instant(0))
    put_finding(house.database, house.shop_id, key="7", run=6, last_seen_at=instant(0))
    began = dict.fromkeys((4, 5, 6), instant(1))
    with house.database.reading() as transaction:
        assert count_left(transaction, began) == {4: 2}
        assert count_left(transaction, {}) == {}


def test_ignoring_is_done_once_and_undone(house: House) -> None:
    number = put_finding(house.database, house.shop_id)
    with house.database.writing() as transaction:
        assert ignore_findings(transaction, [number, number]) == 1
        assert ignore_findings(transaction, [number]) == 0
    (found,) = read(house)
    assert found.state == "ignored"
    assert found.settled_at is not None
    with house.database.writing() as transaction:
        assert reopen_findings(transaction, [number]) == 1
    (found,) = read(house)
    assert (found.state, found.settled_at) == ("open", None)


def test_what_is_over_or_unknown_is_refused_and_the_others_are_not_touched(house: House) -> None:
    standing = put_finding(house.database, house.shop_id)
    repaired = put_finding(house.database, house.shop_id, state="repaired")
    gone = put_finding(house.database, house.shop_id, state="gone")
    with house.database.writing() as transaction:
        with pytest.raises(FindingSettled, match=f"finding {repaired} is repaired already"):
            ignore_findings(transaction, [standing, repaired])
        with pytest.raises(FindingSettled, match="healed by itself"):
            chosen(transaction, [standing, gone])
        with pytest.raises(Unknown, match="there is no finding 98, 99"):
            reopen_findings(transaction, [standing, 99, 98])
        ignore_findings(transaction, [standing])
        with pytest.raises(FindingSettled, match=f"backroom drift reopen {standing}"):
            chosen(transaction, [standing])
    assert ids(house, state="ignored") == [standing]


def test_what_is_to_be_repaired_is_grouped_for_its_runs(house: House) -> None:
    second = second_shop(house)
    a = put_finding(house.database, second)
    b = put_finding(house.database, house.shop_id, key="1")
    c = put_finding(house.database, house.shop_id, key="2", resource="orders")
    d = put_finding(house.database, house.shop_id, key="3")
    put_finding(house.database, house.shop_id, key="4", state="ignored")
    one = "one.myshopify.com"
    of_first = [
        Group(shop_id=house.shop_id, domain=one, resource="orders", number=1, finding_ids=[c]),
        Group(shop_id=house.shop_id, domain=one, resource="products", number=2, finding_ids=[b, d]),
    ]
    of_second = Group(shop_id=second, domain=SECOND, resource="products", number=1, finding_ids=[a])
    with house.database.reading() as transaction:
        assert chosen(transaction, [d, c, b, b, a]) == [*of_first, of_second]
        all_of = [replace(each, finding_ids=None) for each in (*of_first, of_second)]
        assert all_open(transaction, None) == all_of
        assert all_open(transaction, SECOND) == all_of[2:]
