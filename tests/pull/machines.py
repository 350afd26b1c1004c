"""Two machines over one database: `backroom worker`, each with a home of its own and the same key."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from backroom.settings import KEY_FILE
from tests.crash.served import Served
from tests.jobs.workers import Workers


class Machines(Workers):
    """Worker processes by their names. `served` only lends its database and its key."""

    def __init__(self, served: Served, database_url: str, home: Path, folder: Path) -> None:
        super().__init__(served.database, database_url, folder / "logs")
        self._key = home / KEY_FILE
        self._folder = folder

    def start(self, name: str) -> None:
        home = self._folder / name
        if not home.exists():
            home.mkdir(mode=0o700)
            shutil.copy(self._key, home)
        with self._log_file(name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "backroom", "worker", "--name", name],
                env={**self._environment, "BACKROOM_HOME": str(home)},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def freeze(self, name: str) -> None:
        """It hangs, and hears nothing."""
        os.kill(self._processes[name].pid, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        os.kill(self._processes[name].pid, signal.SIGCONT)
