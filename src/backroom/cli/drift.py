"""`drift`: what reconciles found, and what to do about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from backroom.cli.labelled import say_fields, say_value
from backroom.cli.output import AsJson, room, say, show
from backroom.cli.paging import Before, Limit, ShopOption, domain_of, gather_from
from backroom.cli.queueing import queue_all, say_whether_anybody_works
from backroom.cli.runs import OUR_SHOPS
from backroom.cli.spans import age, day_or_time
from backroom.drift.findings import Finding, FindingFilter, Kind, Leg, State
from backroom.drift.words import in_words, shown
from backroom.resources.registry import BY_PLURAL
from backroom.settings import read_settings
from backroom.shops.shops import find_shop
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backroom.db.database import Transaction
    from backroom.jobs.requests import NewRun

FindingId = Annotated[int, typer.Argument(metavar="ID", min=1, max=GREATEST_ID)]
FindingIds = Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=GREATEST_ID)]
StateOrAll = Literal[State, "all"]
LONGEST_VALUE: Final = 40
"""Characters of a value in the list; `show` and --json have it whole."""
_APART: Final = frozenset({"ours", "theirs", "differs", "reason", "age_seconds"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A finding in the list, with what differs below; --json has all fields. `short`: where a terminal has no
    room, a line of 80 cells."""

    id: int
    shop: str
    key: str
    title: str | None
    kind: str
    first_seen: datetime | str
    age: str

    @classmethod
    def of(cls, found: Finding, now: datetime, *, short: bool = False) -> "Line":
        first = found.first_seen_at
        return cls(
            id=found.id,
            shop=found.shop.removesuffix(OUR_SHOPS) if short else found.shop,
            key=found.key if short else f"{name_of(found)}:{found.key}",
            title=None if found.title is None else shown(found.title, LONGEST_VALUE),
            kind=found.kind if found.state == "open" else f"{found.kind}, {found.state}",
            first_seen=day_or_time(first, now) if short else first,
            age=age(found.age_seconds),
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="What a reconcile found to differ.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show_)
    group.command("repair")(repair)
    group.command("ignore")(ignore)
    group.command("reopen")(reopen)
    app.add_typer(group, name="drift")


def list_(
    shop: ShopOption = None,
    state: Annotated[StateOrAll, typer.Option(help="Only this state.")] = "open",
    kind: Annotated[Kind | None, typer.Option(help="Only this kind.")] = None,
    leg: Annotated[
        Leg | None, typer.Option(help="cache: of Shopify and the cache; erp: of the cache and the rows.")
    ] = None,
    resource: Annotated[str | None, typer.Option(help=f"Of: {', '.join(BY_PLURAL)}.")] = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List findings, newest first: the open ones, unless --state says otherwise."""
    from backroom import compose
    from backroom.drift.findings import read_findings

    wanted = FindingFilter(
        shop=domain_of(shop),
        state=None if state == "all" else state,
        kind=kind,
        leg=leg,
        resource=None if resource is None else _known(resource),
    )
    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = gather_from(
            lambda place, many: read_findings(transaction, wanted, place, many), limit, before
        )
        now = transaction.now()
    if as_json:
        say(json_text(found.rows))
    else:
        _list(found.rows, now, "nothing is open" if state == "open" else "nothing was found")
    found.say_whether_more()


def show_(finding_id: FindingId, as_json: AsJson = False) -> None:
    """Show one finding with both values, whole."""
    from backroom import compose
    from backroom.drift.findings import read_finding

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = read_finding(transaction, finding_id)
    if as_json:
        say(json_text(found))
        return
    say_fields(found, apart=_APART)
    say_value("age", age(found.age_seconds))
    say_value("ours", shown(found.ours))
    say_value("theirs", shown(found.theirs))
    say_value("differs", differs(found))


def repair(
    finding_ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID...]", min=1, max=GREATEST_ID)
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    shop: ShopOption = None,
    wait: Annotated[bool, typer.Option("--wait", help="Show how it goes, until it is over.")] = False,
) -> None:
    """Mend findings: Shopify is asked about each anew, and its rows are made again.

    Prints one line a run; workers carry the runs. With --wait the exit code is 1 where not all are repaired.
    """
    from backroom import compose
    from backroom.cli.watching import watch

    if bool(finding_ids) == all_:
        raise Misuse("name the findings by their ids, or say --all")
    if shop is not None and not all_:
        raise Misuse("--shop goes with --all: an id is one shop's anyway")
    with compose.open_house(read_settings()) as house:
        with house.database.writing() as transaction:
            if shop is not None:
                find_shop(transaction, shop)  # a typing error is not "nothing is open"
            run_ids, refusals = queue_all(
                transaction, _repairs(transaction, finding_ids or [], domain_of(shop))
            )
        if not run_ids and not refusals:
            say("nothing is open")
            return
        succeeded = watch(house.database, run_ids) if wait else True
        say_whether_anybody_works(house.database)
    if refusals or not succeeded:
        raise typer.Exit(1)


def ignore(finding_ids: FindingIds) -> None:
    """Leave findings alone: not counted, and no reason for a repair, while they differ as they do now.

    A repair of something else of the same key makes all its rows again, what is ignored of them, too.
    """
    from backroom import compose
    from backroom.drift.decisions import ignore_findings

    with compose.open_house(read_settings()) as house, house.database.writing() as transaction:
        ignore_findings(transaction, finding_ids)
    say(f"{_are(finding_ids)} ignored")


def reopen(finding_ids: FindingIds) -> None:
    """Look at ignored findings again: they are open as before."""
    from backroom import compose
    from backroom.drift.decisions import reopen_findings

    with compose.open_house(read_settings()) as house, house.database.writing() as transaction:
        reopen_findings(transaction, finding_ids)
    say(f"{_are(finding_ids)} open")


def name_of(found: Finding) -> str:
    """`product`, as in the ids of failures."""
    resource = BY_PLURAL.get(found.resource)
    return resource.name if resource else found.resource


def differs(found: Finding) -> str:
    """What differs, cut to a line's worth, and why it stays so where that is known."""
    said = in_words(
        leg=found.leg,
        kind=found.kind,
        entity=found.entity,
        entity_id=found.entity_id,
        field=found.field,
        ours=found.ours,
        theirs=found.theirs,
        longest=LONGEST_VALUE,
    )
    return said if found.reason is None else f"{said} ({found.reason})"


def _list(rows: list[Finding], now: datetime, empty: str) -> None:
    """One line a finding, and below it what differs."""
    from backroom.cli.table import fits

    lines = [Line.of(found, now) for found in rows]
    if not fits(lines, Line, room()):
        lines = [Line.of(found, now, short=True) for found in rows]
    below = {found.id: f"{name_of(found)}: {differs(found)}" for found in rows}
    show(lines, Line, as_json=False, empty=empty, below=lambda line: below[line.id])


def _repairs(
    transaction: "Transaction", finding_ids: list[int], domain: str | None
) -> "Iterator[tuple[str, NewRun, str]]":
    from backroom.drift.decisions import all_open, chosen
    from backroom.jobs.reconciling import new_repair

    groups = chosen(transaction, finding_ids) if finding_ids else all_open(transaction, domain)
    for group in groups:
        new = new_repair(transaction, group.shop_id, group.resource, group.finding_ids, "command line")
        yield group.domain, new, "1 finding" if group.number == 1 else f"{group.number:,} findings"


def _known(resource: str) -> str:
    if resource not in BY_PLURAL:
        raise Misuse(f"no such resource: {resource[:60]} (there are {', '.join(BY_PLURAL)})")
    return resource


def _are(finding_ids: list[int]) -> str:
    number = len(set(finding_ids))
    return "1 finding is" if number == 1 else f"{number} findings are"
