"""The schema of the simulated Admin API, and documents parsed and validated over it.

A text enters; a parsed document, or the errors that graphql-core finds in it, leave. What never happens here:
an answer to a document.
"""

from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    build_schema,
    parse,
    validate,
)

MOST_TEXTS_REMEMBERED: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A document, or why it is none. Only one of the two is there."""

    document: DocumentNode | None
    errors: tuple[GraphQLError, ...]


@cache
def admin_schema() -> GraphQLSchema:
    """Built once for the whole process: it holds no state."""
    return build_schema(files("shopify_simulator.admin").joinpath("schema.graphql").read_text("utf-8"))


@lru_cache(maxsize=MOST_TEXTS_REMEMBERED)
def checked(text: str) -> Checked:
    """Parses and validates; the same text is looked at once."""
    try:
        document = parse(text)
    except GraphQLSyntaxError as error:
        return Checked(document=None, errors=(error,))
    errors = tuple(validate(admin_schema(), document))
    return Checked(document=None if errors else document, errors=errors)
