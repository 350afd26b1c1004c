"""The homes of demos that were killed go with the next start; all others stay."""

import signal
import subprocess
import sys
from pathlib import Path

from backroom.demo.owner import owned, sweep

KILLED = """
import os, sys
from pathlib import Path
from backroom.demo.owner import owned
with owned(Path(sys.argv[1])):
    os.kill(os.getpid(), 9)
"""


def home(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    (made / "backroom.db").touch()
    return made


def test_the_home_of_a_demo_that_was_killed_is_removed(tmp_path: Path) -> None:
    left = home(tmp_path, "backroom-demo-left")
    assert subprocess.call([sys.executable, "-c", KILLED, str(left)]) == -signal.SIGKILL
    sweep(tmp_path)
    assert not left.exists()


def test_a_home_that_somebody_lives_in_stays_until_they_are_gone(tmp_path: Path) -> None:
    lived_in = home(tmp_path, "backroom-demo-lived-in")
    with owned(lived_in):
        sweep(tmp_path)
        assert lived_in.exists()
    sweep(tmp_path)
    assert not lived_in.exists()


def test_what_is_no_home_of_ours_stays(tmp_path: Path) -> None:
    outside = home(tmp_path, "elsewhere")
    with owned(outside):
        pass
    being_made = home(tmp_path, "backroom-demo-being-made")
    (tmp_path / "backroom-demo-file").touch()
    (tmp_path / "backroom-demo-link").symlink_to(outside)
    sweep(tmp_path)
    assert being_made.exists()
    assert (outside / "backroom.db").exists()
    assert (tmp_path / "backroom-demo-file").exists()
