"""`backroom demo` as people run it: a process of its own, on a pipe or a pseudo-terminal; what it left."""

import os
import re
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import psutil

from tests.waiting import eventually

# Copies between the pipes and a new pseudo-terminal: what is written to it is typed there.
_ON_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
CTRL_C = b"\x03"
END_SECONDS = 15.0


class Played:
    """A demo that runs. Its home is the only thing in `folder`."""

    def __init__(self, folder: Path, *options: str, terminal: bool = False) -> None:
        self.folder = folder
        self._log = folder.with_suffix(".out")
        command = [sys.executable, "-m", "backroom", "demo", *options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _ON_TERMINAL, *command] if terminal else command,
                env={**os.environ, "TMPDIR": str(folder), "TERM": "xterm", "COLUMNS": "80", "LINES": "30"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def said(self) -> str:
        """Everything so far, as a terminal got it."""
        return self._log.read_text(errors="replace")

    def lines(self) -> list[str]:
        """Everything so far, without what steers a terminal."""
        return _STEERING.sub("", self.said()).replace("\r", "").splitlines()

    def press(self, keys: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(keys)
        self.process.stdin.flush()

    def wait_for(self, text: str) -> None:
        """Until it has said so; fails where it ended before."""
        eventually(lambda: text in self.said() or self._ended(), f"{text!r} on the screen", within=60)
        assert text in self.said(), self.said()

    def wait(self, seconds: float = END_SECONDS) -> int:
        assert self.process.stdin is not None
        code = self.process.wait(seconds)
        self.process.stdin.close()
        return code

    def line(self, start: str) -> str:
        """The rest of the line that begins so."""
        return next(each for each in self.lines() if each.startswith(start)).removeprefix(start).strip()

    def get(self, url: str, token: str) -> int:
        """The status of a request with that token."""
        asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)

    def family(self) -> list[psutil.Process]:
        """Everybody who lives in the demo's home."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("BACKROOM_HOME", "").startswith(str(self.folder)):
                    found.append(process)
        return found

    def kill(self) -> None:
        """By force, everybody: for a test that failed."""
        for process in (
            [*self.family(), psutil.Process(self.process.pid)] if not self._ended() else self.family()
        ):
            with suppress(psutil.Error):
                process.kill()
        self.wait()

    def _ended(self) -> bool:
        return self.process.poll() is not None
