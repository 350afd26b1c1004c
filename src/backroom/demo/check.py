"""The demo without a person: let the shop live, come to rest, compare with its truth, say what came out.

Enters: options and a console. Leaves: an exit code. What never happens here: an exit code 0 for a check that
was not ended, or that compared nothing.
"""

from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from backroom.demo.held import Held, read_held
from backroom.demo.judge import judge
from backroom.demo.patience import Patience, Stopped
from backroom.demo.rare_edits import make_rare_edits
from backroom.demo.rare_stock import make_rare_stock
from backroom.demo.report import report
from backroom.demo.stage import DOMAIN, Options, Stage, set_stage
from backroom.demo.verdict import Verdict

FAULTS: Final[Mapping[str, float]] = {
    "drop": 0.03,
    "duplicate": 0.1,
    "reorder": 0.1,
    "delay": 0.1,
    "id_only": 0.03,
}
"""What happens on the way, where nobody says otherwise."""


def check(options: Options, screen: Console, seconds: float) -> int:
    """Plays for so many seconds, comes to rest, compares. 0 where everything is as it should be."""
    patience = Patience()
    with patience.catching_signals():
        try:
            with set_stage(options, patience) as stage:
                screen.print(
                    Text(f"A simulated shop, seed {options.seed}, lives for {seconds:g} seconds ...", "dim")
                )
                pulled = play(stage, seconds)
                verdict, held = compare(stage, pulled=pulled)
                screen.print(Text(_told(stage.shop.status(), held), "dim"))
        except Stopped:
            screen.print(Text("Ended before there was a verdict. No process is left, and no home.", "red"))
            return 1
    return rule(screen, verdict)


def rule(screen: Console, verdict: Verdict) -> int:
    """Says what came out."""
    screen.print()
    screen.print(report(verdict))
    return 0 if verdict.holds else 1


def play(stage: Stage, seconds: float) -> bool:
    """Lets the shop live for so many seconds, adds what it does seldom, and waits until all is there.

    Whether all of it was pulled in the end, as `find_the_lost` says.
    """
    stage.open()
    stage.patience.rest(seconds)
    stage.shop.live(0)
    make_rare_stock(stage)
    make_rare_edits(stage)
    stage.rest()
    return find_the_lost(stage)


def find_the_lost(stage: Stage) -> bool:
    """What was dropped nobody told Backroom: syncs find what changed, and what was deleted or disconnected.

    False where nothing was dropped: then nothing excuses a sync.
    """
    if not stage.shop.status()["dropped"]:
        return False
    stage.options.tell("Some webhooks were dropped: a sync fetches what they were about ...")
    stage.sync()
    stage.rest()
    return True


def compare(stage: Stage, *, pulled: bool = False) -> tuple[Verdict, Held]:
    """The verdict over a stage at rest, and what it is about."""
    with stage.database.reading() as transaction:
        held = read_held(transaction, DOMAIN)
    return judge(stage.shop.truth(), held, stage.shop.status(), pulled=pulled), held


def _told(shop: Mapping[str, Any], held: Held) -> str:
    fetched = {mode: held.fetched.get(mode, 0) for mode in ("full", "incremental", "wanted")}
    return (
        f"{shop['changes']:,} changes of products, {shop['stock_changes']:,} of stock;"
        f" {shop['deliveries']:,} deliveries:\n"
        f"{shop['duplicated']:,} came twice, {shop['delayed']:,} late,"
        f" {shop['reordered']:,} out of order, {shop['id_only']:,} as an id only,\n"
        f"{shop['dropped']:,} were dropped, {shop['given_up']:,} given up.\n"
        f"Fetched: {fetched['full']:,} products by full syncs, {fetched['wanted']:,} by refetches,\n"
        f"{fetched['incremental']:,} by an incremental sync."
    )
