"""How the demo looks: tables for a terminal of 80 columns."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from demo.story import Row, Sent

WIDTH: Final = 80
COLOURS: Final = {
    "cached": "green",
    "duplicate": "yellow",
    "stale": "yellow",
    "parked": "red",
    "dead": "red",
}


class Stage:
    """Prints. Foreign text goes in as `Text`, so that no square bracket of it is read as markup."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        self.console.width = min(self.console.width, WIDTH)

    def title(self, text: str) -> None:
        self.console.print()
        self.console.print(Rule(Text(text, "bold"), align="left", style="dim"))

    def say(self, text: str, style: str = "") -> None:
        self.console.print(Padding(Text(text, style), (0, 0, 0, 2)))

    def command(self, arguments: Sequence[str], output: str) -> None:
        """A command and what it said."""
        self.say(f"$ backroom {' '.join(arguments)}", "bold cyan")
        self.say(output)

    def deliveries(self, sent: Sequence[Sent], became: Mapping[str, str]) -> None:
        table = _table(("#", "right"), ("what Shopify sent", "left"), ("outcome", "left"), ("so", "left"))
        for number, each in enumerate(sent, start=1):
            outcome = "duplicate" if each.answer == "duplicate" else became.get(each.webhook_id, "?")
            table.add_row(
                str(number),
                Text(each.what),
                Text(outcome, COLOURS.get(outcome, "")),
                Text(each.became, "dim"),
            )
        self._print(table)

    def rows(self, rows: Sequence[Row]) -> None:
        table = _table(("product", "left"), ("SKU", "left"), ("price", "right"), ("active", "left"))
        before = ""
        for row in rows:
            active = Text("yes", "green") if row.active else Text("no", "yellow")
            table.add_row(
                Text(row.product if row.product != before else ""), Text(row.code), row.price, active
            )
            before = row.product
        self._print(table)
        shared = sorted(code for code, number in Counter(row.code for row in rows).items() if number > 1)
        for code in shared:
            self.say(
                f"{code} is on two products of the shop: both are kept, and `doctor` reports it", "yellow"
            )

    def pairs(self, pairs: Iterable[tuple[str, str]]) -> None:
        """What is meant, and a sentence about it."""
        table = Table.grid(padding=(0, 2, 0, 0))
        for name, said in pairs:
            table.add_row(Text(name, "bold"), Text(said))
        self._print(table)

    def _print(self, table: Table) -> None:
        self.console.print(Padding(table, (0, 0, 0, 2)))


def _table(*columns: tuple[str, Any]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, justify in columns:
        table.add_column(name, justify=justify, overflow="fold")
    return table
