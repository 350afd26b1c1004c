"""What a check of the doctor yields, and what a check is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from backroom.compose import House


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report. `advice` says what to do where `state` is not ok."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    advice: str | None = None


def on_a_line(finding: Finding) -> Finding:
    """Its advice behind what was found. In a pipe nothing is wrapped, and a column of its own would begin
    behind the longest sentence of all."""
    if finding.advice is None:
        return finding
    return replace(finding, found=f"{finding.found}; {finding.advice}", advice=None)


Check = Callable[["House"], Iterator[Finding]]
