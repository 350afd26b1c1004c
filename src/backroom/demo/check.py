"""The demo without a person: let the shop live, come to rest, compare with its truth, say what came out.

Enters: options and a console. Leaves: an exit code. What never happens here: an exit code 0 for a check that
was not ended, or that compared nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from backroom.demo.held import read_held
from backroom.demo.patience import Patience, Stopped
from backroom.demo.rare_edits import make_rare_edits
from backroom.demo.record import read_record
from backroom.demo.report import report
from backroom.demo.stage import DOMAIN, Options, Stage, set_stage
from backroom.demo.verdict import Verdict, judge

FAULTS: Final[Mapping[str, float]] = {"duplicate": 0.1, "reorder": 0.1, "delay": 0.1, "id_only": 0.03}
"""What happens on the way, where nobody says otherwise. Nothing is dropped: until there is a pull, nobody
would ever know."""


def check(options: Options, screen: Console, seconds: float) -> int:
    """Plays for so many seconds, comes to rest, compares. 0 where everything is as it should be."""
    patience = Patience()
    with patience.catching_signals():
        try:
            with set_stage(options, patience) as stage:
                screen.print(
                    Text(f"A simulated shop, seed {options.seed}, lives for {seconds:g} seconds ...", "dim")
                )
                verdict = play(stage, seconds)
                screen.print(Text(_told(stage.shop.status()), "dim"))
        except Stopped:
            screen.print(Text("Ended before there was a verdict. No process is left, and no home.", "red"))
            return 1
    return rule(screen, verdict)


def rule(screen: Console, verdict: Verdict) -> int:
    """Says what came out."""
    screen.print()
    screen.print(report(verdict))
    return 0 if verdict.holds else 1


def play(stage: Stage, seconds: float) -> Verdict:
    """Lets the shop live for so many seconds, adds what it does seldom, waits for rest, and compares."""
    stage.open()
    stage.patience.rest(seconds)
    stage.shop.live(0)
    make_rare_edits(stage)
    stage.rest()
    return compare(stage)


def compare(stage: Stage) -> Verdict:
    """The verdict over a stage at rest."""
    record = read_record(stage.shop.deliveries(), stage.shop.status())
    with stage.database.reading() as transaction:
        return judge(stage.shop.truth(), read_held(transaction, DOMAIN), record)


def _told(shop: Mapping[str, Any]) -> str:
    return (
        f"{shop['changes']:,} changes, {shop['deliveries']:,} deliveries:"
        f" {shop['duplicated']:,} came twice, {shop['delayed']:,} late,\n"
        f"{shop['reordered']:,} out of order, {shop['id_only']:,} as an id only;"
        f" {shop['dropped']:,} were dropped,\n{shop['given_up']:,} given up."
    )
