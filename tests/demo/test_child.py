"""Processes of the demo: watched, ended in order or by force, and never without their last words."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backroom.demo.child import Child
from backroom.demo.door import Door
from backroom.demo.patience import SIGNALS, DemoFailed, Overdue, Patience, Stopped
from tests.waiting import Running, eventually

ECHO = "import sys; print(sys.stdin.read(), flush=True); "
WAIT = "import time; time.sleep(60)"


class Programs:
    """Runs lines of Python as children, and ends them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.started: list[Child] = []

    def __call__(self, code: str, *, stdin: bytes = b"") -> Child:
        name = f"program{len(self.started)}"
        (self._folder / f"{name}.py").write_text(code)
        environment = {**os.environ, "PYTHONPATH": str(self._folder)}
        child = Child(name, [name], environment=environment, log=self._folder / f"{name}.log", stdin=stdin)
        self.started.append(child)
        return child


@pytest.fixture
def programs(tmp_path: Path) -> Iterator[Programs]:
    found = Programs(tmp_path)
    yield found
    for child in found.started:
        child.end(0.0)


def test_a_child_gets_its_input_and_its_words_are_kept(programs: Programs) -> None:
    child = programs(ECHO, stdin=b"a secret\nof two lines")
    eventually(lambda: child.exit_code is not None, "its end")
    assert child.lines()[:2] == ["a secret", "of two lines"]


def test_a_child_that_died_is_named_with_what_it_said_last(programs: Programs) -> None:
    child = programs("import sys; [print('line', n) for n in range(30)]; sys.exit('the disk is full')")
    eventually(lambda: child.exit_code is not None, "its end")
    with pytest.raises(DemoFailed) as caught:
        child.check()
    said = str(caught.value)
    assert said.startswith("program0 ended by itself, with exit code 1; it said last:\n")
    assert said.count("\n") == 9
    assert "the disk is full" in said
    assert said.endswith("\nSo program0 ended by itself, with exit code 1."), (
        "where a small terminal shows it"
    )


def test_long_lines_of_a_log_are_cut(programs: Programs) -> None:
    child = programs("import sys; sys.exit('x' * 9_000)")
    eventually(lambda: child.exit_code is not None, "its end")
    assert len(child.last_words()) < 300


def test_a_child_that_said_nothing_is_named_too(programs: Programs) -> None:
    child = programs("import os; os.kill(os.getpid(), 9)")
    eventually(lambda: child.exit_code is not None, "its end")
    with pytest.raises(DemoFailed, match="program0 ended by itself, by signal 9; it said nothing"):
        child.check()


def test_a_child_that_lives_is_no_trouble_and_ends_in_order(programs: Programs) -> None:
    child = programs(WAIT)
    child.check()
    child.end()
    assert child.exit_code == -signal.SIGTERM


def test_a_child_that_does_not_listen_is_ended_by_force(programs: Programs) -> None:
    child = programs("import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); " + WAIT)
    eventually(lambda: child.lines() == ["deaf"], "a deaf child")
    child.end(0.2)
    assert child.exit_code == -signal.SIGKILL


def test_its_own_children_end_with_it(programs: Programs) -> None:
    spawn = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {WAIT!r}]).pid, flush=True)"
    )
    child = programs(spawn)
    eventually(lambda: child.lines(), "a grandchild")
    grandchild = psutil.Process(int(child.lines()[0]))
    child.end(0.2)
    _, alive = psutil.wait_procs([grandchild], 10)
    assert alive == []


DEMO = """
import os, sys, time
from pathlib import Path
from backroom.demo.child import Child
log = Path(sys.argv[1])
Child("its child", ["family"], environment=dict(os.environ), log=log)
while "grandchild" not in log.read_text():
    time.sleep(0.01)
time.sleep(60)
"""
FAMILY = (
    "import subprocess, sys; "
    f"started = subprocess.Popen([sys.executable, '-c', {WAIT!r}], stdin=subprocess.PIPE); "
    "print('grandchild', started.pid, flush=True); " + WAIT
)


def test_a_child_ends_when_the_demo_is_killed_and_can_not_end_it_any_more(tmp_path: Path) -> None:
    (tmp_path / "family.py").write_text(FAMILY)
    log = tmp_path / "family.log"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", DEMO, str(log)], env=environment) as demo:
        eventually(lambda: log.exists() and "grandchild" in log.read_text(), "a grandchild")
        (child,) = psutil.Process(demo.pid).children()
        demo.kill()
    _, alive = psutil.wait_procs([child], 20)
    grandchild = int(log.read_text().split()[1])
    if psutil.pid_exists(grandchild):
        psutil.Process(grandchild).kill()
    assert alive == []


