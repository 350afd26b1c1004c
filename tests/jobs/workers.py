"""Real worker processes by their names: started, killed, asked to end."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from backroom.db.database import Database

END_SECONDS = 5.0


class Workers:
    """One home and one database, and the processes that work on them."""

    def __init__(self, database: Database, database_url: str, home: Path) -> None:
        self.database = database
        self._home = home
        home.mkdir(mode=0o700, exist_ok=True)
        self._environment = {
            **os.environ,
            "BACKROOM_HOME": str(home),
            "BACKROOM_DATABASE_URL": database_url,
            "BACKROOM_DATABASE_SCHEMA": database.schema or "backroom",
            "BACKROOM_LOG": "json",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        with self._log_file(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.worker_process", name],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """SIGKILL, at once."""
        process = self._processes.pop(name)
        process.kill()
        process.wait(10)

    def end(self, name: str) -> tuple[int, float]:
        """SIGTERM: (exit code, seconds that it took)."""
        process = self._processes.pop(name)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        return process.wait(30), time.monotonic() - began

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def log(self, name: str) -> list[dict[str, Any]]:
        """A worker's whole lines, over all of its lives."""
        lines = []
        for line in self._log_file(name).read_bytes().splitlines():
            assert not line.startswith(b"Traceback"), line
            with suppress(ValueError):
                lines.append(json.loads(line))
        return lines

    def complaints(self, name: str) -> list[dict[str, Any]]:
        """What stands in its log at error level, or comes from a library."""
        return [
            line
            for line in self.log(name)
            if line["level"] in ("error", "critical") or line["event"] == "library.reported"
        ]

    def said(self, name: str, event: str) -> bool:
        return any(line["event"] == event for line in self.log(name))

    def _log_file(self, name: str) -> Path:
        return self._home / f"{name}.log"
