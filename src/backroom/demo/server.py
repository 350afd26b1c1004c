"""`backroom serve` as people run it: a process with a worker, commands beside it, and its API.

Enters: a home. Leaves: an address, a token, and what the API answers to it.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from backroom.demo.child import Child
from backroom.demo.door import Door
from backroom.demo.home import Home
from backroom.demo.patience import DemoFailed, Patience

NAME: Final = "backroom serve"
START_SECONDS: Final = 30.0
_COUNTED: Final = re.compile(r'^backroom_deliveries_total\{outcome="(\w+)"\} (\S+)$', re.MULTILINE)


class Server:
    """A Backroom that listens. `token` opens its API for reading."""

    def __init__(self, child: Child, address: str, token: str, patience: Patience) -> None:
        self.address = address
        self.token = token
        self._child = child
        self._door = Door(child, address, patience, {"Authorization": f"Bearer {token}"})

    @property
    def is_ready(self) -> bool:
        """Its database is there and has this version's tables."""
        return self._door.ask("GET", "/readyz").status == 200

    def last_words(self) -> str:
        """What it said last, after its name."""
        return f"{self._child.name}{self._child.last_words()}"

    def status(self) -> dict[str, Any]:
        """What waits, what is parked, what was given up."""
        return dict(self._door.expect("GET", "/api/v1/status").json)

    def answers(self) -> Mapping[str, int]:
        """How many webhooks were answered which way, since it started."""
        counted = _COUNTED.findall(self._door.expect("GET", "/metrics").text)
        return {outcome: int(float(number)) for outcome, number in counted}


def start_server(patience: Patience, home: Home, port: int) -> Child:
    """Starts it; `patience` watches it from now on."""
    child = Child(
        NAME,
        ["backroom", "serve", "--host", "127.0.0.1", "--port", str(port)],
        environment=home.environment(),
        log=home.folder / "serve.log",
    )
    patience.watched.append(child.check)
    return child


def reach_server(patience: Patience, child: Child, token: str) -> Server:
    """Waits until it listens and is ready."""
    address = patience.until(lambda: _address(child), f"{NAME} listens", START_SECONDS)
    server = Server(child, address, token, patience)
    patience.until(lambda: server.is_ready, f"{NAME} is ready", START_SECONDS)
    return server


def command(
    patience: Patience, home: Home, *arguments: str, stdin: str = "", seconds: float = START_SECONDS
) -> str:
    """A command of the CLI; the last line that it said. Raises DemoFailed where it failed, or took longer."""
    name = f"backroom {' '.join(arguments)}"
    child = Child(
        name,
        ["backroom", *arguments],
        environment=home.environment(),
        log=home.folder / f"{arguments[0]}.log",
        stdin=stdin.encode(),
    )
    try:
        patience.until(lambda: child.exit_code is not None, f"{name} ends", seconds)
    finally:
        child.end()
    if child.exit_code != 0:
        raise DemoFailed(f"{name} failed{child.last_words()}")
    return child.lines()[-1]


def _address(child: Child) -> str | None:
    for line in child.lines():
        if '"serve.started"' in line:
            return str(json.loads(line)["address"])
    return None