def test_a_child_that_is_stopped_ends_in_order_too(programs: Programs) -> None:
    child = programs("print('here', flush=True); " + WAIT)
    eventually(lambda: child.lines() == ["here"], "a child")
    os.kill(child.pid, signal.SIGSTOP)
    eventually(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED, "its stop")
    child.end()
    assert child.exit_code == -signal.SIGTERM


SILENT = (
    "import socket, time; door = socket.create_server(('127.0.0.1', 0)); "
    "print('http://127.0.0.1:%d' % door.getsockname()[1], flush=True); "
)


def test_whoever_asks_for_the_end_does_not_wait_for_an_answer(programs: Programs) -> None:
    child, patience = programs(SILENT + WAIT), Patience()
    address = eventually(lambda: child.lines(), "its address")[0]
    started = time.monotonic()
    asking = Running(lambda: Door(child, address, patience).ask("GET", "/"))
    patience.ask_to_stop()
    with pytest.raises(Stopped):
        asking.join()
    assert time.monotonic() - started < 5


def test_a_child_that_dies_instead_of_answering_is_named(programs: Programs) -> None:
    child = programs(SILENT + "door.accept()[0].recv(9); import os; os.kill(os.getpid(), 9)")
    address = eventually(lambda: child.lines(), "its address")[0]
    with pytest.raises(DemoFailed, match="program0 ended by itself, by signal 9"):
        Door(child, address, Patience()).ask("GET", "/")


HICCUP = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += 1
        self.send_response(503 if Handler.asked < 3 else 200)
        self.end_headers()
        self.wfile.write(b"7")
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
"""


def test_a_server_that_is_unavailable_for_a_moment_is_asked_again(programs: Programs) -> None:
    child = programs(HICCUP)
    address = eventually(lambda: child.lines(), "its address")[0]
    assert Door(child, address, Patience()).expect("GET", "/").json == 7


def test_only_one_sigterm_is_sent(programs: Programs) -> None:
    child = programs(
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {15})\n"
        "print('ready', flush=True)\n"
        "signal.sigwait({15})\n"
        "print('ending', flush=True)\n"
        "raise SystemExit(signal.sigtimedwait({15}, 0.5) is not None)\n"
    )
    eventually(lambda: child.lines() == ["ready"], "a child that handles signals")
    child.ask_to_end()
    eventually(lambda: "ending" in child.lines(), "the first of its end")
    child.end()
    assert child.exit_code == 0


def test_patience_ends_with_the_condition_and_gives_its_answer() -> None:
    answers = iter([None, "", "here"])
    assert Patience().until(lambda: next(answers), "an answer", 10) == "here"


def test_patience_is_not_endless() -> None:
    with pytest.raises(DemoFailed, match=r"this did not come within 0\.1 seconds: the tide"):
        Patience().until(lambda: False, "the tide", 0.1)


def test_where_nothing_changes_patience_ends_early_and_says_so() -> None:
    with pytest.raises(Overdue, match="the tide: this did not come, and nothing changes"):
        Patience(still_seconds=0.1).until(lambda: False, "the tide", 60, lambda: {"waiting": 7})


def test_where_something_changes_patience_goes_on() -> None:
    numbers = itertools.count()
    with pytest.raises(Overdue, match=r"within 0\.5 seconds"):
        Patience(still_seconds=0.1).until(lambda: False, "the tide", 0.5, lambda: next(numbers))


@pytest.fixture
def handlers() -> Iterator[None]:
    """Signals are handled as before, afterwards."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_signal_ends_a_rest_at_once_and_later_ones_change_nothing() -> None:
    patience = Patience()
    with patience.catching_signals():
        started = time.monotonic()
        sending = Running(lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Stopped):
            patience.rest(60)
        assert time.monotonic() - started < 10
        sending.join()
    for number in SIGNALS:
        os.kill(os.getpid(), number)


@pytest.mark.usefixtures("handlers")
def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Patience().catching_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_watched_process_that_died_ends_a_rest(programs: Programs) -> None:
    patience, child = Patience(), programs("raise SystemExit(3)")
    patience.watched.append(child.check)
    with pytest.raises(DemoFailed, match="exit code 3"):
        patience.rest(60)
