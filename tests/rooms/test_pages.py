import base64

import pytest

from backroom.vocabulary.errors import Misuse
from backroom.vocabulary.pages import Place, checked_limit, cursor_of, place_of


@pytest.mark.parametrize("place", [(0,), (1,), (2**63 - 1,), (3, 4, 5)])
def test_a_cursor_leads_back_to_its_place(place: Place) -> None:
    cursor = cursor_of(place)
    assert place_of(cursor, len(place)) == place
    assert place_of(cursor, None) == place
    assert cursor.replace("-", "").replace("_", "").isalnum(), "it fits an address as it is"


def test_no_cursor_is_the_first_page() -> None:
    assert place_of(None, 1) is None
    assert place_of("", 1) is None, "what a loop sends before it has a `next`"


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%%%",
        "ünlesbar",
        cursor_of((1, 2)),
        cursor_of((2**63,)),
        cursor_of((1,)) + "=",
        base64.urlsafe_b64encode(b"-1").decode().rstrip("="),
        base64.urlsafe_b64encode(b"01").decode() + "A",
        base64.urlsafe_b64encode("١".encode()).decode().rstrip("="),
    ],
)
def test_a_cursor_that_is_not_ours_is_refused_with_a_plain_reason(cursor: str) -> None:
    with pytest.raises(Misuse, match="hand back `next`"):
        place_of(cursor, 1)


@pytest.mark.parametrize("limit", [-1, 0, 501])
def test_a_page_holds_1_to_500_rows(limit: int) -> None:
    with pytest.raises(Misuse, match="1 to 500"):
        checked_limit(limit)
    assert (checked_limit(1), checked_limit(500)) == (1, 500)
