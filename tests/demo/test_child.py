"""Processes of the demo: watched, ended in order or by force, and never without their last words."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from backroom.demo.child import Child
from backroom.demo.patience import DemoFailed, Patience, Stopped
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
    assert said.count("\n") == 8
    assert "the disk is full" in said


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


def test_only_one_sigterm_is_sent(programs: Programs) -> None:
    child = programs(
        "import signal, time\n"
        "def ending(*_):\n"
        "    signal.signal(15, signal.SIG_DFL)\n"
        "    print('ending', flush=True)\n"
        "    time.sleep(0.5)\n"
        "    raise SystemExit(0)\n"
        "signal.signal(15, ending)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
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


def test_a_signal_ends_a_rest_at_once_and_the_handlers_are_as_before() -> None:
    patience, before = Patience(), signal.getsignal(signal.SIGTERM)
    with patience.catching_signals():
        started = time.monotonic()
        sending = Running(lambda: os.kill(os.getpid(), signal.SIGTERM))
        with pytest.raises(Stopped):
            patience.rest(60)
        assert time.monotonic() - started < 10
        sending.join()
    assert signal.getsignal(signal.SIGTERM) is before


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
