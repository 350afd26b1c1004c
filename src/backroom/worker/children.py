"""Keeps worker processes running as children of this one, in its process group.

A child whose parent dies ends by itself: its standard input is a pipe that only the parent holds. A child
that dies is started again, after a pause that doubles while it keeps dying young; one that can not be
started (no memory, no process to be had) likewise.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from backroom.observe.log import get_log

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 5.0
SETTLED_SECONDS: Final = 10.0
"""A child that lived this long did not die of its start."""
STOP_SECONDS: Final = 10.0

Command = Callable[[str], Sequence[str]]
"""The command line of the child of a name."""


def worker_command(name: str) -> list[str]:
    """This program, as a worker that ends with its parent."""
    return [sys.executable, "-m", "backroom", "worker", "--name", name, "--child"]


class Children:
    """One process a name, kept running until `stop`."""

    def __init__(
        self,
        names: Sequence[str],
        command: Command = worker_command,
        *,
        settled_seconds: float = SETTLED_SECONDS,
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self._children = [Child(name, command(name), settled_seconds) for name in names]
        self._stop_seconds = stop_seconds

    def start(self) -> None:
        for child in self._children:
            child.start()

    @property
    def pids(self) -> list[int]:
        """The processes that run right now."""
        return [pid for child in self._children if (pid := child.pid) is not None]

    def stop(self) -> None:
        """Asks all of them to end, waits, and ends by force whoever did not. Returns when none is left."""
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + self._stop_seconds
        for child in self._children:
            child.join(max(0.0, deadline - time.monotonic()))


class Child:
    """One child process, and the thread that waits for its end."""

    def __init__(self, name: str, command: Sequence[str], settled_seconds: float) -> None:
        self._name = name
        self._command = command
        self._settled_seconds = settled_seconds
        self._log = get_log("worker.children").bind(worker=name)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"child-{name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def terminate(self) -> None:
        """SIGTERM, and no new one."""
        with self._lock:
            self._stopping.set()
            if self._process is not None:
                self._process.terminate()

    def join(self, timeout_seconds: float) -> None:
        """Waits for the end; SIGKILL after the time is over."""
        self._thread.join(timeout_seconds)
        if self._thread.is_alive() and self._process is not None:
            self._log.warning("child.killed", pid=self._process.pid)
            self._process.kill()
        self._thread.join()

    def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        fields: dict[str, object]
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                event, fields = "child.died", self._live()
            except Exception as error:  # nobody else would try again
                event, fields = "child.not_started", {"reason": str(error)}
            if self._stopping.is_set():
                return
            if time.monotonic() - started >= self._settled_seconds:
                pause = FIRST_PAUSE_SECONDS
            self._log.error(event, **fields, restart_seconds=pause)
            self._stopping.wait(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    def _live(self) -> dict[str, object]:
        """From birth to death: what is to be said of it. Raises OSError where it can not be started."""
        process = self._spawn()
        if process is None:
            return {}
        code = process.wait()
        self._close_pipe(process)
        return {"pid": process.pid, "exit_code": code}

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        # Under the lock, so that `terminate` meets either the process or nobody, never one about to start.
        with self._lock:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            self._log.info("child.started", pid=self._process.pid)
            return self._process

    @staticmethod
    def _close_pipe(process: subprocess.Popen[bytes]) -> None:
        if process.stdin is not None:
            process.stdin.close()
