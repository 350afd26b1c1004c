"""Runs a module as a program that ends with the demo: `python -m backroom.demo.tether FD MODULE ARGUMENTS...`

Enters: the reading end of a pipe whose other end the demo alone holds. A demo that is killed can end nobody
any more, but its end of the pipe is closed for it, and everybody at the other ends sees that. What never
happens here: a change to the module's own signals, arguments or standard input.
"""

import os
import runpy
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Final

GRACE_SECONDS: Final = 8.0


def main() -> None:
    """The module's own exit is this program's."""
    lifeline, sys.argv = int(sys.argv[1]), sys.argv[2:]
    os.set_inheritable(lifeline, False)
    # The thread inherits the mask: a signal to this process is for the module, which may wait for it.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    threading.Thread(target=_end_with, args=(lifeline,), name="tether", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


def _end_with(lifeline: int) -> None:
    """Waits for the end of the file; then as `Child.end` would: in order, or by force, with all children."""
    while os.read(lifeline, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
