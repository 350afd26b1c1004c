"""The doctor on what fetching needs; each finding says what to do."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from backroom.cli.doctor_fetching import FETCHING, look_at_credential, look_at_version
from backroom.cli.doctor_findings import Finding
from backroom.cli.run_words import what
from backroom.compose import House
from backroom.db.database import Database, open_database
from backroom.jobs.runs import read_run
from backroom.settings import Settings
from backroom.shops.credentials import Credential, Grant
from backroom.shops.shops import add_shop, read_opening
from backroom.shops.vault import Vault
from backroom.vocabulary.ids import ShopId
from tests.cli.conftest import Backroom
from tests.ended_runs import REFUSED, ended
from tests.house import make_shop

NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
SOON, BEFORE = NOW + timedelta(hours=1), NOW - timedelta(hours=1)
VAULT = Vault(["k" * 40])


@pytest.fixture
def looked_at(database: Database, tmp_path: Path) -> House:
    """What the checks get: a house on either database, and one shop that nothing opens."""
    make_shop(database, "one.myshopify.com")
    return House(Settings(home=tmp_path), database, VAULT)


def findings(house: House, check: str) -> list[Finding]:
    return list(FETCHING[check](house))


def one(house: House, check: str) -> Finding:
    (found,) = findings(house, check)
    return found


def open_shop(house: House, opening: dict[str, Any], client_id: str | None = None) -> None:
    with house.database.writing() as transaction:
        given = read_opening(json.dumps(opening).encode())
        add_shop(transaction, house.vault, "one.myshopify.com", given, client_id=client_id)


def credential(kind: Any, grant: Grant | None = None, client_id: str | None = "id") -> Credential:
    return Credential(kind=kind, client_id=client_id, secret="hush", grant=grant, seen=(b"", None))


def test_a_shop_that_nothing_opens_is_heard_only(looked_at: House) -> None:
    found = one(looked_at, "credentials")
    assert (found.state, found.advice) == ("warn", "backroom shop add one.myshopify.com")
    assert "nothing is fetched" in found.found


def test_a_credential_that_opens_is_well_and_one_that_no_key_fits_is_not(looked_at: House) -> None:
    open_shop(looked_at, {"access_token": "hush"})
    assert one(looked_at, "credentials").state == "ok"
    other = House(looked_at.settings, looked_at.database, Vault(["y" * 40]))
    found = one(other, "credentials")
    assert found.state == "fail"
    assert "no known key opens its credential" in found.found
    assert "BACKROOM_SECRET_KEY" in str(found.advice)


@pytest.mark.parametrize(
    ("held", "state", "said"),
    [
        (credential("access_token"), "ok", "does not expire"),
        (credential("client_secret", client_id=None), "warn", "without its client id"),
        (credential("client_secret"), "ok", "none was needed yet"),
        (
            credential("client_secret", Grant(token="t", expires_at=SOON)),
            "ok",
            "until 2026-11-28 13:00:00Z",
        ),
        (
            credential(
                "offline",
                Grant(token="t", expires_at=BEFORE, refresh_token="r", refresh_expires_at=SOON),
            ),
            "ok",
            "the refresh token until 2026-11-28 13:00:00Z",
        ),
        (
            credential(
                "offline",
                Grant(token="t", expires_at=BEFORE, refresh_token="r", refresh_expires_at=BEFORE),
            ),
            "fail",
            "ended on 2026-11-28 11:00:00Z",
        ),
    ],
)
def test_until_when_a_credential_opens_is_told(held: Credential, state: str, said: str) -> None:
    found = look_at_credential("one.myshopify.com", held, NOW)
    assert found.state == state
    assert said in found.found
    assert "hush" not in repr(found)
    assert (found.advice is None) == (state == "ok")


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 11, 28), "ok"),
        (date(2027, 7, 2), "ok"),
        (date(2027, 7, 3), "warn"),
        (date(2027, 9, 30), "warn"),
        (date(2027, 10, 1), "fail"),
    ],
)
def test_the_end_of_the_api_version_is_announced_for_ninety_days(today: date, state: str) -> None:
    found = look_at_version("2026-10", today)
    assert found.state == state
    assert "2027-10-01" in found.found


def test_the_jobs_database_is_made_with_the_first_run_and_opens_afterwards(looked_at: House) -> None:
    found = one(looked_at, "jobs")
    assert (found.state, "is made with the first run" in found.found) == ("ok", True)
    if looked_at.database.schema is None:
        (looked_at.settings.home / "jobs.db").touch()
    else:
        run_sql(looked_at.database, f'CREATE SCHEMA "{looked_at.database.schema}_jobs"')
    assert one(looked_at, "jobs").state == "ok"


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_jobs_database_that_is_none_is_broken(looked_at: House) -> None:
    (looked_at.settings.home / "jobs.db").write_bytes(b"no database at all " * 99)
    found = one(looked_at, "jobs")
    assert (found.state, "not a database" in found.found) == ("fail", True)
    assert "delete it" in str(found.advice)


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
def test_a_schema_of_the_jobs_that_may_not_be_made_or_used_is_broken(
    looked_at: House, database_url: str
) -> None:
    role, schema = f"poor_{looked_at.database.schema}", f"{looked_at.database.schema}_jobs"
    run_sql(looked_at.database, f'CREATE ROLE "{role}"')
    poor = open_database(f"{database_url}&options=-c%20role%3D{role}", str(looked_at.database.schema))
    try:
        found = one(House(looked_at.settings, poor, VAULT), "jobs")
        assert (found.state, found.advice) == ("fail", f'CREATE SCHEMA "{schema}" AUTHORIZATION "{role}"')
        run_sql(looked_at.database, f'CREATE SCHEMA "{schema}"')
        found = one(House(looked_at.settings, poor, VAULT), "jobs")
        assert (found.state, found.advice) == (
            "fail",
            f'GRANT USAGE, CREATE ON SCHEMA "{schema}" TO "{role}"',
        )
        run_sql(looked_at.database, f'GRANT USAGE ON SCHEMA "{schema}" TO "{role}"')
        assert one(House(looked_at.settings, poor, VAULT), "jobs").state == "fail", "it makes tables there"
        run_sql(looked_at.database, f'GRANT CREATE ON SCHEMA "{schema}" TO "{role}"')
        assert one(House(looked_at.settings, poor, VAULT), "jobs").state == "ok"
        run_sql(looked_at.database, f'DROP SCHEMA "{schema}"')
    finally:
        poor.dispose()
        run_sql(looked_at.database, f'DROP ROLE "{role}"')


def called(house: House, run_id: int) -> str:
    with house.database.reading() as transaction:
        return what(read_run(transaction, run_id))


def run_sql(database: Database, statement: str) -> None:
    with database.writing() as transaction:
        transaction.connection.exec_driver_sql(statement)


def test_the_doctor_names_runs_that_failed_with_their_sentence(looked_at: House) -> None:
    assert one(looked_at, "runs").state == "ok"
    with looked_at.database.reading() as transaction:
        shop_id = ShopId(transaction.execute(text("SELECT id FROM shop")).scalar_one())
    sync, refetch = (ended(looked_at.database, shop_id, kind, REFUSED) for kind in ("sync", "refetch"))
    newest, older = findings(looked_at, "runs")
    assert newest.found == f"run {refetch}, {called(looked_at, refetch)}: {REFUSED}"
    assert "by itself" in str(newest.advice)
    clears = f"once mended, `backroom runs resume {sync}` clears it"
    assert (older.state, older.advice) == ("warn", clears)


def test_the_doctor_looks_at_all_of_it(backroom: Backroom) -> None:
    backroom("shop", "add", "one.myshopify.com", stdin='{"access_token": "t", "webhook_secrets": ["s"]}')
    said = backroom("doctor", "--json")
    assert said.code == 0
    assert {name: row["state"] for row in said.json if (name := row["check"]) in FETCHING} == dict.fromkeys(
        FETCHING, "ok"
    )
