"""`why`: where a value came from."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from backroom.cli.output import AsJson, printable, say, when
from backroom.settings import read_settings
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from backroom.erp.why import Why

Field = Annotated[str, typer.Argument(help="Like price, title, status; an unknown one lists the known ones.")]


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    group = typer.Typer(help="Where a value came from.", no_args_is_help=True)
    group.command("sku")(sku)
    group.command("product")(product)
    app.add_typer(group, name="why")


def sku(
    code: Annotated[str, typer.Argument(help="A SKU code; several SKUs may have it.")],
    field: Field,
    as_json: AsJson = False,
) -> None:
    """Say which delivery set a SKU's value, when, and what it was before."""
    from backroom import compose
    from backroom.erp.why import why_sku

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        answers = why_sku(transaction, code, field)
    _show(answers, as_json)


def product(
    product_id: Annotated[
        str, typer.Argument(metavar="ID", help="Shopify's product id, else the ERP's id or external id.")
    ],
    field: Field,
    as_json: AsJson = False,
) -> None:
    """Say which delivery set a product's value, when, and what it was before."""
    from backroom import compose
    from backroom.erp.why import why_product

    with compose.open_house(read_settings()) as house, house.database.reading() as transaction:
        answers = why_product(transaction, product_id, field)
    _show(answers, as_json)


def _show(answers: "list[Why]", as_json: bool) -> None:
    if as_json:
        say(json_text(answers))
        return
    for number, answer in enumerate(answers):
        if number:
            say("")
        for line in _lines(answer):
            say(line)
    if not answers:
        say("no row has this field: the SKU or product has no listing")


def _lines(answer: "Why") -> list[str]:
    where = f" of {answer.shop}" if answer.shop else ""
    row = answer.shopify_id or answer.entity_id
    name = f" {printable(answer.name)}" if answer.name else ""
    lines = [
        f"{answer.entity.replace('_', ' ')} {row}{name}{where}",
        f"  {answer.field} is {_value(answer.value)}",
    ]
    if answer.at is None:
        return [*lines, "  the history does not say since when"]
    triggered = f", triggered {when(answer.triggered_at)}" if answer.triggered_at else ""
    by = f"delivery {answer.delivery_id} ({printable(answer.topic or '')}{triggered})"
    lines.append(f"  since {when(answer.at)}, by {by if answer.delivery_id else 'no delivery'}")
    before = "it was created with this value" if answer.created else f"before, it was {_value(answer.before)}"
    return [*lines, f"  {before}"]


def _value(value: Any) -> str:
    if value is None:
        return "empty"
    return printable(value if isinstance(value, str) else json_text(value))
