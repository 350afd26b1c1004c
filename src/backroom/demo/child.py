"""A process of the demo: started, watched, and ended, by force where that takes too long.

Enters: a command and its environment. Leaves: an exit code, and a log that tells why. What never happens
here: a process that outlives the demo (`tether`), or one that takes a Ctrl-C that was meant for the demo.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from backroom.demo.patience import LOOK_SECONDS, DemoFailed

GRACE_SECONDS: Final = 8.0
LAST_LINES: Final = 8
LONGEST_LINE: Final = 220
"""Characters: three rows of a terminal. Whoever tells why does so at the beginning."""
TETHER: Final = "backroom.demo.tether"


class Child:
    """A Python program of ours, running. `name`: what people call it; `stdin` is given to it whole."""

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        stdin: bytes = b"",
    ) -> None:
        self.name = name
        self._log = log
        self._asked = False
        held, ours = os.pipe()
        self._lifeline: int | None = ours
        with log.open("wb") as file, os.fdopen(held):
            self._process = subprocess.Popen(
                [sys.executable, "-m", TETHER, str(held), *arguments],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=file,
                stderr=file,
                pass_fds=(held,),
                # A session of its own: Ctrl-C is for the demo, which then ends its processes in order.
                start_new_session=True,
            )
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has died already: `check` says so
            self._process.stdin.write(stdin)
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        """Also the number of its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def lines(self) -> list[str]:
        """What it has said so far, in whole lines."""
        return self._log.read_text(errors="replace").rpartition("\n")[0].splitlines()

    def check(self) -> None:
        """Raises DemoFailed where it has ended, with the last that it said."""
        if self.exit_code is not None:
            what = f"{self.name} ended by itself, {_how(self.exit_code)}"
            # Once more at the end: a small terminal shows no more than that of it.
            raise DemoFailed(f"{what}{self.last_words()}\nSo {what}.")

    def is_ended_within(self, seconds: float) -> bool:
        """Waits for its end: its sockets are closed a moment before the system says that it has died."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        return self.exit_code is not None

    def last_words(self) -> str:
        """The end of a sentence, and the last lines of its log."""
        said = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        if not said:
            return "; it said nothing"
        return "; it said last:\n" + "\n".join(f"    {_cut(line)}" for line in said[-LAST_LINES:])

    def ask_to_end(self) -> None:
        """SIGTERM, once: a second one may meet a process that is busy ending its own children."""
        if not self._asked and self.exit_code is None:
            self._asked = True
            self._process.terminate()
            # Whoever was stopped (Ctrl-Z, a debugger) can't end before it goes on.
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGCONT)

    def end(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Until it and all of its children have ended; by force, where that takes too long."""
        self.ask_to_end()
        deadline = time.monotonic() + grace_seconds
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_seconds)
        # Where it died without ending its children, they are about to notice: they get what is left.
        while self._has_group() and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _has_group(self) -> bool:
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return True


def _how(exit_code: int) -> str:
    if exit_code < 0:
        return f"by signal {-exit_code}"
    return f"with exit code {exit_code}"


def _cut(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"
