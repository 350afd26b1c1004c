import threading

import pytest
from starlette.testclient import TestClient

from backroom.compose import House, readiness_of, unmigrated, web_app
from backroom.db.database import Database, open_database
from backroom.settings import Settings
from backroom.shops.vault import Vault
from tests.web.front import Front, open_front


def test_health_needs_no_login_and_answers_get_and_head(front: Front) -> None:
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = front.http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": status})
        assert front.http.head(path).status_code == 200


def test_not_ready_is_503_with_a_reason(database: Database) -> None:
    with open_front(database, readiness=lambda: "the database can not be reached") as front:
        answer = front.http.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["reason"] == "the database can not be reached"
        assert front.http.get("/healthz").status_code == 200


def test_a_migrated_database_is_ready(database: Database) -> None:
    assert readiness_of(database)() is None
    assert unmigrated(database) is None


def test_a_thread_that_died_is_not_ready(database: Database) -> None:
    """Whoever posts would wait for ever."""
    died = threading.Event()
    readiness = readiness_of(database, {"the writer": lambda: True, "the keyring": lambda: not died.is_set()})
    assert readiness() is None
    died.set()
    assert readiness() == "the keyring does not run"


def test_the_web_application_is_ready_while_its_threads_run(database: Database) -> None:
    client = TestClient(web_app(House(Settings(), database, Vault(["k" * 32]))))
    assert client.get("/readyz").json()["reason"] == "the inbox's writer does not run"
    with client:
        assert client.get("/readyz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_an_empty_database_is_not_ready_and_the_reason_says_what_to_do(
    database_url: str, schema: str
) -> None:
    empty = open_database(database_url, schema)
    try:
        assert readiness_of(empty)() == "the database is not at this version's tables"
        assert "backroom db upgrade" in str(unmigrated(empty))
    finally:
        empty.dispose()


def test_a_database_of_another_version_is_not_ready(database: Database) -> None:
    with database.writing() as transaction:
        transaction.connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'other'")
    assert readiness_of(database)() == "the database is not at this version's tables"


@pytest.mark.parametrize("address", ["postgresql://nobody:hush@127.0.0.1:1/none"])
def test_a_database_that_is_away_is_not_ready_and_the_password_is_not_told(address: str) -> None:
    away = open_database(address)
    try:
        assert readiness_of(away)() == "the database can not be reached"
    finally:
        away.dispose()
