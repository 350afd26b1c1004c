"""What goes wrong between the shop and Backroom, as `--faults` has it.

Enters: `drop=0.1,delay=0.2`. Leaves: numbers by name, as the simulator's control API takes them. What never
happens here: a name or a number that the simulator would refuse some seconds later.
"""

from typing import Final

from backroom.vocabulary.errors import Misuse

CHANCES: Final = ("drop", "duplicate", "reorder", "delay", "id_only")
"""Shares of all deliveries."""
REACHES: Final = ("delay_seconds", "reorder_window", "reorder_seconds")
"""How far these reach: seconds, and a number of deliveries."""
MOST_REACH: Final = 86_400.0
KNOWN: Final = f"shares from 0 to 1 of {', '.join(CHANCES)}; and how far they reach: {', '.join(REACHES)}"


def read_faults(text: str) -> dict[str, float]:
    """The pairs as a dictionary; `none` is empty. Raises Misuse."""
    if text.strip() in ("", "none"):
        return {}
    return dict(_pair(part, text) for part in text.split(","))


def _pair(part: str, text: str) -> tuple[str, float]:
    name, _, figure = (each.strip() for each in part.partition("="))
    if name not in (*CHANCES, *REACHES) and figure:
        raise Misuse(f"--faults: there is no {name!r}; there are {KNOWN}")
    try:
        number = float(figure)
    except ValueError:
        raise Misuse(f"--faults: {text!r} is not like drop=0.1,duplicate=0.2, without spaces") from None
    if name in CHANCES and not 0 <= number <= 1:
        raise Misuse(f"--faults: {name} is a share of all deliveries, from 0 to 1, and not {figure}")
    if name in REACHES and not 0 < number <= MOST_REACH:
        raise Misuse(f"--faults: {name} is more than 0 and at most {MOST_REACH:,.0f}, and not {figure}")
    if name == "reorder_window":
        return name, _whole(figure, number)
    return name, number


def _whole(figure: str, number: float) -> int:
    if not number.is_integer():
        raise Misuse(f"--faults: reorder_window is a number of deliveries, and not {figure}")
    return int(number)
