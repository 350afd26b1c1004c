import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from backroom.cli import main
from backroom.db.database import open_database
from backroom.db.migrate import upgrade
from tests.house import House
from tests.untouched import logging_as_it_was


@dataclass(frozen=True)
class Said:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def last_line(self) -> str:
        return self.out.splitlines()[-1]


class Backroom:
    """The command line, in this process: `backroom("shop", "list")`."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys = capsys
        self._monkeypatch = monkeypatch

    def __call__(self, *arguments: str, stdin: str = "") -> Said:
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        self._capsys.readouterr()
        code: Any = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = end.code
        said = self._capsys.readouterr()
        return Said(int(code or 0), said.out, said.err)


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if somebody looked, in 80 columns. Only in a test's own body: a fixture has another stdout."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")


@contextmanager
def house_in(home: Path) -> Iterator[House]:
    """The house that commands find in a home, which is made for it."""
    home.mkdir(mode=0o700)
    database = open_database(f"sqlite:///{home}/backroom.db")
    upgrade(database)
    opened = House(database)
    yield opened
    opened.close()
    database.dispose()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of this test's own, that does not exist yet."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BACKROOM_HOME", str(folder))
    return folder


@pytest.fixture
def backroom(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Backroom]:
    """The command line over an empty home."""
    with logging_as_it_was():
        yield Backroom(capsys, monkeypatch)
