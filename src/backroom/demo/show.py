"""The demo for a person who watches: an address, a login, and a live block of counters.

Enters: options and a console. Leaves: exit code 0 after Ctrl-C. What never happens here: a block drawn where
there is no terminal; a pipe gets plain lines.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.text import Text

from backroom.demo.canvas import canvas
from backroom.demo.display import NEWS_LINES, WIDTH, Display, clock, lost
from backroom.demo.news import News
from backroom.demo.numbers import Counters, Numbers
from backroom.demo.patience import Patience, Stopped
from backroom.demo.stage import Options, Stage, set_stage

FAULTS: Final[Mapping[str, float]] = {"duplicate": 0.1, "reorder": 0.1, "delay": 0.1}
"""What happens on the way, where nobody says otherwise."""
BLOCK_SECONDS: Final = 0.25
LINE_SECONDS: Final = 3.0

Draw = Callable[[Numbers, News], None]


def console() -> Console:
    """Standard output, at most 80 columns wide."""
    made = Console(highlight=False)
    made.width = min(made.width, WIDTH)
    return made


def show(options: Options, screen: Console, seconds: float | None) -> int:
    """Plays until Ctrl-C, or for so many seconds."""
    patience = Patience()
    with patience.catching_signals():
        try:
            screen.print(Text("Starting Backroom and a simulated shop, in a throw-away home ...", "dim"))
            with set_stage(options, patience) as stage:
                _invite(stage, screen)
                stage.open()
                _watch(stage, screen, seconds)
        except Stopped:
            pass
    screen.print(Text("Ended: no process is left, and its home is removed.", "dim"))
    return 0


def _invite(stage: Stage, screen: Console) -> None:
    """The address and a login, in lines that can be copied as they are."""
    api = f"{stage.server.address}/api/v1"
    screen.print()
    screen.print(Text("API       ", "bold") + Text(api))
    screen.print(Text("OpenAPI   ", "bold") + Text(f"{api}/openapi.json"))
    screen.print(Text("Login     ", "bold") + Text("a token for reading, as long as this runs:"))
    screen.print(Text(f"TOKEN={stage.server.token}", "cyan"))
    screen.print(Text(f'curl -H "Authorization: Bearer $TOKEN" {api}/skus', "cyan"))
    screen.print()


def _watch(stage: Stage, screen: Console, seconds: float | None) -> None:
    counters, news = Counters(stage), News(NEWS_LINES)
    until = None if seconds is None else time.monotonic() + seconds
    is_live = screen.is_terminal and not screen.is_dumb_terminal
    with _block(screen) if is_live else _lines(screen) as draw:
        while until is None or time.monotonic() < until:
            with stage.database.reading() as transaction:
                numbers = counters.look(transaction)
                news.read(transaction)
            draw(numbers, news)
            stage.patience.rest(BLOCK_SECONDS if is_live else LINE_SECONDS)


@contextmanager
def _block(screen: Console) -> Iterator[Draw]:
    display = Display()
    with canvas(screen) as drawn:
        yield lambda numbers, news: drawn.draw(display.block(numbers, news.lines))


@contextmanager
def _lines(screen: Console) -> Iterator[Draw]:
    """One line a look, for pipes and logs."""
    yield lambda numbers, _news: screen.print(Text(_line(numbers)), soft_wrap=True)


def _line(numbers: Numbers) -> str:
    shop, status = numbers.shop, numbers.status
    return (
        f"{clock(numbers.seconds)}  shop: {shop['products']:,} products, {shop['changes']:,} changes,"
        f" {shop['deliveries']:,} deliveries, {lost(numbers):,} lost;"
        f" backroom: {numbers.received:,} received ({numbers.receipt_rate:.1f}/s),"
        f" {numbers.answers.get('duplicate', 0):,} known already, {status['inbox_pending']:,} pending,"
        f" {status['dirty']:,} dirty, {status['wanted']:,} wanted, {status['parked']:,} parked,"
        f" {status['dead']:,} dead, {status['lag_seconds']:.1f} s behind;"
        f" {numbers.products:,} products, {numbers.skus:,} SKUs"
    )
