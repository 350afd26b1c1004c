"""What readers share: ids are taken apart, and the app's scopes are looked at before anything is answered.

Ids and scopes enter; kinds with numbers, or Shopify's refusal, leave. What never happens here: an answer.
"""

import re
from typing import Final, Protocol

from shopify_simulator.admin.refusals import access_denied, wrong_argument

_GID: Final = re.compile(r"gid://shopify/(\w+)/(\d+)(?:\?.*)?")


class Granted(Protocol):
    """Who looks."""

    @property
    def scopes(self) -> tuple[str, ...]: ...


def parsed(identity: str) -> tuple[str, int]:
    """`gid://shopify/Product/1` -> `Product`, 1. Raises AdminError."""
    found = _GID.fullmatch(identity)
    if found is None:
        raise wrong_argument(f"Invalid global id '{identity}'")
    return found[1], int(found[2])


def need_products(look: Granted, field: str) -> None:
    """Raises AdminError where the app may not read products."""
    need(look, field, "read_products")


def need(look: Granted, field: str, scope: str) -> None:
    """Raises AdminError where the app has neither this scope nor the one to write the same."""
    if not {scope, scope.replace("read_", "write_", 1)} & set(look.scopes):
        raise access_denied(field, scope)
