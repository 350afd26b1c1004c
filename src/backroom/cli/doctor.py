"""`doctor`: looks at the house and says, for each thing, whether it is well and what to do if not.

Each check is a function that yields findings; one that can not look says so, and the others go on.
"""

import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from backroom.cli.doctor_address import look_for_address
from backroom.cli.doctor_fetching import FETCHING
from backroom.cli.doctor_findings import Check, Finding, on_a_line
from backroom.cli.output import AsJson, room, show
from backroom.settings import KEY_FILE, Settings, read_settings
from backroom.vocabulary.errors import BackroomError

if TYPE_CHECKING:
    from backroom.compose import House

CODES_SHOWN = 5


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Check settings, files, database, secrets and workers; exit code 1 if something is broken."""
    findings = examine(read_settings())
    if as_json or room() is not None:
        show(findings, Finding, as_json=as_json, empty="")
    else:
        show(list(map(on_a_line, findings)), Finding, as_json=False, empty="", without={"advice"})
    if any(finding.state == "fail" for finding in findings):
        raise typer.Exit(1)


def examine(settings: Settings) -> list[Finding]:
    """All findings, in the order in which the things depend on each other."""
    from backroom import compose

    findings = [Finding(check="settings", state="ok", found="all BACKROOM_ variables are understood")]
    try:
        with compose.open_house(settings, tables="any") as house:
            findings.extend(_files(settings))
            migrated = _examined("database", _database, house)
            findings.extend(migrated)
            if all(finding.state != "fail" for finding in migrated):
                for name, check in CHECKS.items():
                    findings.extend(_examined(name, check, house))
    except BackroomError as error:
        findings.append(Finding(check="home", state="fail", found=str(error), advice="mend this first"))
    return findings


def _examined(name: str, check: Check, house: "House") -> Sequence[Finding]:
    try:
        return list(check(house))
    except BackroomError as error:
        return [Finding(check=name, state="fail", found=str(error), advice="see that the database answers")]


def _files(settings: Settings) -> Iterator[Finding]:
    yield _private(settings.home, "home", 0o700)
    key_file = settings.home / KEY_FILE
    if settings.secret_key is not None:
        yield Finding(check="key", state="ok", found="from BACKROOM_SECRET_KEY")
    else:
        yield _private(key_file, "key", 0o600)


def _private(path: Path, check: str, mode: int) -> Finding:
    found = stat.S_IMODE(path.stat().st_mode)
    if found & 0o077:
        advice = f"chmod {mode:o} {path}"
        return Finding(
            check=check, state="warn", found=f"{path} is open to others ({found:o})", advice=advice
        )
    return Finding(check=check, state="ok", found=f"{path} is its owner's only")


def _database(house: "House") -> Iterator[Finding]:
    from backroom import compose

    reason = compose.missing(house.database)
    yield Finding(check="database", state="ok", found="it answers")
    if reason is None:
        yield Finding(check="tables", state="ok", found="at this version's")
    else:
        yield Finding(check="tables", state="fail", found=reason, advice="backroom db upgrade")


def _journal(house: "House") -> Iterator[Finding]:
    if house.database.schema is not None:
        return
    with house.database.reading() as transaction:
        mode = transaction.connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    if mode == "wal":
        yield Finding(check="journal", state="ok", found="SQLite writes ahead (WAL)")
    else:
        advice = "put the database on a local disk: WAL needs one"
        yield Finding(check="journal", state="fail", found=f"SQLite's journal mode is {mode}", advice=advice)


def _shops(house: "House") -> Iterator[Finding]:
    from backroom.shops.secrets import unreadable_secrets
    from backroom.shops.shops import list_shops

    with house.database.reading() as transaction:
        shops = list_shops(transaction)
        locked = {shop.domain: unreadable_secrets(transaction, house.vault, shop.id) for shop in shops}
    if not shops:
        yield Finding(check="shops", state="warn", found="there are none", advice="backroom shop add DOMAIN")
    for shop in shops:
        if locked[shop.domain]:
            found = f"{shop.domain}: no known key opens secrets {', '.join(map(str, locked[shop.domain]))}"
            advice = "bring the old key back into BACKROOM_SECRET_KEY, or remove and add the secrets again"
            yield Finding(check="shops", state="fail", found=found, advice=advice)
        elif shop.webhook_secrets == 0:
            advice = f"backroom shop secret add {shop.domain}"
            yield Finding(
                check="shops", state="fail", found=f"{shop.domain} has no webhook secret", advice=advice
            )
        else:
            yield Finding(
                check="shops", state="ok", found=f"{shop.domain}: webhook secrets: {shop.webhook_secrets}"
            )


def _workers(house: "House") -> Iterator[Finding]:
    from backroom.worker.heartbeat import read_signs

    with house.database.reading() as transaction:
        signs = read_signs(transaction)
    alive = [sign for sign in signs if sign.is_alive]
    for sign in alive:
        yield Finding(check="workers", state="ok", found=f"{sign.name}: seen {sign.age_seconds:.0f} s ago")
    if not alive:
        yield Finding(
            check="workers",
            state="warn",
            found="none is alive: nothing is worked on",
            advice="backroom serve",
        )


def _work(house: "House") -> Iterator[Finding]:
    from backroom.flow.status import read_status
    from backroom.resources.registry import RESOURCES

    with house.database.reading() as transaction:
        status = read_status(transaction, RESOURCES)
    for name, number in (("dead", status.dead), ("parked", status.parked)):
        if number:
            yield Finding(check=name, state="warn", found=f"{number} rows", advice="backroom failures list")
        else:
            yield Finding(check=name, state="ok", found="nothing")


def _codes(house: "House") -> Iterator[Finding]:
    from backroom.erp.conflicts import read_code_conflicts

    with house.database.reading() as transaction:
        conflicts = read_code_conflicts(transaction)
    if not conflicts:
        yield Finding(check="codes", state="ok", found="no SKU code is shared within a shop")
    for conflict in conflicts[:CODES_SHOWN]:
        found = f"{conflict.shop}: {len(conflict.variants)} variants share the code {conflict.sku_code!r}"
        yield Finding(
            check="codes", state="warn", found=found, advice="give each variant its own code in Shopify"
        )
    if len(conflicts) > CODES_SHOWN:
        found = f"{len(conflicts) - CODES_SHOWN} more shared codes"
        yield Finding(
            check="codes", state="warn", found=found, advice="give each variant its own code in Shopify"
        )


def _drift(house: "House") -> Iterator[Finding]:
    from backroom.drift.findings import count_open
    from backroom.shops.shops import list_shops

    with house.database.reading() as transaction:
        counts = count_open(transaction)
        domains = {shop.id: shop.domain for shop in list_shops(transaction)}
    if not counts:
        yield Finding(check="drift", state="ok", found="no finding of a reconcile is open")
    for shop_id, number in counts.items():
        found = f"{domains[shop_id]}: {number:,} open"
        yield Finding(check="drift", state="warn", found=found, advice="backroom drift list")


def _warnings(house: "House") -> Iterator[Finding]:
    """But for the version's end, which a check of its own tells."""
    from backroom import compose
    from backroom.jobs.warnings import read_concerns

    with house.database.reading() as transaction:
        concerns = read_concerns(transaction, compose.told_of(house.settings))
    told = [concern for concern in concerns if concern.kind != "version"]
    for concern in told:
        found = f"{concern.shop}: {concern.text}"
        yield Finding(check=concern.kind, state="warn", found=found, advice=concern.advice)
    if not told:
        yield Finding(check="warnings", state="ok", found="there are none")


CHECKS: dict[str, Check] = {
    "journal": _journal,
    "shops": _shops,
    **FETCHING,
    "address": look_for_address,
    "workers": _workers,
    "work": _work,
    "codes": _codes,
    "warnings": _warnings,
    "drift": _drift,
}
