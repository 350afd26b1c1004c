"""Money: an integer of 1/10,000 unit. Never a float, never rounded.

Shopify sends amounts as decimal strings in the shop's currency ("19.99"); the currency travels
separately, because it is unknown until the shop was asked for it.
"""

import re
from typing import NewType

Amount = NewType("Amount", int)
"""Ten-thousandths of the currency's unit."""

UNITS_PER_ONE = 10_000
GREATEST_AMOUNT = 2**63 - 1
_DECIMAL = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,18}))?", re.ASCII)


def parse_amount(text: str) -> Amount:
    """`"19.99"` -> 199900. Raises ValueError for what is no decimal, too large, or finer than 1/10,000."""
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not an amount")
    sign, whole, fraction = match.groups()
    digits = (fraction or "").rstrip("0")
    if len(digits) > 4:
        raise ValueError(f"{text[:40]!r} is finer than 1/10,000 of a unit")
    units = int(whole) * UNITS_PER_ONE + int(digits.ljust(4, "0"))
    if units > GREATEST_AMOUNT:
        raise ValueError(f"{text[:40]!r} is too large")
    return Amount(-units if sign else units)


def format_amount(amount: Amount) -> str:
    """199900 -> `"19.99"`; at least two decimals, at most four."""
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), UNITS_PER_ONE)
    decimals = f"{rest:04d}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"
