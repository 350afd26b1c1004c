"""The simulated shop as a program of its own, and the few things that are asked of it over HTTP."""

import http.client
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from bench.places import Place
from bench.programs import DOMAIN, SECRET, STOP_SECONDS, Address

TOKEN: Final = "bench-token"
"""Opens its Admin API."""
PATIENCE_SECONDS: Final = 60.0

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A running one."""

    address: Address

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def status(self) -> Json:
        """Its counters."""
        return self._ask("GET", "/control/status")

    def truth(self) -> Json:
        """All that it holds, at one moment."""
        return self._ask("GET", "/control/truth")

    def subscribe(self, topic: str, url: str) -> None:
        """Its webhooks of the topic go there from now on."""
        self._ask("POST", "/control/subscriptions", {"topic": topic, "uri": url})

    def move_stock(self, rate: float, changes: int, kinds: tuple[str, ...]) -> None:
        """So many changes of such kinds, so many a second; it goes on by itself."""
        life = {"rate": rate, "changes": changes, "stock": 1.0, "kinds": kinds}
        self._ask("POST", "/control/life", life)

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Json:
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_SECONDS)
        try:
            raw = None if body is None else msgspec.json.encode(body)
            connection.request(method, path, raw, {"Content-Type": "application/json"})
            response = connection.getresponse()
            said = response.read()
        finally:
            connection.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {said[:200]!r}")
        return dict(msgspec.json.decode(said))


@contextmanager
def simulating(place: Place, *, products: int, locations: int) -> Iterator[Simulated]:
    """A shop whose app has our secret and our token; it stands still. Until the block ends."""
    command = [sys.executable, "-m", "shopify_simulator", "--secret-stdin", "--domain", DOMAIN]
    command += ["--products", str(products), "--locations", str(locations)]
    with (place.folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(f"{SECRET}\n\n{TOKEN}\n")
        process.stdin.close()
        said = process.stdout.readline().split()
        if not said:
            raise RuntimeError("the simulated shop did not start")
        host, _, port = said[-1].removeprefix("http://").rpartition(":")
        yield Simulated((host, int(port)))
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
