"""Shopify's search syntax, as far as a catalogue's reader needs it: a text enters, a test of things leaves.

`updated_at:>='2026-10-10T12:00:00Z' AND status:ACTIVE`: terms side by side, or joined by AND, all have to
hold. A value with a colon needs quotes; without them, and for a field that there is not, Shopify ignores the
term and says so in `extensions.search`. What is not simulated (OR, NOT, brackets, words without a field) is
refused loudly, so that no test passes by a filter that did nothing.

Source: shopify.dev/docs/api/usage/search-syntax.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from shopify_simulator.admin.refusals import wrong_argument
from shopify_simulator.shop.product import Product

Test = Callable[[Any], bool]
Fields = Mapping[str, tuple[Callable[[Any], Any], Callable[[str], Any]]]
"""What can be searched by: how a thing's value is taken, and how the text of a wanted one is read."""

_TERM: Final = re.compile(
    r"""\s*(?P<field>\w+):(?P<sign><=|>=|<|>|)(?:'(?P<one>[^']*)'|"(?P<two>[^"]*)"|(?P<bare>[^\s'"()]+))(?=\s|$)"""
)
_AND: Final = re.compile(r"\s+AND\s+|\s+")
_SIGNS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "": lambda held, wanted: bool(held == wanted),
    "<": lambda held, wanted: bool(held < wanted),
    "<=": lambda held, wanted: bool(held <= wanted),
    ">": lambda held, wanted: bool(held > wanted),
    ">=": lambda held, wanted: bool(held >= wanted),
}


def instant(text: str) -> datetime:
    """Without an offset it is in UTC."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def _word(text: str) -> str:
    return text.casefold()


def _of(take: Callable[[Product], Any]) -> Callable[[Any], Any]:
    return take


OF_PRODUCTS: Final[Fields] = {
    "id": (_of(lambda product: product.id), int),
    "updated_at": (_of(lambda product: product.updated_at), instant),
    "created_at": (_of(lambda product: product.created_at), instant),
    "status": (_of(lambda product: product.status), _word),
    "handle": (_of(lambda product: product.handle.casefold()), _word),
    "vendor": (_of(lambda product: product.vendor.casefold()), _word),
    "product_type": (_of(lambda product: product.product_type.casefold()), _word),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What a query asks for. `warnings`: terms that were ignored, as Shopify tells of them."""

    tests: tuple[Test, ...] = ()
    warnings: tuple[dict[str, str], ...] = ()

    def finds(self, thing: Any) -> bool:
        return all(test(thing) for test in self.tests)


def search_of(query: str | None, fields: Fields = OF_PRODUCTS) -> Search:
    """Raises AdminError for what is not simulated."""
    tests: list[Test] = []
    warnings: list[dict[str, str]] = []
    rest = (query or "").strip()
    while rest:
        term = _TERM.match(rest)
        if term is None:
            raise wrong_argument(f"the simulator does not know this search: {rest}")
        made = _test_of(term, fields)
        if isinstance(made, dict):
            warnings.append(made)
        else:
            tests.append(made)
        rest = rest[term.end() :]
        if joint := _AND.match(rest):
            rest = rest[joint.end() :]
    return Search(tests=tuple(tests), warnings=tuple(warnings))


def _test_of(term: re.Match[str], fields: Fields) -> Test | dict[str, str]:
    """A test, or the warning about a term that is ignored."""
    field, bare = term["field"], term["bare"]
    if field not in fields:
        return {"field": field, "code": "invalid_field", "message": "Invalid search field for this query."}
    take, parse = fields[field]
    try:
        if bare is not None and ":" in bare:
            raise ValueError("a colon needs quotes")
        wanted = parse(next(text for text in (term["one"], term["two"], bare) if text is not None))
    except ValueError:
        message = f"Input `{bare or term[0].strip()}` is not an accepted value."
        return {"field": field, "code": "invalid_value", "message": message}
    holds = _SIGNS[term["sign"]]
    return lambda thing: holds(take(thing), wanted)
