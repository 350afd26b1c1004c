import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.shopify.halves import with_whole_characters


@pytest.mark.parametrize(
    ("text", "mended"),
    [
        (rb"a\ud83d", rb"a\ufffd"),
        (rb"\ude00a", rb"\ufffda"),
        (rb"\uD83D\uD83D\uDE00", rb"\ufffd\uD83D\uDE00"),
        (rb"\ud83d\ude00\ude00", rb"\ud83d\ude00\ufffd"),
        (rb"\ude00\ud83d", rb"\ufffd\ufffd"),
        (rb"\ud83d\n\ude00", rb"\ufffd\n\ufffd"),
        (rb"\ud83d\u0041", rb"\ufffd\u0041"),
        (rb"\\ud83d", rb"\\ud83d"),
        (rb"\\\ud83d", rb"\\\ufffd"),
        (rb"\ud83d\\ude00", rb"\ufffd\\ude00"),
        (rb"\ud7ff\ue000", rb"\ud7ff\ue000"),
    ],
)
def test_a_half_becomes_a_replacement_character_and_nothing_else_changes(text: bytes, mended: bytes) -> None:
    assert with_whole_characters(text) == mended
    msgspec.json.decode(b'"' + mended + b'"')


@given(st.lists(st.sampled_from([r"\ud83d", r"\ude00", r"\\", r"\"", "u", "ud83d", r"\u0041", "ä"])))
def test_whatever_is_put_together_can_be_decoded_afterwards(parts: list[str]) -> None:
    text = '{"title":"' + "".join(parts) + '"}'
    msgspec.json.decode(with_whole_characters(text.encode()))


@given(st.text())
def test_what_is_whole_stays_as_it_is(text: str) -> None:
    escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(text.encode("utf-16-le")).cast("H"))
    for written in (msgspec.json.encode(text), escaped.encode()):
        assert with_whole_characters(written) is written
