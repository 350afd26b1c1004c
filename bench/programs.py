"""Programs under measurement, each its own process: the real `backroom serve`, and the bare ones."""

import http.client
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from bench.places import Place

DOMAIN: Final = "bench.myshopify.com"
SECRET: Final = "bench-secret"
NOBODY: Final = "http://127.0.0.1:9"
"""Where nothing listens: what a body wants is fetched from nowhere."""
START_SECONDS: Final = 20.0
STOP_SECONDS: Final = 15.0

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Program:
    """A running server."""

    address: Address
    pid: int


def backroom(place: Place, *arguments: str, stdin: str = "") -> str:
    """Runs one command of the CLI over a place; what it said. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-m", "backroom", *arguments],
        env=place.environment,
        input=stdin,
        text=True,
        check=True,
        capture_output=True,
    )
    return done.stdout


def open_shop(place: Place) -> None:
    """Migrates the place, and opens the one shop that sends."""
    backroom(
        place,
        "shop",
        "add",
        DOMAIN,
        "--api-url",
        NOBODY,
        stdin=json.dumps({"access_token": "none", "webhook_secrets": [SECRET]}),
    )


@contextmanager
def serving(place: Place, *arguments: str) -> Iterator[Program]:
    """`backroom serve` over a place that has its shop, until the block ends."""
    command = [sys.executable, "-m", "backroom", "serve", "--port", "0", *arguments]
    with program_of(command, place, "serve.started") as program:
        _wait_until_ready(program.address)
        yield program


@contextmanager
def bare(place: Place, mode: str) -> Iterator[Program]:
    """`bench.bare` over a place: the bound, or the answer at once."""
    command = [sys.executable, "-m", "bench.bare", mode, place.url, place.schema]
    with program_of(command, place, "bare.started") as program:
        yield program


@contextmanager
def program_of(
    command: Sequence[str], place: Place, event: str, stdin: int = subprocess.DEVNULL
) -> Iterator[Program]:
    """Starts it, and waits for the log line that names its address; it ends with the block."""
    log = place.folder / f"{event}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(command, env=place.environment, stderr=sink, stdin=stdin)
    try:
        deadline = time.monotonic() + START_SECONDS
        while (address := _address_in(log.read_text(), event)) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} did not start:\n{log.read_text()[-2000:]}")
            threading.Event().wait(0.02)
        yield Program(address, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address_in(log: str, event: str) -> Address | None:
    for line in log.splitlines():
        if f'"{event}"' in line and line.endswith("}"):
            host, _, port = json.loads(line)["address"].removeprefix("http://").rpartition(":")
            return host, int(port)
    return None


def _wait_until_ready(address: Address) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        connection = http.client.HTTPConnection(*address, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        if time.monotonic() > deadline:
            raise RuntimeError("the server never became ready")
        threading.Event().wait(0.02)
