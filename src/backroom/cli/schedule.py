"""`schedule`: which runs begin by themselves, how often, and how the last one went."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from backroom.cli.output import AsJson, room, say, show
from backroom.cli.paging import ShopOption
from backroom.cli.runs import OUR_SHOPS
from backroom.cli.spans import day_or_time
from backroom.settings import read_settings
from backroom.vocabulary.errors import Misuse

if TYPE_CHECKING:
    from backroom.db.database import Transaction
    from backroom.jobs.scheduled import Scheduled
    from backroom.shops.shops import Shop

KindArgument = Annotated[str, typer.Argument(help="sync, reconcile, webhooks, refetch or retention.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A shop's schedule of one kind. `next`: an instant, or why there is none."""

    shop: str
    kind: str
    every: str
    on: str
    last_fired: datetime | None
    next: datetime | str
    last_run: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortLine:
    """The same where there is less room: a line of 80 cells, and below it what it waits for or did last."""

    shop: str
    kind: str
    every: str
    on: str
    last: str | None
    next: str
    below: str | None


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="The runs that begin by themselves.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("set")(set_)
    group.command("on")(on)
    group.command("off")(off)
    app.add_typer(group, name="schedule")


def list_(shop: ShopOption = None, as_json: AsJson = False) -> None:
    """List the schedules: how often, when next, and how the last run went."""
    from backroom import compose
    from backroom.jobs.scheduled import Scheduled, read_scheduled
    from backroom.resources.registry import BY_PLURAL

    settings = read_settings()
    with compose.open_house(settings) as house, house.database.reading() as transaction:
        domain = None if shop is None else _shops(transaction, shop)[0].domain
        found = read_scheduled(transaction, BY_PLURAL, settings.public_url, domain)
        now = transaction.now()
    empty = "no shops; add one with `backroom shop add DOMAIN`"
    if as_json:
        show(found, Scheduled, as_json=True, empty=empty)
    else:
        _list(found, now, empty)


def set_(
    kind: KindArgument,
    every: Annotated[
        str | None, typer.Option(metavar="TIME", help="How often: 30s, 10m, 6h, 1d. 0s: a refetch at once.")
    ] = None,
    repair: Annotated[
        bool | None, typer.Option("--repair/--no-repair", help="Whether a reconcile mends what it finds.")
    ] = None,
    shop: ShopOption = None,
) -> None:
    """Change how often a kind of run begins by itself. All shops without --shop."""
    from backroom.jobs.schedules import EVERY_SECONDS, checked_kind, seconds_of, shown_seconds

    checked_kind(kind)
    if every is None and repair is None:
        also = ", or --repair or --no-repair" if kind == "reconcile" else ""
        raise Misuse(
            f"say how often with --every, like --every {shown_seconds(EVERY_SECONDS[kind] or 60)}{also}"
        )
    _change(kind, shop, every_seconds=None if every is None else seconds_of(every), repairs=repair)


def on(kind: KindArgument, shop: ShopOption = None) -> None:
    """Let a kind of run begin by itself again. All shops without --shop."""
    _change(kind, shop, is_on=True)


def off(kind: KindArgument, shop: ShopOption = None) -> None:
    """Let no run of a kind begin by itself. All shops without --shop."""
    _change(kind, shop, is_on=False)


def _change(
    kind: str,
    shop: str | None,
    *,
    every_seconds: int | None = None,
    is_on: bool | None = None,
    repairs: bool | None = None,
) -> None:
    from backroom import compose
    from backroom.jobs.scheduled import read_scheduled
    from backroom.jobs.schedules import checked_kind, set_schedule
    from backroom.resources.registry import BY_PLURAL

    settings = read_settings()
    checked_kind(kind)
    with (
        compose.open_house(settings, tables="migrated") as house,
        house.database.writing() as transaction,
    ):
        shops = _shops(transaction, shop)
        for each in shops:
            set_schedule(
                transaction, each.id, kind, every_seconds=every_seconds, is_on=is_on, repairs=repairs
            )
        now = {
            each.shop: each
            for each in read_scheduled(transaction, BY_PLURAL, settings.public_url)
            if each.kind == kind
        }
    for each in shops:
        line = _line(now[each.domain])
        say(f"{line.shop}: {kind} {line.every}, {line.on}")


def _shops(transaction: "Transaction", domain: str | None) -> "Sequence[Shop]":
    from backroom.shops.shops import checked_domain, list_shops
    from backroom.vocabulary.errors import Unknown

    shops = list_shops(transaction)
    if domain is None:
        if not shops:
            raise Unknown("there is no shop: add one with `backroom shop add DOMAIN`")
        return shops
    found = [each for each in shops if each.domain == checked_domain(domain)]
    if not found:
        raise Unknown(f"no such shop: {checked_domain(domain)}")
    return found


def _list(found: "Sequence[Scheduled]", now: datetime, empty: str) -> None:
    from backroom.cli.table import fits

    lines = [_line(each) for each in found]
    without: set[str] = set() if len({each.shop for each in found}) > 1 else {"shop"}
    if fits(lines, Line, room(), without):
        show(lines, Line, as_json=False, empty=empty, without=without)
        return
    short = [_short(each, line, now) for each, line in zip(found, lines, strict=True)]
    without = {"below", *without}
    show(short, ShortLine, as_json=False, empty=empty, without=without, below=lambda line: line.below)


def _short(found: "Scheduled", line: Line, now: datetime) -> ShortLine:
    waits = found.waits_for if found.is_on and found.next_at is None else None
    at_once = line.next if isinstance(line.next, str) and waits is None else "-"
    return ShortLine(
        shop=found.shop.removesuffix(OUR_SHOPS),
        kind=line.kind,
        every=line.every,
        on=line.on,
        last=None if found.fired_at is None else day_or_time(found.fired_at, now),
        next=at_once if found.next_at is None else day_or_time(found.next_at, now),
        below="; ".join(each for each in (waits, line.last_run) if each) or None,
    )


def _line(found: "Scheduled") -> Line:
    on = "on" if found.is_on else "off"
    return Line(
        shop=found.shop,
        kind=found.kind,
        every=f"each {found.every}" if found.every_seconds else "at once",
        on=f"{on}, repairs" if found.repairs else on,
        last_fired=found.fired_at,
        next=found.next_at or found.waits_for or ("off" if not found.is_on else "when something is wanted"),
        last_run=found.last_run,
    )
