"""The command line: `python -m shopify_simulator`. Options enter, one line with the address leaves.

What never happens here: a secret among the arguments, where every user of the machine could read it.
"""

import re
import signal
import sys
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, Final

import typer

from shopify_simulator.admin.bucket import PLANS, STANDARD
from shopify_simulator.admin.faults import AdminFaults
from shopify_simulator.admin.writer import BulkWays, Order
from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import NotLoopback, Server
from shopify_simulator.shop.rules import Refused
from shopify_simulator.shop.shop import LOCATIONS
from shopify_simulator.shop.subscription import Maker
from shopify_simulator.simulation import CLIENT_ID, PRODUCT_TOPICS, Simulation
from shopify_simulator.webhooks.faults import CHANCES, REACHES, Faults

app = typer.Typer(
    add_completion=False,
    # The pretty tracebacks print local variables, and those hold secrets.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ENDINGS: Final = (signal.SIGTERM, signal.SIGINT)
DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
ALL_TOPICS: Final = ",".join(PRODUCT_TOPICS)
EXAMPLE: Final = """\b
Example: five changes a second, and a tenth of the webhooks is lost
  echo hush | python -m shopify_simulator --secret-stdin --rate 5 \\
      --faults drop=0.1 --deliver-to http://127.0.0.1:8000/webhooks
  curl -X POST http://127.0.0.1:PORT/control/open  tells of every product
  curl http://127.0.0.1:PORT/control/truth         what a receiver should hold

\b
The secret is one line: the app's client secret. A second line, if there is
one, is the store-level key: it signs what the merchant's subscriptions get.
A third line is a token that opens the Admin API and does not expire.
"""


Host = Annotated[str, typer.Option(help="Where the control API listens.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")]
AnyHost = Annotated[
    bool, typer.Option("--any-host", help="Let --host be reachable by others: the API asks no password.")
]
Domain = Annotated[str, typer.Option(help="The shop's.")]
Products = Annotated[int, typer.Option(min=1, help="How many are on the shelf.")]
Seed = Annotated[int, typer.Option(help="The same seed: the same shop, life and faults.")]
DeliverTo = Annotated[str | None, typer.Option(metavar="URL", help="A receiver of webhooks.")]
Topics = Annotated[str, typer.Option(help="What it is told of.")]
MadeBy = Annotated[
    Maker, typer.Option(help="Who subscribed it: after eight failures in a row api's are removed.")
]
SecretFile = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Holds the app's secret.")]
SecretStdin = Annotated[bool, typer.Option("--secret-stdin", help="Read it from stdin.")]
Rate = Annotated[float, typer.Option(min=0, max=10_000, help="Changes a second; 0: none.")]
FaultsText = Annotated[
    str,
    typer.Option(
        metavar="NAME=NUMBER,...",
        help=f"Chances from 0 to 1: {', '.join(CHANCES)}. How far they reach: {', '.join(REACHES)}.",
    ),
]
ClientId = Annotated[str, typer.Option(help="The app's; with the secret it gets tokens.")]
Plan = Annotated[
    str, typer.Option(metavar="PLAN", help=f"How many points the Admin API has: {', '.join(PLANS)}.")
]
BulkSeconds = Annotated[float, typer.Option(min=0, help="How long a bulk operation takes at least.")]
BulkOrder = Annotated[Order, typer.Option(help="How lines of children lie in its file.")]
AdminFaultsText = Annotated[
    str,
    typer.Option(
        metavar="NAME=NUMBER,...",
        help="Of the Admin API: request.reset=0.1,download.cut=0.5,hang_seconds=3; see docs/simulator.md.",
    ),
]
Stock = Annotated[float, typer.Option(min=0, max=1, help="The share of those changes that are of stock.")]
Locations = Annotated[int, typer.Option(min=1, max=1_000, help="Where stock lies.")]
TimeScale = Annotated[
    float, typer.Option(min=0.001, help="Retries over 4 h and a secret's 1 h are so many times shorter.")
]


@app.command(epilog=EXAMPLE)
def simulate(
    host: Host = "127.0.0.1",
    port: Port = 0,
    any_host: AnyHost = False,
    domain: Domain = "demo.myshopify.com",
    products: Products = 200,
    seed: Seed = 1,
    deliver_to: DeliverTo = None,
    topics: Topics = ALL_TOPICS,
    made_by: MadeBy = "app",
    secret_file: SecretFile = None,
    secret_stdin: SecretStdin = False,
    rate: Rate = 0,
    stock: Stock = 0,
    locations: Locations = LOCATIONS,
    faults: FaultsText = "",
    time_scale: TimeScale = 1,
    client_id: ClientId = CLIENT_ID,
    plan: Plan = STANDARD,
    bulk_seconds: BulkSeconds = 0,
    bulk_order: BulkOrder = "grouped",
    admin_faults: AdminFaultsText = "",
) -> None:
    """Simulates a Shopify shop: it has a catalogue, lives, and tells its subscribers as Shopify does.

    Prints one line with its address when ready: of the Admin API, and of the control API. Ends on Ctrl-C and
    SIGTERM.
    """
    if deliver_to is not None and secret_file is None and not secret_stdin:
        raise typer.BadParameter("--deliver-to needs a secret that the receiver knows")
    if not DOMAIN.fullmatch(domain):
        raise typer.BadParameter("--domain looks like demo.myshopify.com")
    if plan not in PLANS:
        raise typer.BadParameter(f"--plan is one of {', '.join(PLANS)}")
    secret, store_key, token = _secrets(secret_file, secret_stdin)
    wanted_faults = _faults(faults, seed)
    wanted_admin_faults = _admin_faults(admin_faults, seed)
    _hold_signals_back()
    simulation = Simulation(
        secret=secret,
        store_key=store_key,
        domain=domain,
        products=products,
        seed=seed,
        faults=wanted_faults,
        time_scale=time_scale,
        client_id=client_id,
        access_token=token,
        admin_faults=wanted_admin_faults,
        bulk=BulkWays(seconds=bulk_seconds, order=bulk_order, seed=seed),
        plan=plan,
        locations=locations,
    )
    server = _server(simulation, host, port, any_host)
    if deliver_to is not None:
        _subscribe(simulation, deliver_to, topics, made_by)
    _run(simulation, server, rate, stock)


def _run(simulation: Simulation, server: Server, rate: float, stock: float) -> None:
    """Until a signal ends it."""
    with simulation, server:
        simulation.live(rate, stock=stock)
        typer.echo(f"simulating {simulation.shop.domain} on {server.url}")
        sys.stdout.flush()
        signal.sigwait(ENDINGS)


def _hold_signals_back() -> None:
    """Before any thread is started, so that all inherit it: whatever ends us is met by `sigwait` alone."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDINGS)


def _secrets(file: Path | None, stdin: bool) -> tuple[str, str | None, str | None]:
    """The app's secret, the store's key, and a token of the Admin API."""
    if file is not None and stdin:
        raise typer.BadParameter("give one of --secret-file and --secret-stdin")
    if file is None and not stdin:
        return token_hex(32), None, None
    text = sys.stdin.read() if file is None else file.read_text()
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not lines[0]:
        raise typer.BadParameter("the secret is empty")
    second, third, *_ = [*lines[1:], "", ""]
    return lines[0], second or None, third or None


def _faults(text: str, seed: int) -> Faults:
    parts = dict(part.partition("=")[::2] for part in text.split(",") if part)
    if unknown := parts.keys() - {*CHANCES, *REACHES}:
        raise typer.BadParameter(f"--faults knows no {', '.join(sorted(unknown))}")
    try:
        given: dict[str, Any] = {
            # A window is a number of parcels, all else may be a fraction.
            name: int(number) if name == "reorder_window" else float(number)
            for name, number in parts.items()
        }
        return Faults(seed=seed, **given)
    except ValueError as error:
        raise typer.BadParameter(f"--faults: {text}: {error}") from None


def _admin_faults(text: str, seed: int) -> AdminFaults:
    """`request.reset=0.1,hang_seconds=3`: a chance has its kind before its name."""
    given: dict[str, Any] = {}
    try:
        for part in text.split(",") if text else []:
            name, _, number = part.partition("=")
            kind, dot, fault = name.partition(".")
            if dot:
                given.setdefault(kind, {})[fault] = float(number)
            else:
                given[name] = float(number)
        return AdminFaults(seed=seed, **given)
    except (ValueError, TypeError):
        raise typer.BadParameter(f"--admin-faults does not know or allow {text}") from None


def _server(simulation: Simulation, host: str, port: int, any_host: bool) -> Server:
    try:
        return Server(control_app(simulation, any_host=any_host), host=host, port=port, any_host=any_host)
    except NotLoopback as error:
        raise typer.BadParameter(f"{error}; --any-host allows it") from None
    except OSError as error:
        typer.echo(f"cannot listen on {host}:{port}: {error.strerror}", err=True)
        raise typer.Exit(1) from None


def _subscribe(simulation: Simulation, uri: str, topics: str, made_by: Maker) -> None:
    try:
        simulation.subscribe(uri, [topic.strip() for topic in topics.split(",")], made_by)
    except Refused as error:
        raise typer.BadParameter(str(error)) from None


if __name__ == "__main__":
    app(prog_name="python -m shopify_simulator")
