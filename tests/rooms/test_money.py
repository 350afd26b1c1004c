"""Money is an integer of 1/10,000 unit: exact, or refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.vocabulary.money import GREATEST_AMOUNT, Amount, format_amount, parse_amount

READ = {
    "0": 0,
    "0.00": 0,
    "-0.00": 0,
    "19.99": 199_900,
    "5": 50_000,
    "0.0001": 1,
    "-12.5": -125_000,
    "1.230000000000": 12_300,
    "007.10": 71_000,
    "1000000": 10_000_000_000,
    "922337203685477.5807": GREATEST_AMOUNT,
}
REFUSED = [
    "",
    " ",
    "1,99",
    "1.",
    ".5",
    "+1",
    "--1",
    "1e3",
    "1_000",
    "0x10",
    "NaN",
    "Infinity",
    "1.00 ",
    "1.00\n",
    "1.00001",
    "922337203685477.5808",
    "999999999999999",
    "1" * 5_000,
    "0." + "0" * 5_000,
    "\N{ARABIC-INDIC DIGIT ONE}",
    "\N{FULLWIDTH DIGIT ONE}.00",
    "1.\N{SUPERSCRIPT TWO}",
    "\N{MINUS SIGN}1",
    "null",
    "\x00",
]


@pytest.mark.parametrize("text", READ)
def test_an_amount_is_read_exactly(text: str) -> None:
    assert parse_amount(text) == READ[text]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|finer|too large") as raised:
        parse_amount(text)
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (199_900, "19.99"), (1, "0.0001"), (-5_000, "-0.50"), (-1, "-0.0001"), (12_345, "1.2345")],
)
def test_an_amount_is_shown_with_two_to_four_decimals(amount: int, text: str) -> None:
    assert format_amount(Amount(amount)) == text


@given(st.integers(-GREATEST_AMOUNT, GREATEST_AMOUNT))
def test_what_is_shown_reads_back_the_same(amount: int) -> None:
    assert parse_amount(format_amount(Amount(amount))) == amount


@given(st.decimals(min_value=-(10**14), max_value=10**14, places=4))
def test_reading_agrees_with_decimal_arithmetic(number: Decimal) -> None:
    assert parse_amount(f"{number:f}") == int(number * 10_000)


@given(st.text(st.characters(codec="utf-8")))
def test_any_other_text_is_refused_and_never_breaks(text: str) -> None:
    try:
        amount = parse_amount(text)
    except ValueError:
        return
    assert amount == int(Decimal(text) * 10_000)
