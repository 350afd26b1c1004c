"""The demo for a person who watches: an address, a login, and a live block of counters.

Enters: options and a console. Leaves: exit code 0 after Ctrl-C. What never happens here: a block drawn where
there is no terminal; a pipe gets plain lines.
"""

import io
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final, TextIO, cast

from rich.console import Console
from rich.text import Text

from backroom.demo.canvas import canvas
from backroom.demo.display import NEWS_LINES, WIDTH, Display, clock, lost, run_name
from backroom.demo.news import News
from backroom.demo.numbers import Counters, Numbers
from backroom.demo.patience import Patience, Stopped
from backroom.demo.stage import STARTING, Options, Stage, set_stage
from backroom.demo.words import harmless
from backroom.jobs.runs import Run
from backroom.vocabulary.errors import StoreUnavailable

FAULTS: Final[Mapping[str, float]] = {"duplicate": 0.1, "reorder": 0.1, "delay": 0.1, "id_only": 0.05}
"""What happens on the way, where nobody says otherwise."""
BLOCK_SECONDS: Final = 0.25
LINE_SECONDS: Final = 3.0

Draw = Callable[[Numbers, News], float]
"""Shows them, and says in how many seconds it wants to be called again."""


class Trimmed(io.TextIOBase):
    """A stream without blanks at the ends of its lines: Rich fills its tables up."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write("\n".join(line.rstrip(" ") for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()


def console() -> Console:
    """Standard output, at most 80 columns wide."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made = Console(highlight=False, file=cast(TextIO, Trimmed(sys.stdout)))
    made.width = min(made.width, WIDTH)
    return made


def telling(screen: Console) -> Callable[[str], None]:
    """Says each step in a line of its own."""
    return lambda line: screen.print(Text(line, "dim"), soft_wrap=True)


def show(options: Options, screen: Console, seconds: float | None) -> int:
    """Plays until Ctrl-C, or for so many seconds."""
    patience = Patience()
    with patience.catching_signals():
        try:
            screen.print(Text(STARTING, "dim"))
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
    for line in (
        Text(),
        Text("API       ", "bold") + Text(api),
        Text("OpenAPI   ", "bold") + Text(f"{api}/openapi.json"),
        Text("Login     ", "bold") + Text("a token for reading, as long as this runs:"),
        Text(f"TOKEN={stage.server.token}", "cyan"),
        Text(f'curl -H "Authorization: Bearer $TOKEN" {api}/skus', "cyan"),
        Text(),
    ):
        screen.print(line, soft_wrap=True)


def _watch(stage: Stage, screen: Console, seconds: float | None) -> None:
    counters, news = Counters(stage), News(NEWS_LINES)
    until = None if seconds is None else time.monotonic() + seconds
    is_live = screen.is_terminal and not screen.is_dumb_terminal
    with _block(stage, screen) if is_live else _lines(screen) as draw:
        while until is None or time.monotonic() < until:
            stage.patience.rest(draw(_look(stage, counters, news), news))


def _look(stage: Stage, counters: Counters, news: News) -> Numbers:
    """Both sides' numbers, and the news."""
    try:
        return _read(stage, counters, news)
    except StoreUnavailable:
        # A pooled connection was lost since the last look: the next one is new.
        return _read(stage, counters, news)


def _read(stage: Stage, counters: Counters, news: News) -> Numbers:
    with stage.database.reading() as transaction:
        news.read(transaction)
        return counters.look(transaction)


@contextmanager
def _block(stage: Stage, screen: Console) -> Iterator[Draw]:
    display = Display()
    with canvas(screen) as drawn:

        def draw(numbers: Numbers, news: News) -> float:
            if drawn.is_resized():
                drawn.clear()
                _invite(stage, screen)
            picture = display.block(numbers, news.lines, drawn.size)
            if picture is None:
                return _say(screen, numbers)
            drawn.draw(picture)
            return BLOCK_SECONDS

        yield draw


@contextmanager
def _lines(screen: Console) -> Iterator[Draw]:
    """One line a look, for pipes and logs."""
    yield lambda numbers, _news: _say(screen, numbers)


def _say(screen: Console, numbers: Numbers) -> float:
    screen.print(Text(_line(numbers)), soft_wrap=True)
    return LINE_SECONDS


def _line(numbers: Numbers) -> str:
    shop, status = numbers.shop, numbers.status
    return (
        f"{clock(numbers.seconds)}  shop: {shop['products']:,} products, {shop['changes']:,} changes,"
        f" {shop['stock_changes']:,} of stock, {shop['deliveries']:,} deliveries, {lost(numbers):,} lost;"
        f" backroom: {numbers.received:,} received ({numbers.receipt_rate:.1f}/s),"
        f" {numbers.answers.get('duplicate', 0):,} copies, {status['inbox_pending']:,} pending,"
        f" {status['dirty']:,} dirty, {status['wanted']:,} wanted, {status['parked']:,} parked,"
        f" {status['dead']:,} dead, {status['lag_seconds']:.1f} s behind;"
        f" {numbers.products:,} products, {numbers.inactive_products:,} inactive,"
        f" {numbers.skus:,} SKUs, {numbers.inactive_skus:,} inactive,"
        f" {numbers.levels:,} levels, {numbers.inactive_levels:,} inactive{_run(numbers.run)}"
    )


def _run(run: Run | None) -> str:
    if run is None:
        return ""
    of_all = "" if run.total is None else f" of {run.total:,}"
    why = harmless(run.error or run.phase or "")
    return f"; {run_name(run)}: {run.state}, {run.seen:,}{of_all}{why and ', '}{why}"
