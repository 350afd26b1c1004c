"""`--faults` is read before anything is started, and refused in words that say what there is."""

import pytest

from backroom.demo.faults import CHANCES, MOST_REACH, REACHES, read_faults
from backroom.vocabulary.errors import Misuse
from shopify_simulator.webhooks import faults as simulated


def test_the_names_and_the_limits_are_the_simulators() -> None:
    assert (CHANCES, REACHES, MOST_REACH) == (simulated.CHANCES, simulated.REACHES, simulated.MOST_REACH)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("none", {}),
        ("", {}),
        ("drop=0.1", {"drop": 0.1}),
        ("delay=1, delay_seconds=10", {"delay": 1.0, "delay_seconds": 10.0}),
        ("reorder_window=3", {"reorder_window": 3}),
    ],
)
def test_pairs_are_read(text: str, read: dict[str, float]) -> None:
    assert read_faults(text) == read


def test_a_window_is_a_whole_number() -> None:
    assert isinstance(read_faults("reorder_window=3")["reorder_window"], int)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dropp=0.1", "there is no 'dropp'; there are shares from 0 to 1 of drop, duplicate, reorder"),
        ("drop=2", "drop is a share of all deliveries, from 0 to 1, and not 2"),
        ("drop=nan", "drop is a share"),
        ("delay_seconds=-3", "delay_seconds is more than 0 and at most 86,400, and not -3"),
        ("reorder_window=1.5", "a number of deliveries, and not 1.5"),
        ("drop", "is not like drop=0.1,duplicate=0.2, without spaces"),
        ("drop=0.1,", "without spaces"),
        ("drop=much", "is not like"),
        ("delay_seconds=inf", "at most 86,400"),
    ],
)
def test_what_the_simulator_would_refuse_is_refused_at_once(text: str, reason: str) -> None:
    with pytest.raises(Misuse, match=reason):
        read_faults(text)
