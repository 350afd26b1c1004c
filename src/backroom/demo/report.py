"""How a verdict is printed: a table of what was compared, and the first differences spelt out.

Enters: a verdict. Leaves: something that Rich can draw, in 80 columns.
"""

from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from backroom.demo.verdict import Difference, Verdict
from backroom.demo.words import spelt_out

SHOWN_DIFFERENCES: Final = 10
LONGEST_VALUE: Final = 120


def report(verdict: Verdict) -> RenderableType:
    """The whole verdict."""
    parts: list[RenderableType] = [_counts(verdict)]
    if verdict.differences:
        parts += [Text(), _differences(verdict.differences)]
    return Group(*parts, Text(), _sentence(verdict))


def _counts(verdict: Verdict) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    rows = (
        ("products", verdict.products, "compared: their listings, and the ERP's products"),
        ("variants", verdict.variants, "compared: their listings' variants, and the ERP's SKUs"),
        ("locations", verdict.stock["location"], "compared, open and closed ones"),
        ("items", verdict.stock["inventory_item"], "compared: inventory items"),
        ("levels", verdict.stock["inventory_level"], "compared: how many lie where"),
        ("fields", verdict.fields, "compared in all"),
        ("deleted", verdict.deleted, "gone from the shop, and inactive here"),
        ("differences", len(verdict.differences), "spelt out below" if verdict.differences else ""),
    )
    for label, number, meaning in rows:
        table.add_row(label, f"{number:,}", meaning)
    return table


def _differences(differences: list[Difference]) -> Group:
    parts = [part for difference in differences[:SHOWN_DIFFERENCES] for part in _spelt_out(difference)]
    left = len(differences) - SHOWN_DIFFERENCES
    return Group(*parts, *([Text(f"and {left:,} more", "dim")] if left > 0 else []))


def _spelt_out(difference: Difference) -> tuple[Text, Text, Text]:
    return (
        Text(f"{difference.what}: {difference.field}", "bold red"),
        _value("should be", difference.wanted),
        _value("is", difference.held),
    )


def _value(label: str, value: object) -> Text:
    text = Text(f"    {label:<10}{spelt_out(value)}")
    text.truncate(LONGEST_VALUE, overflow="ellipsis")
    return text


def _sentence(verdict: Verdict) -> Text:
    if verdict.holds:
        return Text("Everything that the shop has is in the tables, field by field.", "bold green")
    if not verdict.differences:
        return Text("The shop has nothing: there was nothing to compare.", "bold red")
    return Text("The tables are not what the shop says.", "bold red")
