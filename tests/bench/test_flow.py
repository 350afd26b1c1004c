"""What the benchmark of the whole way makes of what it saw, and the options of the command."""

import pytest

from bench.__main__ import main
from bench.backlog import Look, growth
from bench.flow import seen_with_folded


def test_a_folded_delivery_was_seen_with_its_successor() -> None:
    resources = {1: "7", 2: "8", 3: "7", 4: "7"}
    assert seen_with_folded(resources, {2: 10.0, 3: 20.0, 4: 30.0}) == {1: 20.0, 2: 10.0, 3: 20.0, 4: 30.0}


def test_a_delivery_that_never_became_rows_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="delivery 3 never became rows"):
        seen_with_folded({1: "7", 2: "8", 3: "7"}, {1: 10.0, 2: 10.0})


def test_a_backlog_grows_from_half_to_half() -> None:
    looks = [Look(float(at), waiting) for at, waiting in enumerate([900, 0, 10, 20, 30, 40, 900])]
    assert growth(looks, 1.0, 5.0) == growth(looks[1:6], 1.0, 5.0)
    assert growth(looks, 1.0, 5.0).most == 40
    assert growth(looks, 1.0, 5.0).per_second == pytest.approx((30 - 5) / 2)


def test_a_run_that_is_too_short_says_nothing_about_a_backlog() -> None:
    with pytest.raises(RuntimeError, match="too short"):
        growth([Look(1.0, 0)], 0.5, 1.2)


@pytest.mark.parametrize(
    "arguments",
    [
        ["flow", "--runs", "2"],
        ["drain", "flow", "--deliveries", "5"],
        ["--runs", "2"],
        ["drain", "--runs", "0"],
    ],
)
def test_sizes_are_drains_alone(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "--runs" in capsys.readouterr().err
