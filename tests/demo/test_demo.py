"""The demo in real processes: it checks itself, it ends, and it leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from rich.cells import cell_len
from rich.console import Console
from sqlalchemy import inspect, text, update

from backroom.cli import main
from backroom.db.database import open_database
from backroom.demo.check import compare, rule
from backroom.demo.patience import SIGNALS, Patience
from backroom.demo.stage import Options, set_stage
from backroom.erp.tables import listing
from tests.demo.played import CTRL_C, END_SECONDS, Played
from tests.untouched import logging_as_it_was
from tests.waiting import eventually

Play = Callable[..., Played]
Refused = Callable[..., tuple[int, str]]
BLOCKS = 5
HARD = "drop=0.1,duplicate=0.3,reorder=0.3,delay=0.3,id_only=0.05"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    """Starts demos; afterwards no process may be left, and no home."""
    played: list[Played] = []

    def start(*options: str, terminal: bool = False, folder: Path | None = None) -> Played:
        place = folder or tmp_path / f"demo-{len(played)}"
        place.mkdir(exist_ok=True)
        played.append(Played(place, *options, terminal=terminal))
        return played[-1]

    yield start
    left = [(each.family(), list(each.folder.iterdir())) for each in played]
    for each in played:
        each.kill()
    assert left == [([], []) for _ in played]


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Refused]:
    """A demo in this process, which ends before it starts anything: its exit code, and what it said."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def ask(*options: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as ended:
            main(["demo", *options])
        said = capsys.readouterr()
        assert list(tmp_path.iterdir()) == [], "no home is left"
        assert not [each for each in psutil.Process().children() if "backroom.demo.tether" in each.cmdline()]
        return int(ended.value.code or 0), said.out + said.err

    with logging_as_it_was():
        yield ask
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_check_compares_everything_and_exits_0(play: Play, backend: str, database_url: str) -> None:
    where = [] if backend == "sqlite" else ["--database-url", database_url]
    demo = play("--check", "--seconds", "1", "--products", "60", "--seed", "5", *where)
    assert demo.wait(120) == 0, demo.said()
    assert "Everything that the shop has is in the tables, field by field." in demo.said()
    assert int(demo.line("products").split()[0]) > 50
    assert int(demo.line("levels").split()[0].replace(",", "")) > 500
    assert max(map(cell_len, demo.lines())) <= 80
    assert [line for line in demo.lines() if line.endswith(" ")] == []
    steps = (
        "Starting",
        "A simulated shop, seed 5, lives for 1",
        "Full syncs",
        "Coming to rest",
        "At rest after",
    )
    assert all(line.startswith(step) for line, step in zip(demo.lines(), steps, strict=False))
    if backend == "postgres":
        database = open_database(database_url)
        schemas = inspect(database.engine).get_schema_names()
        database.dispose()
        assert [name for name in schemas if name.startswith("backroom_demo")] == []


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 21))
def test_a_check_of_any_seed_exits_0(play: Play, backend: str, database_url: str, seed: int) -> None:
    where = [] if backend == "sqlite" else ["--database-url", database_url]
    demo = play("--check", "--seconds", "10", "--seed", str(seed), "--faults", HARD, *where)
    assert demo.wait(180) == 0, demo.said()


# The suite sees each of its steps on a stage (test_check.py).
@pytest.mark.soak
def test_a_check_without_any_webhook_ends_at_the_truth_by_syncs_alone(play: Play) -> None:
    demo = play("--check", "--seconds", "1", "--products", "20", "--faults", "drop=1")
    assert demo.wait(120) == 0, demo.said()
    assert "a sync fetches what changed" in demo.said()


def test_a_terminal_shows_80_columns_without_a_blank_in_between_until_ctrl_c(play: Play) -> None:
    demo = play("--products", "60", "--rate", "50", terminal=True)
    demo.wait_for("Ctrl-C ends it")
    api, token = demo.line("API"), demo.line("TOKEN=")
    assert demo.get(f"{api}/skus", token) == 200
    assert demo.get(demo.line("OpenAPI"), token) == 200
    assert len(demo.family()) >= 3
    eventually(lambda: demo.said().count("Ctrl-C ends it") > BLOCKS, "it was drawn again and again")
    demo.press(CTRL_C)
    assert demo.wait() == 0
    assert "Ended: no process is left, and its home is removed." in demo.lines()[-1]
    assert max(map(cell_len, demo.lines())) == 80
    block = demo.said().partition("── ")[2].rpartition("Ctrl-C ends it")[0]
    assert "\x1b[2K" not in block
    assert "\x1b[2J" not in block
    assert "\x1b[?25h" in demo.said(), "the cursor is back"


