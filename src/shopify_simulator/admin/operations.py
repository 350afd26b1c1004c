"""Bulk operations: what each is asked for, how far it came, and where its file lies.

What never happens here: a product (`export.py`), or HTTP.

Source: shopify.dev/docs/api/usage/bulk-operations/queries, and the object BulkOperation of 2026-10.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

Status = Literal["CREATED", "RUNNING", "COMPLETED", "CANCELING", "CANCELED", "FAILED", "EXPIRED"]
OVER: Final = frozenset({"COMPLETED", "CANCELED", "FAILED", "EXPIRED"})


@dataclass(slots=True, kw_only=True)
class Operation:
    """One bulk operation. The bulk's lock is held while it changes; single fields are read without it."""

    number: int
    query: str
    created_at: datetime
    folder: Path
    status: Status = "CREATED"
    error_code: str | None = None
    completed_at: datetime | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None
    has_file: bool = False
    """The file is whole, and has at least one line."""
    has_partial_file: bool = False
    key: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    """What its address is signed with."""

    @property
    def over(self) -> bool:
        return self.status in OVER

    @property
    def file(self) -> Path:
        return self.folder / f"bulk-{self.number}.jsonl"
