"""`why`: where a value came from."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backroom.cli.output import AsJson, say
from backroom.cli.why_lines import answer_lines, history_lines, sum_lines
from backroom.settings import read_settings
from backroom.vocabulary.pages import LARGEST_LIMIT
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from backroom.db.database import Transaction
    from backroom.erp.history import HistoryEntry
    from backroom.erp.why import Why

Field = Annotated[
    str, typer.Argument(help="Like price, title, available; an unknown one lists the known ones.")
]
WithHistory = Annotated[bool, typer.Option("--history", help="List the changes of it, too, newest first.")]
HistoryLimit = Annotated[
    int, typer.Option("--limit", min=1, max=LARGEST_LIMIT, help="How many changes at most, with --history.")
]
USUAL_HISTORY: Final = 20


@dataclass(frozen=True, slots=True)
class _Told:
    """An answer, and its history where it was asked for; `more`: there are older entries."""

    answer: "Why"
    entries: "list[HistoryEntry]"
    more: bool


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="Where a value came from.", no_args_is_help=True)
    group.command("sku")(sku)
    group.command("product")(product)
    app.add_typer(group, name="why")


def sku(
    code: Annotated[str, typer.Argument(help="A SKU code; several SKUs may have it.")],
    field: Field,
    history: WithHistory = False,
    limit: HistoryLimit = USUAL_HISTORY,
    as_json: AsJson = False,
) -> None:
    """Say which delivery set a SKU's value, when, and what it was before; for stock, at each location."""
    from backroom.erp.why import OF_ITEM, OF_LEVEL, why_sku
    from backroom.erp.why_sums import stock_sums

    def sums(transaction: "Transaction") -> list[str]:
        return sum_lines(code, stock_sums(transaction, code)) if field == "available" else []

    _tell(
        lambda transaction: why_sku(transaction, code, field),
        limit if history else 0,
        as_json,
        above=sums,
        none="no stock is known of it" if field in OF_LEVEL + OF_ITEM else "no variant of it is known",
    )


def product(
    product_id: Annotated[
        str, typer.Argument(metavar="ID", help="Shopify's product id, else the ERP's id or external id.")
    ],
    field: Field,
    history: WithHistory = False,
    limit: HistoryLimit = USUAL_HISTORY,
    as_json: AsJson = False,
) -> None:
    """Say which delivery set a product's value, when, and what it was before."""
    from backroom.erp.why import why_product

    _tell(
        lambda transaction: why_product(transaction, product_id, field),
        limit if history else 0,
        as_json,
        above=lambda _: [],
        none="it has no listing",
    )


def _tell(
    ask: "Callable[[Transaction], list[Why]]",
    limit: int,
    as_json: bool,
    *,
    above: "Callable[[Transaction], list[str]]",
    none: str,
) -> None:
    """`limit` 0: without the history. `above`: lines for people, first; `none`: where nothing answers."""
    from backroom import compose

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        told = [_told(transaction, answer, limit) for answer in ask(transaction)]
        first = [] if as_json else above(transaction)
    if as_json:
        say(json_text([_plain(each) if limit else each.answer for each in told]))
        return
    blocks = [first] if first else []
    blocks += [[*answer_lines(each.answer), *_history(each)] for each in told]
    say("\n\n".join("\n".join(lines) for lines in blocks or [[none]]))


def _told(transaction: "Transaction", answer: "Why", limit: int) -> _Told:
    from backroom.erp.history import read_history

    if not limit:
        return _Told(answer, [], False)
    # A level that is disconnected, and connected again, tells why its number counted for a while or not.
    shown = [answer.field] if answer.level is None else [answer.field, "is_active"]
    page = read_history(transaction, answer.entity, answer.entity_id, shown, None, limit)
    return _Told(answer, page.items, page.next is not None)


def _plain(told: _Told) -> dict[str, Any]:
    """The answer's fields, and `history`."""
    own = {field.name: getattr(told.answer, field.name) for field in fields(told.answer)}
    return {**own, "history": told.entries}


def _history(told: _Told) -> list[str]:
    lines = history_lines(told.entries, told.answer.field)
    return [*lines, "  there are older ones: see --limit"] if told.more else lines
