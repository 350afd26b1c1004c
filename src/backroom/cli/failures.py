"""`failures`: what waits for a retry or was given up, and what to do about it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from backroom.cli.legible import when
from backroom.cli.output import AsJson, say, show
from backroom.cli.paging import Limit, ShopOption, domain_of, gather
from backroom.settings import read_settings

if TYPE_CHECKING:
    from backroom.flow.failures import Failure

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Like delivery:12 or product:34.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A failure in the list; --json has all fields."""

    id: str
    shop: str
    tried: int
    again_at: str
    reason: str | None

    @classmethod
    def of(cls, found: "Failure") -> "Line":
        return cls(
            id=found.id,
            shop=found.shop,
            tried=found.attempts,
            again_at=when(found.next_attempt_at) if found.next_attempt_at else "given up",
            reason=found.reason,
        )


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="What is parked or given up, with its reason.", no_args_is_help=True)
    group.command("list")(list_)
    group.command("retry")(retry)
    group.command("discard")(discard)
    app.add_typer(group, name="failures")


def list_(limit: Limit = 200, as_json: AsJson = False) -> None:
    """List what waits for a retry (parked) or was given up (dead)."""
    from backroom import compose
    from backroom.flow.failures import read_failures
    from backroom.resources.registry import RESOURCES

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        rows = gather(lambda place, many: read_failures(transaction, RESOURCES, place, many), limit)
    lines = rows if as_json else [Line.of(row) for row in rows]
    show(lines, Line, as_json=as_json, empty="nothing is parked or given up")


def retry(ids: Ids, shop: ShopOption = None) -> None:
    """Try failed rows again now, with all their attempts before them."""
    from backroom import compose
    from backroom.flow.failures import retry as make_due
    from backroom.resources.registry import RESOURCES

    with compose.open_house(read_settings()) as house:
        rows = make_due(house.database, RESOURCES, ids, domain_of(shop))
    say(f"{rows} rows are due again")


def discard(ids: Ids, shop: ShopOption = None) -> None:
    """Give failed rows up for good. ERP rows stay as they are; a newer body is processed as ever."""
    from backroom import compose
    from backroom.flow.failures import discard as let_go
    from backroom.resources.registry import RESOURCES

    with compose.open_house(read_settings()) as house:
        rows = let_go(house.database, RESOURCES, ids, domain_of(shop))
    say(f"{rows} rows are discarded")
