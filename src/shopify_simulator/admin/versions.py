"""The API's versions: which there are, which of them answers, and until when.

Source: shopify.dev/docs/api/usage/versioning: one that is no more is answered by the oldest one that is.
"""

from typing import Final

SUPPORTED: Final = ("2026-01", "2026-04", "2026-07", "2026-10")
CANDIDATE: Final = "2027-01"
UNSTABLE: Final = "unstable"


def answering(asked: str, supported: tuple[str, ...] = SUPPORTED) -> str:
    """The version that answers a request for another one."""
    return asked if asked in {*supported, CANDIDATE, UNSTABLE} else supported[0]


def listed(supported: tuple[str, ...] = SUPPORTED) -> list[tuple[str, str, bool]]:
    """Handle, name, and whether it is supported, the oldest first."""
    stable = [
        (handle, handle + (" (Latest)" if handle == supported[-1] else ""), True) for handle in supported
    ]
    return [*stable, (CANDIDATE, f"{CANDIDATE} (Release candidate)", False), (UNSTABLE, UNSTABLE, False)]
