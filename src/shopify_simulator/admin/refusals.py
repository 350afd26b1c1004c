"""What the Admin API refuses, as GraphQL errors: a message and a code, as Shopify writes them.

What never happens here: HTTP, whose refusals stand in `endpoints.py`.
"""

from typing import Any


class AdminError(Exception):
    """A field that is not answered. `extensions` goes into the error as it is, `code` included."""

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = extensions


def access_denied(field: str, scope: str) -> AdminError:
    """The app was not granted this scope."""
    return AdminError(
        f"Access denied for {field} field. Required access: `{scope}` access scope.",
        code="ACCESS_DENIED",
        documentation="https://shopify.dev/api/usage/access-scopes",
        requiredAccess=f"`{scope}` access scope.",
    )


def wrong_argument(message: str) -> AdminError:
    """An argument that validates, and makes no sense."""
    return AdminError(message, code="BAD_REQUEST")