def test_what_a_killed_demo_leaves_ends_by_itself_and_its_home_goes_with_the_next_start(play: Play) -> None:
    killed = play("--products", "20")
    killed.wait_for("shop: ")
    killed.process.kill()
    killed.wait()
    eventually(lambda: not killed.family(), "the end of its processes", within=END_SECONDS)
    (home,) = killed.folder.iterdir()
    demo = play("--products", "5", folder=killed.folder)
    eventually(lambda: not home.exists(), "the next start removes it")
    demo.process.send_signal(signal.SIGTERM)
    assert demo.wait(60) == 0


def test_a_terminal_that_is_closed_ends_it_in_order_though_a_process_of_it_hangs(play: Play) -> None:
    demo = play("--products", "20")
    demo.wait_for("shop: ")
    _only(demo.family(), "shopify_simulator").suspend()
    demo.process.send_signal(signal.SIGHUP)
    assert demo.wait() == 0, demo.said()
    assert "\x1b" not in demo.said(), "a pipe gets plain lines"


def test_a_signal_during_the_imports_leaves_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], check=False, capture_output=True)
    assert ended.returncode == 130
    assert ended.stderr == b""


INTERRUPTED = """
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == "backroom.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from backroom.__main__ import run
run()
"""


def test_a_row_that_is_not_what_the_shop_says_is_a_difference_though_all_connections_were_closed(
    postgres_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Options(products=10, rate=0.0, database_url=postgres_url)
    with logging_as_it_was(), set_stage(options, Patience()) as stage:
        stage.open()
        with stage.database.reading() as transaction:
            transaction.now()
        close_all(postgres_url)
        stage.rest()
        assert compare(stage)[0].holds
        with stage.database.writing() as transaction:
            transaction.execute(update(listing).values(vendor="Somebody else"))
        verdict, _ = compare(stage)
    assert rule(Console(width=80), verdict) == 1
    said = capsys.readouterr().out
    assert "listing.vendor" in said
    assert '"Somebody else"' in said
    assert "The tables are not what the shop says." in said


def close_all(postgres_url: str) -> None:
    """As a server that is started anew."""
    other = open_database(postgres_url)
    with other.writing() as transaction:
        transaction.execute(text(CLOSE_ALL))
    other.dispose()


CLOSE_ALL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def test_it_can_be_ended_while_it_starts(play: Play) -> None:
    demo = play("--products", "20")
    eventually(demo.family, "the first of its processes", within=60)
    demo.process.send_signal(signal.SIGTERM)
    assert demo.wait() == 0


def test_a_check_that_is_ended_has_no_verdict_and_exits_1(play: Play) -> None:
    demo = play("--check", "--products", "5")
    demo.wait_for("lives for 20 seconds")
    demo.process.send_signal(signal.SIGINT)
    demo.wait_for("Ended before there was a verdict.")
    while demo.process.poll() is None:
        demo.process.send_signal(signal.SIGTERM)
    assert demo.wait() == 1


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("shopify_simulator", "the simulated shop"),
        # It is watched in the same way from its start on: below it dies there.
        pytest.param("serve", "backroom serve", marks=pytest.mark.soak),
    ],
)
def test_a_process_that_dies_is_named(play: Play, module: str, name: str) -> None:
    demo = play("--products", "20")
    demo.wait_for("shop: ")
    _only(demo.family(), module).kill()
    assert demo.wait() == 1
    assert f"backroom: {name} ended by itself, by signal 9" in demo.said()


def test_a_process_that_does_not_start_is_named_with_its_reason(play: Play) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        demo = play("--port", str(taken.getsockname()[1]))
        assert demo.wait(60) == 1
    assert "backroom: backroom serve ended by itself" in demo.said()
    assert "can not listen on 127.0.0.1" in demo.said()


@pytest.mark.parametrize(
    "options",
    [
        ("--database-url", "sqlite:///some.db"),
        ("--database-url", "mysql://localhost"),
        ("--faults", "drop"),
        ("--faults", "rain=0.5"),
        ("--faults", "drop=2"),
        ("--faults", "drop=0.1,", "delay=0.1"),
    ],
)
def test_what_makes_no_sense_is_refused_as_misuse(refused: Refused, options: tuple[str, ...]) -> None:
    code, said = refused("--products", "5", *options)
    assert code == 2
    assert options[0] in said


def test_an_address_that_is_none_is_refused_without_a_word_of_sqlite(refused: Refused) -> None:
    code, said = refused("--database-url", "postgres")
    assert code == 2
    assert "not the address of a PostgreSQL, such as postgresql:///NAME" in said
    assert "sqlite" not in said


@pytest.mark.parametrize(
    "address", ["postgresql://ada:hush@nowhere.invalid/x", "host=nowhere.invalid user=ada"]
)
def test_a_host_that_does_not_answer_is_named_and_no_password(refused: Refused, address: str) -> None:
    code, said = refused("--database-url", address)
    assert code == 1
    assert "no PostgreSQL answers at nowhere.invalid" in said
    assert "hush" not in said


def _only(family: list[psutil.Process], word: str) -> psutil.Process:
    (found,) = [process for process in family if word in process.cmdline()]
    return found
