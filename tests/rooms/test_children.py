import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from structlog.testing import capture_logs

from backroom.db.database import Database
from backroom.worker.children import Children, worker_command
from backroom.worker.heartbeat import Heartbeat, read_signs, youngest_age
from tests.waiting import eventually

OBEDIENT = "import sys; sys.stdin.read()"
STUBBORN = (
    "import signal, sys, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
)
DYING = "raise SystemExit(3)"


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@contextmanager
def running(script: str, *, number: int = 1, stop_seconds: float = 10) -> Iterator[Children]:
    children = Children(
        [f"c{index}" for index in range(number)],
        lambda name: [sys.executable, "-c", script, name],
        stop_seconds=stop_seconds,
    )
    children.start()
    try:
        yield children
    finally:
        children.stop()


def test_all_children_run_in_the_parents_group_and_end_when_told() -> None:
    with running(OBEDIENT, number=3) as children:
        eventually(lambda: len(children.pids) == 3, "three children")
        pids = children.pids
        assert {os.getpgid(pid) for pid in pids} == {os.getpgrp()}
    assert not any(is_running(pid) for pid in pids)


def test_a_child_that_is_killed_is_started_again() -> None:
    with running(OBEDIENT) as children:
        eventually(lambda: len(children.pids) == 1, "a child")
        (first,) = children.pids
        os.kill(first, signal.SIGKILL)
        eventually(lambda: children.pids not in ([], [first]), "another child in its place")


def test_a_child_that_keeps_dying_is_started_ever_more_rarely(tmp_path: Path) -> None:
    births = tmp_path / "births"
    script = f"import time; open({str(births)!r}, 'a').write(f'{{time.monotonic()}}\\n'); raise SystemExit(3)"

    def times() -> list[float]:
        return [float(line) for line in births.read_text().splitlines()] if births.exists() else []

    with running(script):
        eventually(lambda: len(times()) >= 4, "four births")
    first, second, third, fourth = times()[:4]
    assert second - first >= 0.2
    assert third - second >= 0.4
    assert fourth - third >= 0.8


def test_a_child_that_can_not_be_started_is_tried_again(tmp_path: Path) -> None:
    program = tmp_path / "program"
    with capture_logs() as lines:
        children = Children(["c1"], lambda name: [str(program)])
        children.start()
        try:
            eventually(lambda: len(lines) >= 2, "two attempts")
            program.symlink_to("/bin/cat")
            eventually(lambda: len(children.pids) == 1, "the child, once it can be started")
        finally:
            children.stop()
    failed = [line for line in lines if line["event"] == "child.not_started"]
    assert [line["restart_seconds"] for line in failed[:2]] == [0.2, 0.4]
    assert "No such file" in failed[0]["reason"]


def test_a_child_that_does_not_listen_is_ended_by_force(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = STUBBORN.replace("print('deaf', flush=True)", f"open({str(ready)!r}, 'w').close()")
    with running(script, stop_seconds=0.2) as children:
        eventually(ready.exists, "the deaf child ready")
        (pid,) = children.pids
    assert not is_running(pid)


def test_stopping_while_a_child_is_being_restarted_leaves_none() -> None:
    before = set(psutil.Process().children())  # a shop that is simulated for the whole session, say
    with running(DYING, number=4):
        pass
    after = set(psutil.Process().children()) - before
    assert not [child for child in after if child.status() != psutil.STATUS_ZOMBIE]


def test_a_worker_is_this_program() -> None:
    assert worker_command("w1")[1:] == ["-m", "backroom", "worker", "--name", "w1", "--child"]


@pytest.mark.parametrize("how", ["its input ends", "a signal comes"])
def test_a_worker_ends_with_its_parent(tmp_path: Path, how: str) -> None:
    environment = {**os.environ, "BACKROOM_HOME": str(tmp_path), "BACKROOM_LOG": "json"}
    command = [sys.executable, "-m", "backroom"]
    subprocess.run([*command, "db", "upgrade"], env=environment, check=True, capture_output=True)
    with subprocess.Popen(
        worker_command("w1"), env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stderr is not None
        assert worker.stdin is not None
        assert "worker.started" in worker.stderr.readline()
        if how == "a signal comes":
            worker.send_signal(signal.SIGTERM)
        else:
            worker.stdin.close()
        assert worker.wait(20) == 0
        assert "worker.stopped" in worker.stderr.read()


def test_a_worker_gives_a_sign_of_life_and_says_when_it_stops(database: Database) -> None:
    heartbeat = Heartbeat(database, "w1", seconds=0.01)
    heartbeat.start()

    def signs() -> list[bool]:
        with database.reading() as transaction:
            return [sign.is_alive for sign in read_signs(transaction)]

    eventually(lambda: signs() == [True], "a sign of life")
    with database.reading() as transaction:
        assert (youngest_age(transaction) or 0) < 5
    heartbeat.stop()
    assert signs() == [False]
    with database.reading() as transaction:
        assert youngest_age(transaction) is None


def test_a_restart_under_the_same_name_replaces_the_row(database: Database) -> None:
    for _ in range(2):
        heartbeat = Heartbeat(database, "w1")
        heartbeat.start()
        heartbeat.stop()
    with database.reading() as transaction:
        assert [sign.name for sign in read_signs(transaction)] == ["w1"]


def test_a_heart_beats_on_after_the_database_was_away(database: Database) -> None:
    def rename(old: str, new: str) -> None:
        with database.writing() as transaction:
            transaction.connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    rename("worker", "elsewhere")
    heartbeat = Heartbeat(database, "w1", seconds=0.01)
    heartbeat.start()
    rename("elsewhere", "worker")

    def names() -> list[str]:
        with database.reading() as transaction:
            return [sign.name for sign in read_signs(transaction)]

    eventually(lambda: names() == ["w1"], "the row, once the table was back")
    heartbeat.stop()
