"""`reprocess`: ERP rows again from the cache, without Shopify. Shows the difference; the workers apply it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backroom.cli.output import AsJson, say, show
from backroom.cli.paging import ShopOption, domain_of
from backroom.resources.registry import BY_PLURAL
from backroom.settings import read_settings
from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.shown import json_text

if TYPE_CHECKING:
    from backroom.flow.reprocess import Finding, Stretch

FINDINGS_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What a line shows; --json has all fields."""

    id: str
    title: str | None
    what: str
    old: Any
    new: Any


@dataclass(slots=True)
class Report:
    """Counts of the walk, and the first findings; memory stays the same however many there are."""

    rows: int = 0
    differences: int = 0
    unreadable: int = 0
    marked: int = 0
    first: "list[Finding]" = field(default_factory=list)

    def count(self, stretches: "Iterable[Stretch]") -> "Iterator[Finding]":
        """Passes the findings on, and counts them."""
        for stretch in stretches:
            self.rows += stretch.rows
            self.marked += stretch.marked
            for finding in stretch.findings:
                if finding.reason is None:
                    self.differences += 1
                else:
                    self.unreadable += 1
                if len(self.first) < FINDINGS_SHOWN:
                    self.first.append(finding)
                yield finding


def register(app: typer.Typer) -> None:
    """Adds this group's commands."""
    app.command()(reprocess)


def reprocess(
    resource: Annotated[str, typer.Argument(help=f"One of: {', '.join(BY_PLURAL)}.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the difference.")] = False,
    shop: ShopOption = None,
    as_json: AsJson = False,
) -> None:
    """Make ERP rows again from the cache, without Shopify; shows the difference.

    Rows that differ are marked, and the workers apply them. With --dry-run nothing is marked.
    Rows that can not be applied are listed, and stay as they are.
    """
    from backroom import compose
    from backroom.flow.reprocess import Reprocessor
    from backroom.worker.heartbeat import read_signs

    if resource not in BY_PLURAL:
        raise Misuse(f"no such resource: {resource[:60]} (there are {', '.join(BY_PLURAL)})")
    report = Report()
    with compose.open_house(read_settings()) as house:
        walk = Reprocessor(house.database, BY_PLURAL[resource], domain_of(shop)).run(marking=not dry_run)
        findings = report.count(walk)
        if as_json:
            _stream(findings)
        else:
            for _ in findings:
                pass
        with house.database.reading() as transaction:
            anybody = any(sign.is_alive for sign in read_signs(transaction))
    if not as_json:
        _print(report, dry_run)
    if report.marked and not anybody:
        typer.echo("no worker is alive: they are applied once `backroom serve` or `worker` runs", err=True)


def _stream(findings: "Iterable[Finding]") -> None:
    """A JSON list, written as it is found."""
    opening = "["
    for finding in findings:
        typer.echo(opening + json_text(finding), nl=False)
        opening = ",\n"
    typer.echo("[]" if opening == "[" else "]")


def _print(report: Report, dry_run: bool) -> None:
    lines = [
        Columns(
            id=finding.id,
            title=finding.title,
            what=finding.reason or _what(finding),
            old=finding.old,
            new=finding.new,
        )
        for finding in report.first
    ]
    if lines:
        show(lines, Columns, as_json=False, empty="")
        say("")
    found = report.differences + report.unreadable
    if found > len(lines):
        say(f"... and {found - len(lines)} more; --json has them all")
    say(
        f"{report.rows} rows looked at: {report.differences} differences,"
        f" {report.unreadable} rows that can not be applied"
    )
    if not dry_run:
        say(f"{report.marked} rows are marked for the workers")


def _what(finding: "Finding") -> str:
    entity = (finding.entity or "").replace("_", " ")
    if finding.field is None:
        return f"{entity} would be new"
    return f"{finding.field} of {entity} {finding.entity_shopify_id or finding.entity_id}"
