"""Instants: exact microseconds in UTC, and their one text form."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openpact.domain import instant

START = 1_770_287_400_000_000
FIRST, LAST = instant.from_text("1000-01-01T00:00:00Z"), instant.from_text("9999-12-31T23:59:59.999999Z")
instants = st.integers(min_value=FIRST, max_value=LAST)


@pytest.mark.promise("API-1.07", "ARC-4.10")
def test_an_instant_is_shown_as_rfc_3339_in_utc_with_six_decimals() -> None:
    assert instant.as_text(START) == "2026-02-05T10:30:00.000000Z"
    assert instant.as_text(START + 1) == "2026-02-05T10:30:00.000001Z"
    assert instant.as_text(0) == "1970-01-01T00:00:00.000000Z"
    assert instant.as_text(-1) == "1969-12-31T23:59:59.999999Z"


def test_an_instant_for_people_ends_at_the_second_and_never_runs_ahead() -> None:
    assert instant.as_short_text(START) == "2026-02-05T10:30:00Z"
    assert instant.as_short_text(START + 999_999) == "2026-02-05T10:30:00Z"


@pytest.mark.promise("API-1.07")
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-02-05T10:30:00Z", START),
        ("2026-02-05T10:30:00.000001Z", START + 1),
        ("2026-02-05T10:30:00.5Z", START + 500_000),
        ("2026-02-05T11:30:00+01:00", START),
        ("2026-02-05T00:00:00-10:30", START),
        ("1970-01-01T00:00:00+00:00", 0),
    ],
)
def test_an_instant_is_read_in_utc_whatever_offset_it_was_written_with(text: str, at: int) -> None:
    assert instant.from_text(text) == at


@pytest.mark.promise("ARC-4.10")
@pytest.mark.parametrize("text", ["2026-02-05T10:30:00", "2026-02-05"])
def test_a_time_without_an_offset_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match="offset"):
        instant.from_text(text)


@pytest.mark.parametrize(
    "text", ["", "now", "2026-02-30T10:30:00Z", "2026-13-01T10:30:00Z", "2026-02-05T25:00:00Z", "1"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instant.from_text(text)


@given(instants)
def test_every_instant_is_read_back_as_it_was_written(at: int) -> None:
    assert instant.from_text(instant.as_text(at)) == at


@given(instants, instants)
def test_sorting_the_texts_sorts_the_instants(one: int, two: int) -> None:
    assert (instant.as_text(one) < instant.as_text(two)) == (one < two)


@given(instants, st.integers(min_value=-23 * 60, max_value=23 * 60))
def test_the_offset_moves_nothing(at: int, minutes: int) -> None:
    zone = dt.timezone(dt.timedelta(minutes=minutes))
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=at)
    if dt.datetime(1000, 1, 2, tzinfo=dt.UTC) < moment < dt.datetime(9999, 12, 30, tzinfo=dt.UTC):
        assert instant.from_text(moment.astimezone(zone).isoformat()) == at


def test_the_lengths_of_time_are_what_their_names_say() -> None:
    assert (instant.SECOND, instant.MINUTE, instant.HOUR, instant.DAY) == (10**6, 6 * 10**7, 36 * 10**8, 864 * 10**8)


def test_a_date_is_the_instant_at_which_it_begins_and_an_instant_is_itself() -> None:
    assert instant.as_text(instant.from_date_or_text("2027-01-31")) == "2027-01-31T00:00:00.000000Z"
    assert instant.from_date_or_text("2027-01-31T12:00:00+02:00") == instant.from_text("2027-01-31T10:00:00Z")
    for text in ("2027-01-32", "20270131", "soon", "", "2027-01-31T12:00:00", "0123456789"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            instant.from_date_or_text(text)
