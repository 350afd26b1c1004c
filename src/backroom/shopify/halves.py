r"""JSON with half of a surrogate pair (`\ud83d` alone), repaired: one body does not stop its neighbours.

Such a half is what is left of an emoji that somebody cut in two; it is no character, and decoders refuse the
whole text for it. Enters: bytes that could not be decoded. Leaves: the same bytes with U+FFFD in its place.
"""

import re
from typing import Final

# An escaped backslash is taken as a whole: what follows it is text, not an escape.
_ESCAPE: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_REPLACEMENT: Final = rb"\ufffd"


def with_whole_characters(text: bytes) -> bytes:
    """The text without halves; the very same object where it has none."""
    mended = _ESCAPE.sub(_mended, text)
    return text if mended == text else mended


def _mended(found: re.Match[bytes]) -> bytes:
    return found[0] if found["half"] is None else _REPLACEMENT
