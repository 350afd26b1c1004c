"""What fetching needs, as the doctor looks at it: credentials, the API's version, the jobs' database, runs.

Each check is a function that yields findings. What never happens here: a question to Shopify (`shop test`
asks), or a secret in a finding.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from backroom.cli.doctor_findings import Check, Finding
from backroom.cli.legible import when
from backroom.cli.run_words import what

if TYPE_CHECKING:
    from backroom.compose import House
    from backroom.db.database import Transaction
    from backroom.shops.credentials import Credential
    from backroom.shops.shops import Shop

RUNS_SHOWN: Final = 5


def _credentials(house: "House") -> Iterator[Finding]:
    from backroom.shops.shops import list_shops

    with house.database.reading() as transaction:
        for shop in list_shops(transaction):
            yield _credential(house, transaction, shop)


def _credential(house: "House", transaction: "Transaction", shop: "Shop") -> Finding:
    from backroom.shops.credentials import read_credential
    from backroom.shops.vault import Unreadable

    again = f"backroom shop add {shop.domain}"
    if shop.credential is None:
        found = f"{shop.domain}: nothing opens its API: webhooks are received, and nothing is fetched"
        return Finding(check="credentials", state="warn", found=found, advice=again)
    try:
        credential = read_credential(transaction, house.vault, shop.id)
    except Unreadable:
        found = f"{shop.domain}: no known key opens its credential"
        advice = f"bring the old key back into BACKROOM_SECRET_KEY, or {again} with what Shopify gave you"
        return Finding(check="credentials", state="fail", found=found, advice=advice)
    return look_at_credential(shop.domain, credential, transaction.now())


def look_at_credential(domain: str, credential: "Credential", now: datetime) -> Finding:
    """Whether it opens the shop now, as far as that is known without asking, and until when."""
    again = f"backroom shop add {domain}"
    grant = credential.grant
    if credential.kind == "access_token":
        return Finding(check="credentials", state="ok", found=f"{domain}: a token that does not expire")
    if credential.client_id is None:
        found = f"{domain}: a client secret without its client id gets no token: nothing is fetched"
        return Finding(check="credentials", state="warn", found=found, advice=f"{again} --client-id ID")
    if credential.kind == "client_secret":
        until = None if grant is None else grant.expires_at
        held = f"the present one until {when(until)}" if until else "none was needed yet"
        return Finding(check="credentials", state="ok", found=f"{domain}: tokens by client secret, {held}")
    ends = None if grant is None else grant.refresh_expires_at
    if ends is not None and ends <= now:
        found = f"{domain}: its refresh token ended on {when(ends)}: no further token can be had"
        return Finding(check="credentials", state="fail", found=found, advice=f"{again} with a new pair")
    found = f"{domain}: tokens by refresh, the refresh token until {when(ends) if ends else 'an unknown day'}"
    return Finding(check="credentials", state="ok", found=found)


def _version(house: "House") -> Iterator[Finding]:
    with house.database.reading() as transaction:
        today = transaction.now().date()
    yield look_at_version(house.settings.api_version, today)


def look_at_version(version: str, today: date) -> Finding:
    """By date alone: a version answers for a year at least."""
    from backroom.shopify.access import WARNED_BEFORE, end_of_version

    end = end_of_version(version)
    advice = "a newer Backroom, or BACKROOM_API_VERSION; `backroom shop test` says which ones there are"
    if today >= end:
        found = f"{version} was promised until {end}: Shopify may answer by another one now"
        return Finding(check="api version", state="fail", found=found, advice=advice)
    found = f"{version} is promised until {end}"
    if today >= end - WARNED_BEFORE:
        return Finding(check="api version", state="warn", found=found, advice=advice)
    return Finding(check="api version", state="ok", found=found)


def _jobs(house: "House") -> Iterator[Finding]:
    """Whether a worker could keep what it remembers of its runs."""
    if house.database.schema is None:
        yield _jobs_file(house)
    else:
        yield _jobs_schema(house, f"{house.database.schema}_jobs")


def _jobs_file(house: "House") -> Finding:
    from sqlalchemy import exc

    from backroom.compose import JOBS_FILE
    from backroom.jobs.durable import sqlite_jobs_engine

    path = house.settings.home.absolute() / JOBS_FILE
    if not path.exists():
        return Finding(check="jobs", state="ok", found=f"{path} is made with the first run")
    engine = sqlite_jobs_engine(path)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM sqlite_master")
    except exc.DBAPIError as error:
        advice = "stop all workers and delete it: runs go on from their own rows"
        found = f"{path} can not be opened: {error.orig}"
        return Finding(check="jobs", state="fail", found=found, advice=advice)
    finally:
        engine.dispose()
    return Finding(check="jobs", state="ok", found=f"{path} opens")


def _jobs_schema(house: "House", schema: str) -> Finding:
    from sqlalchemy import text

    with house.database.reading() as transaction:
        exists, may_use, may_make, user, database = transaction.execute(
            text(
                "SELECT n.oid IS NOT NULL, coalesce(has_schema_privilege(n.oid, 'USAGE')"
                " AND has_schema_privilege(n.oid, 'CREATE'), false),"
                " has_database_privilege(current_database(), 'CREATE'), current_user, current_database()"
                " FROM (SELECT 1) AS one LEFT JOIN pg_namespace n ON n.nspname = :schema"
            ),
            {"schema": schema},
        ).one()
    if exists and may_use:
        return Finding(check="jobs", state="ok", found=f"schema {schema} is there")
    if exists:
        advice = f'GRANT USAGE, CREATE ON SCHEMA "{schema}" TO "{user}"'
        found = f"{user} may not use the schema {schema}"
    elif may_make:
        return Finding(check="jobs", state="ok", found=f"schema {schema} is made with the first run")
    else:
        advice = f'CREATE SCHEMA "{schema}" AUTHORIZATION "{user}"'
        found = f"{user} may not make the schema {schema} in {database}"
    return Finding(check="jobs", state="fail", found=found, advice=advice)


def _runs(house: "House") -> Iterator[Finding]:
    from backroom.jobs.lately import failed_lately, what_clears

    with house.database.reading() as transaction:
        failed = failed_lately(transaction)
    if not failed:
        yield Finding(check="runs", state="ok", found="none has failed within a day")
    for run in failed[:RUNS_SHOWN]:
        found = f"run {run.id}, {what(run)}: {run.error}"
        yield Finding(check="runs", state="warn", found=found, advice=what_clears(run))
    if len(failed) > RUNS_SHOWN:
        found = f"{len(failed) - RUNS_SHOWN} more have failed"
        advice = "backroom runs list --state failed"
        yield Finding(check="runs", state="warn", found=found, advice=advice)


FETCHING: Final[dict[str, Check]] = {
    "credentials": _credentials,
    "api version": _version,
    "jobs": _jobs,
    "runs": _runs,
}
