"""What a check of the doctor yields, and what a check is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


Check = Callable[["House"], Iterator[Finding]]
