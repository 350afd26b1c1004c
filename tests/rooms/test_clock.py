"""Instants: aware and in UTC, or refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backroom.vocabulary.clock import (
    SystemClock,
    aware,
    format_instant,
    instant_or_none,
    parse_instant,
    to_the_minute,
)

NAIVE = datetime(2026, 1, 1)  # noqa: DTZ001 (the very thing that is refused)
READ = {
    "2026-01-01T00:00:00Z": datetime(2026, 1, 1, tzinfo=UTC),
    "2026-01-01T00:00:00+00:00": datetime(2026, 1, 1, tzinfo=UTC),
    "2025-12-31T19:00:00-05:00": datetime(2026, 1, 1, tzinfo=UTC),
    "2026-01-01T05:45:00+05:45": datetime(2026, 1, 1, tzinfo=UTC),
    "2026-01-01T00:00:00.5Z": datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC),
    "2026-01-01T00:00:00.123456789Z": datetime(2026, 1, 1, 0, 0, 0, 123_456, tzinfo=UTC),
    "2026-01-01 00:00:00Z": datetime(2026, 1, 1, tzinfo=UTC),
    "9999-12-31T23:59:59.999999Z": datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
}
REFUSED = [
    "",
    "now",
    "2026-01-01",
    "2026-01-01T00:00:00",
    "2026-13-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-01-01T25:00:00Z",
    "2026-01-01T00:00:00+99:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
    "1767225600",
    "2026-01-01T00:00:00Z" * 1_000,
]


@pytest.mark.parametrize("text", READ)
def test_an_instant_is_read_into_utc(text: str) -> None:
    assert parse_instant(text) == instant_or_none(text) == READ[text]
    assert parse_instant(text).utcoffset() == timedelta(0)


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an instant") as raised:
        parse_instant(text)
    assert len(str(raised.value)) < 200
    assert instant_or_none(text) is None


def test_a_missing_instant_is_none() -> None:
    assert instant_or_none(None) is None


@given(st.text(max_size=40))
def test_reading_never_breaks_otherwise(text: str) -> None:
    instant = instant_or_none(text)
    assert instant is None or instant.utcoffset() == timedelta(0)


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-11)), timezone(timedelta(hours=5))])
    )
)
def test_what_is_shown_reads_back_the_same(instant: datetime) -> None:
    try:
        shown = format_instant(instant)
    except OverflowError:
        assert instant.year in (1, 9999)
        return
    assert shown.endswith("Z")
    assert len(shown) == 27
    assert parse_instant(shown) == instant


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(TypeError, match="naive"):
        aware(NAIVE)
    with pytest.raises(TypeError, match="naive"):
        format_instant(NAIVE)


def test_the_machines_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)


def test_a_sentence_says_an_instant_to_the_minute_in_utc() -> None:
    assert to_the_minute(parse_instant("2026-11-29T13:26:59.999999+05:45")) == "2026-11-29 07:41 UTC"


def test_a_sentence_refuses_a_naive_instant() -> None:
    with pytest.raises(TypeError):
        to_the_minute(parse_instant("2026-11-29T13:26:59Z").replace(tzinfo=None))
