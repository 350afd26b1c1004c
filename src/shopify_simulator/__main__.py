"""The command line: `python -m shopify_simulator`. Options enter, one line with the address leaves.

What never happens here: a secret among the arguments, where every user of the machine could read it.
"""

import re
import signal
import sys
import threading
from pathlib import Path
from secrets import token_hex
from typing import Annotated, Any, Final

import typer

from shopify_simulator.control.api import control_app
from shopify_simulator.control.server import NotLoopback, Server
from shopify_simulator.shop.rules import Refused
from shopify_simulator.simulation import PRODUCT_TOPICS, Simulation
from shopify_simulator.webhooks.faults import CHANCES, Faults
from shopify_simulator.webhooks.subscriptions import Maker

app = typer.Typer(
    add_completion=False,
    # The pretty tracebacks print local variables, and those hold secrets.
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
EXAMPLE: Final = """\b
Example: five changes a second, and a tenth of the webhooks is lost
  echo hush | python -m shopify_simulator --secret-stdin --rate 5 \\
      --faults drop=0.1 --deliver-to http://127.0.0.1:8000/webhooks
  curl -X POST http://127.0.0.1:PORT/control/open  tells of every product
  curl http://127.0.0.1:PORT/control/truth         what a receiver should hold

\b
The secret is one line: the app's client secret. A second line, if there is
one, is the store-level key: it signs what the merchant's subscriptions get.
"""


@app.command(epilog=EXAMPLE)
def simulate(
    host: Annotated[str, typer.Option(help="Where the control API listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free port.")] = 0,
    any_host: Annotated[
        bool, typer.Option("--any-host", help="Let --host be reachable by others: the API asks no password.")
    ] = False,
    domain: Annotated[str, typer.Option(help="The shop's.")] = "demo.myshopify.com",
    products: Annotated[int, typer.Option(min=1, help="How many are on the shelf.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed: the same shop, life and faults.")] = 1,
    deliver_to: Annotated[str | None, typer.Option(metavar="URL", help="A receiver of webhooks.")] = None,
    topics: Annotated[str, typer.Option(help="What it is told of.")] = ",".join(PRODUCT_TOPICS),
    made_by: Annotated[
        Maker, typer.Option(help="Who subscribed it: after eight failures in a row api's are removed.")
    ] = "app",
    secret_file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Holds the app's secret.")
    ] = None,
    secret_stdin: Annotated[bool, typer.Option("--secret-stdin", help="Read it from stdin.")] = False,
    rate: Annotated[float, typer.Option(min=0, max=10_000, help="Changes a second; 0: none.")] = 0,
    faults: Annotated[
        str, typer.Option(metavar="NAME=CHANCE,...", help=f"Chances from 0 to 1: {', '.join(CHANCES)}.")
    ] = "",
    time_scale: Annotated[
        float, typer.Option(min=0.001, help="Retries over 4 h and a secret's 1 h are so many times shorter.")
    ] = 1,
) -> None:
    """Simulates a Shopify shop: it has a catalogue, lives, and tells its subscribers as Shopify does.

    Prints one line with the address of the control API when ready. Ends on Ctrl-C and SIGTERM.
    """
    if deliver_to is not None and secret_file is None and not secret_stdin:
        raise typer.BadParameter("--deliver-to needs a secret that the receiver knows")
    if not DOMAIN.fullmatch(domain):
        raise typer.BadParameter("--domain looks like demo.myshopify.com")
    secret, store_key = _secrets(secret_file, secret_stdin)
    wanted_faults = _faults(faults, seed)
    ending = _ended_by_signals()
    simulation = Simulation(
        secret=secret,
        store_key=store_key,
        domain=domain,
        products=products,
        seed=seed,
        faults=wanted_faults,
        time_scale=time_scale,
    )
    server = _server(simulation, host, port, any_host)
    if deliver_to is not None:
        _subscribe(simulation, deliver_to, topics, made_by)
    with simulation, server:
        simulation.live(rate)
        typer.echo(f"simulating {domain} on {server.url}")
        sys.stdout.flush()
        ending.wait()


def _ended_by_signals() -> threading.Event:
    """Made before anything is started: a signal that comes early ends it cleanly, too."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    return ending


def _secrets(file: Path | None, stdin: bool) -> tuple[str, str | None]:
    if file is not None and stdin:
        raise typer.BadParameter("give one of --secret-file and --secret-stdin")
    if file is None and not stdin:
        return token_hex(32), None
    text = sys.stdin.read() if file is None else file.read_text()
    lines = [line.strip() for line in text.splitlines()]
    if not lines or not lines[0]:
        raise typer.BadParameter("the secret is empty")
    return lines[0], lines[1] if len(lines) > 1 and lines[1] else None


def _faults(text: str, seed: int) -> Faults:
    chances = dict(part.partition("=")[::2] for part in text.split(",") if part)
    if unknown := chances.keys() - set(CHANCES):
        raise typer.BadParameter(f"--faults knows no {', '.join(sorted(unknown))}")
    try:
        given: dict[str, Any] = {name: float(chance) for name, chance in chances.items()}
        return Faults(seed=seed, **given)
    except ValueError:
        raise typer.BadParameter(f"--faults: {text}: chances are from 0 to 1") from None


def _server(simulation: Simulation, host: str, port: int, any_host: bool) -> Server:
    try:
        return Server(control_app(simulation), host=host, port=port, any_host=any_host)
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
