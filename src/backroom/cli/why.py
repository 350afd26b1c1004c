"""`why`: where a value came from."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backroom.cli.output import AsJson, say
from backroom.cli.why_lines import answer_lines, history_lines, lost_lines, sum_lines
from backroom.settings import read_settings
from backroom.vocabulary.errors import Misuse, Unknown
from backroom.vocabulary.ids import GREATEST_ID
from backroom.vocabulary.pages import LARGEST_LIMIT
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from backroom.db.database import Transaction
    from backroom.erp.history import HistoryEntry
    from backroom.erp.why import Why
    from backroom.erp.why_codes import Sought

Field = Annotated[
    str, typer.Argument(help="Like price, title, available; an unknown one lists the known ones.")
]
SkuId = Annotated[
    int | None,
    typer.Option("--id", min=1, max=GREATEST_ID, help="The ERP's id of a SKU, in place of its code."),
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
    code: Annotated[
        str, typer.Argument(help="A SKU code; several SKUs may have it. Not with --id.", show_default=False)
    ] = "",
    field: Field = "",
    number: SkuId = None,
    history: WithHistory = False,
    limit: HistoryLimit = USUAL_HISTORY,
    as_json: AsJson = False,
) -> None:
    """Say which delivery set a SKU's value, when, and what it was before; for stock, at each location.

    `why sku CODE FIELD`; where it has no code, or another one by now, `why sku --id ID FIELD`.
    """
    from backroom.erp.why import OF_ITEM, OF_LEVEL
    from backroom.erp.why_sums import stock_sums

    sought, name = _sought(code, field, number)

    def sums(transaction: "Transaction") -> list[str]:
        return sum_lines(sought, stock_sums(transaction, sought)) if name == "available" else []

    _tell(
        lambda transaction: _of_sku(transaction, sought, name),
        limit if history else 0,
        as_json,
        above=sums,
        none="no stock is known of it" if name in OF_LEVEL + OF_ITEM else "no variant of it is known",
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


def _sought(code: str, field: str, number: int | None) -> "tuple[Sought, str]":
    """The SKU and the field. With an id the field is the one word that was given, and stands in `code`."""
    if number is None and not field:
        raise Misuse("a field is missing: backroom why sku CODE FIELD")
    if number is not None and field:
        raise Misuse("give a code or --id, not both: backroom why sku --id ID FIELD")
    return (code, field) if number is None else (number, code)


def _of_sku(transaction: "Transaction", sought: "Sought", field: str) -> "list[Why]":
    """Raises Unknown: of a code that a SKU had before, with a line for each that had it."""
    from backroom.erp.why import why_sku
    from backroom.erp.why_codes import lost_codes

    try:
        return why_sku(transaction, sought, field)
    except Unknown as unknown:
        if isinstance(sought, int):
            raise
        lost, more = lost_codes(transaction, sought)
        raise Unknown("\n".join([str(unknown), *lost_lines(lost, more, field)])) from None


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
