from dataclasses import replace
from datetime import date

import pytest

from backroom.shopify.access import ShopFacts, end_of_version, missing_scopes, version_warning

FACTS = ShopFacts(
    name="One",
    domain="one.myshopify.com",
    plan="Basic",
    currency="EUR",
    api_version="2026-10",
    api_version_supported=True,
    answered_by="2026-10",
    versions=("2026-07", "2026-10"),
    scopes=("read_products",),
    max_product_variants=2048,
    max_product_options=3,
)


@pytest.mark.parametrize(
    ("granted", "wanted", "missing"),
    [
        (["read_products"], ["read_products"], ()),
        (["write_products"], ["read_products"], ()),
        (["read_products"], ["write_products"], ("write_products",)),
        ([], ["read_products", "read_orders"], ("read_orders", "read_products")),
    ],
)
def test_who_may_write_may_read(granted: list[str], wanted: list[str], missing: tuple[str, ...]) -> None:
    assert missing_scopes(granted, wanted) == missing


def test_a_version_ends_a_year_after_it_came_out() -> None:
    assert end_of_version("2026-10") == date(2027, 10, 1)
    assert end_of_version("2026-01") == date(2027, 1, 1)


def test_the_warning_begins_90_days_before_the_end() -> None:
    assert version_warning(FACTS, date(2027, 7, 2)) is None
    assert "ends on 2027-10-01" in (version_warning(FACTS, date(2027, 7, 3)) or "")


def test_a_version_that_is_gone_or_did_not_answer_is_warned_of_at_once() -> None:
    today = date(2026, 11, 28)
    gone = replace(FACTS, api_version_supported=False)
    assert "not supported any more" in (version_warning(gone, today) or "")
    other = replace(FACTS, answered_by="2027-01")
    assert "2027-01 answered instead of 2026-10" in (version_warning(other, today) or "")
    assert version_warning(replace(FACTS, answered_by=None), today) is None
