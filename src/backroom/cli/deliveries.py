"""`deliveries`: what Shopify sent, what became of it, and sorting it once more."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated

import msgspec
import typer

from backroom.cli.legible import printable, when
from backroom.cli.output import AsJson, room, say, show
from backroom.cli.paging import Before, Limit, ShopOption, domain_of, gather_from
from backroom.cli.spans import day_or_time
from backroom.ingress.deliveries import DeliveryDetail, DeliveryFilter, DeliverySummary, Outcome, State
from backroom.settings import read_settings
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.shown import ShownBody, json_text

CHARACTERS_SHOWN = 20_000
DeliveryId = Annotated[int, typer.Argument(metavar="ID", min=1, max=GREATEST_ID)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A delivery in the list; --json has all fields. `short`: where a terminal has no room."""

    id: int
    received_at: datetime | str
    topic: str
    about: str | None
    outcome: str

    @classmethod
    def of(cls, found: DeliverySummary, now: datetime, *, short: bool = False) -> "Line":
        outcome = found.outcome if found.state == "sorted" and found.outcome else found.state
        return cls(
            id=found.id,
            received_at=day_or_time(found.received_at, now) if short else found.received_at,
            topic=found.topic,
            about=found.resource_key,
            outcome=f"{outcome}: {found.error}" if found.error else outcome,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="Webhook deliveries as they were received.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("show")(show_)
    group.command("replay")(replay)
    app.add_typer(group, name="deliveries")


def list_(
    topic: Annotated[str | None, typer.Option(help="Only this topic, like products/update.")] = None,
    state: Annotated[State | None, typer.Option(help="Only this state.")] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only this outcome.")] = None,
    shop: ShopOption = None,
    before: Before = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first."""
    from backroom import compose
    from backroom.ingress.deliveries import read_deliveries

    wanted = DeliveryFilter(topic=topic, state=state, outcome=outcome, shop=domain_of(shop))
    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = gather_from(
            lambda place, many: read_deliveries(transaction, wanted, place, many), limit, before
        )
        now = transaction.now()
    if as_json:
        say(json_text(found.rows))
    else:
        _list(found.rows, now)
    found.say_whether_more()


def show_(delivery_id: DeliveryId, as_json: AsJson = False) -> None:
    """Show one delivery with its headers and its body."""
    from backroom import compose
    from backroom.ingress.deliveries import read_delivery

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        found = read_delivery(transaction, delivery_id)
    if as_json:
        say(json_text(found))
    else:
        _print(found)


def replay(
    ids: Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=GREATEST_ID)],
) -> None:
    """Sort deliveries once more. An older version than the one that is held changes nothing."""
    from backroom import compose
    from backroom.ingress.deliveries import replay as make_pending

    with compose.open_house(read_settings()) as house, house.database.writing() as transaction:
        replayed = make_pending(transaction, ids)
    say(f"{replayed} deliveries are pending again")


def _list(rows: list[DeliverySummary], now: datetime) -> None:
    from backroom.cli.table import fits

    lines = [Line.of(row, now) for row in rows]
    if not fits(lines, Line, room()):
        lines = [Line.of(row, now, short=True) for row in rows]
    show(lines, Line, as_json=False, empty="no deliveries")


def _print(found: DeliveryDetail) -> None:
    for field in fields(found):
        value = getattr(found, field.name)
        if field.name not in ("headers", "body") and value is not None:
            say(f"{field.name:<16} {when(value) if isinstance(value, datetime) else printable(str(value))}")
    for name, value in found.headers.items():
        say(f"  {printable(name)}: {printable(value)}")
    say("")
    if found.body.encoding == "base64":
        say("the body is no text; in base64:")
    text = found.body.text if room() is None else indented(found.body)
    shown = text[:CHARACTERS_SHOWN]
    say("\n".join(printable(line) for line in shown.split("\n")))
    if len(shown) < len(text):
        say(f"... {len(text) - len(shown)} more characters; --json has them all")


def indented(body: ShownBody) -> str:
    """JSON over several lines, each number and text as it was received; what is none, as it is."""
    if body.encoding == "base64":
        return body.text
    try:
        return msgspec.json.format(body.text, indent=2)
    except (msgspec.DecodeError, RecursionError):
        return body.text
