"""The real program in a throw-away home: the command line, the server, and what one can ask of it over HTTP.

Whatever ends the demo, `open_house` leaves no process and no home behind.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PATIENCE_SECONDS: Final = 20.0
LOOK_SECONDS: Final = 0.02
HOST: Final = "127.0.0.1"


class Trouble(Exception):
    """The demo can't go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    json: Any


class House:
    """A home, and the program that lives in it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "serve.log"
        self.token = ""
        self.port = 0
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BACKROOM_")
        } | {"BACKROOM_HOME": str(home), "BACKROOM_LOG": "json"}
        self._serving: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def run(self, *arguments: str, stdin: str = "") -> str:
        """A command of the CLI; what it said. Raises Trouble where it failed."""
        done = subprocess.run(
            [sys.executable, "-m", "backroom", *arguments],
            env=self._environment,
            input=stdin,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise Trouble(f"`backroom {' '.join(arguments)}` failed: {done.stderr.strip()[-600:]}")
        return done.stdout.rstrip()

    def serve(self) -> None:
        """Starts the server on a free port."""
        with self.log.open("wb") as log, _undisturbed():
            self._serving = subprocess.Popen(
                [sys.executable, "-m", "backroom", "serve", "--host", HOST, "--port", "0"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the demo, which then ends the server in order.
                start_new_session=True,
            )

    def wait_until_ready(self) -> None:
        """Until it listens, and its database is there."""
        self._wait(self._listens, "the server did not start")
        self._wait(lambda: self.ask("/readyz").status == 200, "the server never became ready")

    def _listens(self) -> bool:
        for line in self.log.read_text().splitlines():
            if '"serve.started"' in line and line.endswith("}"):
                self.port = int(json.loads(line)["address"].rpartition(":")[2])
        return self.port != 0

    def wait_until_worked(self) -> None:
        """Until nothing is pending and nothing is dirty."""
        self._wait(self._rests, "the worker did not come to rest")

    def _rests(self) -> bool:
        status = self.read("/api/v1/status")
        return bool(status["inbox_pending"] + status["dirty"] == 0)

    def ask(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """GET, or POST where there is a body."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE_SECONDS)
        try:
            connection.request("GET" if body is None else "POST", path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, json.loads(answer.read()))
        except (OSError, http.client.HTTPException) as error:
            raise Trouble(f"{path} was not answered: {error}") from error
        finally:
            connection.close()

    def read(self, path: str) -> Any:
        """What the API says to the demo's token. Raises Trouble for anything but 200."""
        answer = self.ask(path, headers={"Authorization": f"Bearer {self.token}"})
        if answer.status != 200:
            raise Trouble(f"{path} was answered {answer.status}: {answer.json}")
        return answer.json

    def _wait(self, condition: Any, failure: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            if self._serving is not None and self._serving.poll() is not None:
                raise Trouble(f"the server ended by itself: {self.log.read_text()[-600:]}")
            if time.monotonic() > deadline:
                raise Trouble(failure)
            time.sleep(LOOK_SECONDS)

    def wait_for_its_end(self) -> None:
        """As long as it lives."""
        if self._serving is not None:
            self._serving.wait()

    def stop(self) -> None:
        """Ends the server in order, by force where that takes too long. Its worker ends with it."""
        if self._serving is None:
            return
        self._serving.terminate()
        try:
            self._serving.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._serving.pid, signal.SIGKILL)
            self._serving.wait()


@contextmanager
def open_house() -> Iterator[House]:
    """A house until the block ends, however it ends."""
    # Ctrl-C and SIGTERM both end the block by an exception, and from then on nothing disturbs the cleaning.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="backroom-demo-") as folder:
        house = House(Path(folder))
        try:
            yield house
        finally:
            for each in (signal.SIGINT, signal.SIGTERM):
                signal.signal(each, signal.SIG_IGN)
            house.stop()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Holds Ctrl-C back until a process that was just started is known, and can be ended."""
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt
