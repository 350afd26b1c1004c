"""What leaves the house for people, and what of foreign words may come in."""

from backroom.vocabulary.shown import storable


def test_what_postgres_can_not_store_of_foreign_words_is_replaced() -> None:
    assert storable("a\x00b") == "a\N{REPLACEMENT CHARACTER}b"
    assert storable(None) is None
