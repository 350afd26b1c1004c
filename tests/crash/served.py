"""`backroom serve` as people run it: a process with children, a log, and a command line beside it."""

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from sqlalchemy import delete

from backroom.db.database import Database, Transaction, open_database
from backroom.settings import Settings
from backroom.shops.secrets import list_secrets
from backroom.shops.shops import add_shop, list_shops, read_opening
from backroom.shops.tables import shop_credential
from backroom.shops.vault import Vault
from tests.waiting import eventually

SECRET = "a secret of the crash tests"
START_SECONDS = 30.0


class Address(NamedTuple):
    host: str
    port: int


class Served:
    """One home and one database; `start` and `kill` as often as wanted. `up` is set while it is up."""

    def __init__(self, database_url: str, schema: str, home: Path) -> None:
        self.up = threading.Event()
        self.address = Address("", 0)
        self._url = database_url
        self._schema = schema
        self._home = home
        home.mkdir(mode=0o700)
        self._log_file = home / "serve.log"
        self._log_file.touch()
        self._environment = {
            **os.environ,
            "BACKROOM_HOME": str(home),
            "BACKROOM_DATABASE_URL": database_url,
            "BACKROOM_DATABASE_SCHEMA": schema,
            "BACKROOM_LOG": "json",
        }
        self._process: subprocess.Popen[bytes] | None = None

    @cached_property
    def database(self) -> Database:
        """The same database, for looking at what the processes left."""
        return open_database(self._url, self._schema)

    @property
    def process(self) -> psutil.Process:
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def start(self, *options: str) -> None:
        """Starts it, and waits until it is ready."""
        already = self._log_file.stat().st_size
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "backroom", "serve", "--port", "0", *options],
                env=self._environment,
                stderr=log,
                stdout=log,
                start_new_session=True,
            )
        started = eventually(
            lambda: self._started(already), "serve says where it listens", within=START_SECONDS
        )
        host, _, port = started["address"].removeprefix("http://").rpartition(":")
        self.address = Address(host, int(port))
        eventually(self._ready, "serve is ready", within=START_SECONDS)
        self.up.set()

    def kill(self) -> None:
        """SIGKILL to the whole process group, at once."""
        self.up.clear()
        if self._process is None:
            return
        family = self.family()
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        _, alive = psutil.wait_procs(family, 10)
        assert not alive

    def signal(self, number: int) -> None:
        """To the parent alone."""
        self.up.clear()
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, seconds: float) -> int:
        """Its exit code, once it has ended."""
        assert self._process is not None
        return self._process.wait(seconds)

    def family(self) -> list[psutil.Process]:
        """All of its processes: whoever has its process group's number."""
        assert self._process is not None
        found = []
        for process in psutil.process_iter():
            with suppress(ProcessLookupError):
                if os.getpgid(process.pid) == self._process.pid:
                    found.append(process)
        return found

    def workers(self) -> list[psutil.Process]:
        """The worker processes that run right now."""
        found = []
        for child in self.process.children():
            with suppress(psutil.NoSuchProcess):  # zombies included: it died since we looked
                if "worker" in child.cmdline():
                    found.append(child)
        return found

    def command(self, *arguments: str, stdin: str = "") -> str:
        """What a command beside it prints."""
        done = self.tried(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def tried(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command beside it that may fail."""
        return subprocess.run(
            [sys.executable, "-m", "backroom", *arguments],
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def open_shop(self, domain: str, opening: Mapping[str, Any], **more: str) -> None:
        """What `shop add` does, without a process for it. `more`: a client id, an API url."""
        vault = Vault(Settings(home=self._home).secret_keys())
        read = read_opening(json.dumps(opening).encode())
        with self.database.writing() as transaction:
            before = _signing(transaction)
            already = self._log_file.stat().st_size
            add_shop(transaction, vault, domain, read, **more)
            is_news = _signing(transaction) != before
        if is_news and self.up.is_set():
            eventually(lambda: b'"keyring.changed"' in self._written(already), "who receives has heard of it")

    def add_shop(self, domain: str) -> None:
        """A shop that is heard and never asked: no Shopify holds what these tests send."""
        self.open_shop(domain, {"access_token": "t", "webhook_secrets": [SECRET]})
        with self.database.writing() as transaction:
            transaction.execute(delete(shop_credential))

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.command("status", "--json"))
        return found

    def log(self) -> list[dict[str, Any]]:
        """All lines of all of its processes that were written whole: a kill may cut one off."""
        lines = []
        for line in self._log_file.read_bytes().splitlines():
            assert not line.startswith(b"Traceback"), self._log_file.read_text()[-4_000:]
            with suppress(ValueError):
                lines.append(json.loads(line))
        return lines

    def complaints(self) -> list[dict[str, Any]]:
        """Log lines at error level, and warnings of libraries; but not that a child was killed."""
        return [
            line
            for line in self.log()
            if (line["level"] in ("error", "critical") or line["event"] == "library.reported")
            and not (line["event"] == "child.died" and line["exit_code"] == -signal.SIGKILL)
        ]

    def _written(self, already: int) -> bytes:
        """What the log has beyond so many bytes."""
        return self._log_file.read_bytes()[already:]

    def _started(self, already: int) -> dict[str, Any] | None:
        assert self._process is not None
        fresh = self._written(already)
        assert self._process.poll() is None, fresh.decode(errors="replace")[-4_000:]
        for line in fresh.splitlines(keepends=True):
            if b'"serve.started"' in line and line.endswith(b"\n"):
                found: dict[str, Any] = json.loads(line)
                return found
        return None

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection(*self.address, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _signing(transaction: Transaction) -> list[tuple[int, int]]:
    """Which secrets may sign for which shops."""
    return [
        (shop.id, secret.id)
        for shop in list_shops(transaction)
        for secret in list_secrets(transaction, shop.id)
    ]
