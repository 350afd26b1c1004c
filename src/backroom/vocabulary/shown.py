"""What leaves the house for programs: one JSON form of instants, ids and bodies, for the API and the CLI."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec

from backroom.vocabulary.clock import format_instant


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownBody:
    """A body as received: its text where it is UTF-8, else base64 of its bytes."""

    encoding: Literal["text", "base64"]
    text: str


def show_body(raw: bytes) -> ShownBody:
    """Nothing is lost either way: the text encodes to the same bytes again."""
    try:
        return ShownBody(encoding="text", text=raw.decode("utf-8"))
    except UnicodeDecodeError:
        return ShownBody(encoding="base64", text=base64.b64encode(raw).decode("ascii"))


def json_text(value: Any) -> str:
    """JSON of dataclasses, lists and plain values; instants in the one form, ISO-8601 in UTC with a `Z`."""
    plain = msgspec.to_builtins(value, builtin_types=(datetime,))
    return json.dumps(plain, default=format_instant, ensure_ascii=False)


def storable(text: str | None) -> str | None:
    """Foreign text for a column that people read: PostgreSQL takes no NUL."""
    return None if text is None else text.replace("\x00", "\N{REPLACEMENT CHARACTER}")
