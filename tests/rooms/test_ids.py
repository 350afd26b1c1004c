"""Shopify's ids: 64 bits, two spellings, never a guess."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.vocabulary.errors import Terminal
from backroom.vocabulary.ids import GREATEST_ID, checked_id, gid_number, key_text, parse_key

ids = st.integers(1, GREATEST_ID)


@given(ids)
def test_an_id_is_the_same_in_both_spellings(number: int) -> None:
    assert checked_id(number, what="product") == number
    assert gid_number(f"gid://shopify/Product/{number}") == number


@pytest.mark.parametrize("number", [0, -1, GREATEST_ID + 1, 2**64, 10**5_000, -(10**5_000)], ids=hash)
def test_what_no_column_holds_is_no_id(number: int) -> None:
    with pytest.raises(Terminal, match=r"^product ") as raised:
        checked_id(number, what="product")
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(
    "gid",
    [
        "",
        "12",
        "gid://shopify/Product/",
        "gid://shopify/Product/0",
        "gid://shopify/Product/-1",
        "gid://shopify/Product/1.0",
        "gid://shopify/Product/1 ",
        "gid://shopify/Product/1?inventory_item_id=2",
        "gid://shopify/Product/\N{ARABIC-INDIC DIGIT ONE}",
        "gid://shopify/Product/\N{SUPERSCRIPT TWO}",
        f"gid://shopify/Product/{GREATEST_ID + 1}",
        "gid://shopify/Product/" + "9" * 5_000,
        "https://shopify/Product/1",
        "gid://elsewhere/Product/1",
    ],
)
def test_what_is_no_gid_is_refused(gid: str) -> None:
    with pytest.raises(Terminal, match="gid"):
        gid_number(gid)


@given(st.lists(ids, min_size=1, max_size=3).map(tuple))
def test_a_key_reads_back_from_its_text(key: tuple[int, ...]) -> None:
    assert parse_key(key_text(key)) == key


@pytest.mark.parametrize(
    "text", ["", ":", "1:", ":1", "a", "1.0", " 1", "+1", "-1", "0", "01", "1_0", "1\n", "١"]
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        parse_key(text)
