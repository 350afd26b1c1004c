"""The stage: a home, a server and a shop that sends its webhooks there; all of it gone when the block ends.

Enters: what the demo should be like. Leaves: a stage to play on, until it is struck. What never happens here:
a webhook secret in an argument or on the screen.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from backroom import compose
from backroom.db.database import Database
from backroom.demo.child import Child
from backroom.demo.home import Home, open_home
from backroom.demo.patience import Patience
from backroom.demo.rest import Rest
from backroom.demo.server import Server, command, reach_server, start_server
from backroom.demo.simulator import CLIENT_ID, Simulator, reach_simulator, start_simulator
from backroom.vocabulary.errors import BackroomError

STARTING: Final = "Starting Backroom and a simulated shop, in a throw-away home ..."
DOMAIN: Final = "demo.myshopify.com"
REST_SECONDS: Final = 120.0
SLOWEST_WORK: Final = 50.0
"""A whole catalogue may still wait to be fetched and worked off: products a second, on a poor machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the demo should be like. `rate`: changes a second; `stock`: the share of them that is of stock;
    `faults` as the simulator names them.

    `tell` is given a line at each step.
    """

    products: int = 200
    port: int = 0
    rate: float = 5.0
    stock: float = 0.4
    seed: int = 1
    faults: Mapping[str, float] = field(default_factory=dict)
    database_url: str | None = None
    tell: Callable[[str], None] = lambda _line: None


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that plays, running."""

    options: Options
    patience: Patience
    home: Home
    server: Server
    shop: Simulator
    database: Database

    def open(self) -> None:
        """The shop was there before: all that it has is fetched by full syncs, while it lives from now on."""
        self.shop.live(self.options.rate, stock=self.options.stock)
        command(self.patience, self.home, "sync", "all", "--full")
        self.options.tell(
            f"Full syncs fetch {self.options.products:,} products and their stock,"
            f" while it changes {self.options.rate:g}/s ..."
        )

    def sync(self) -> None:
        """Syncs from begin to end, for a stage at rest: of products that changed, and of all stock.

        Only an export of all levels tells which of them are disconnected. Raises DemoFailed where one fails.
        """
        for words in (("products",), ("inventory", "--full")):
            command(self.patience, self.home, "sync", *words, "--wait", seconds=self._longest_seconds)

    def rest(self) -> None:
        """Until nothing is on its way any more and Backroom has worked off all of it."""
        self.options.tell("Coming to rest: until nothing is on its way, and nothing waits ...")
        began = time.monotonic()
        Rest(self.patience, self.shop, self.server).come(self._longest_seconds)
        # A pooled connection may have been lost meanwhile, while nobody looked: the verdict gets a new one.
        self.database.dispose()
        self.options.tell(f"At rest after {time.monotonic() - began:.1f} seconds.")

    @property
    def _longest_seconds(self) -> float:
        return REST_SECONDS + self.options.products / SLOWEST_WORK


@contextmanager
def set_stage(options: Options, patience: Patience) -> Iterator[Stage]:
    """A stage until the block ends, however it ends; then no process is left, and no home."""
    options.tell(STARTING)
    with ExitStack() as stack:
        home = stack.enter_context(open_home(options.database_url))
        children: list[Child] = []
        stack.callback(_strike, patience, children)
        try:
            yield _set(options, patience, home, children, stack)
        except BackroomError:
            patience.stop_if_asked()
            raise


def _set(options: Options, patience: Patience, home: Home, children: list[Child], stack: ExitStack) -> Stage:
    secret = secrets.token_hex(32)
    # All at once: starting is most of what a demo waits for.
    children.append(start_server(patience, home, options.port))
    children.append(_start_shop(options, patience, home, secret))
    token = command(patience, home, "token", "create", "demo", "--role", "viewer")
    shop = reach_simulator(patience, children[1])
    _open_door(patience, home, shop, secret)
    server = reach_server(patience, children[0], token)
    shop.set_faults(options.faults)
    shop.deliver_to(f"{server.address}/api/webhooks")
    house = stack.enter_context(compose.open_house(home.settings))
    return Stage(options, patience, home, server, shop, house.database)


def _start_shop(options: Options, patience: Patience, home: Home, secret: str) -> Child:
    return start_simulator(
        patience, home, domain=DOMAIN, products=options.products, seed=options.seed, secret=secret
    )


def _open_door(patience: Patience, home: Home, shop: Simulator, secret: str) -> None:
    """The server takes what is signed with the secret, and asks the shop with tokens that it gets for it."""
    where = ("--client-id", CLIENT_ID, "--api-url", shop.address)
    command(patience, home, "shop", "add", DOMAIN, *where, stdin=json.dumps({"client_secret": secret}))


def _strike(patience: Patience, children: list[Child]) -> None:
    """Ends the processes together: the shop first, so that nothing knocks at a door that is closed."""
    patience.watched.clear()
    for child in reversed(children):
        child.ask_to_end()
    for child in reversed(children):
        child.end()
