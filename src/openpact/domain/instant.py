"""Instants: whole microseconds since 1970 in UTC, and their one text form.

Rules of this file:
- Inside the product an instant is an `int` of microseconds: exact, sortable, the same on every database engine.
- The text form is RFC 3339 in UTC with six decimals, so that sorting texts sorts instants.
"""

import datetime as dt

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def as_text(at: int) -> str:
    """Give the instant as `2026-02-05T10:30:00.000000Z`."""
    return (_EPOCH + dt.timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def as_short_text(at: int) -> str:
    """Give the instant to the second, for lines that people read."""
    return (_EPOCH + dt.timedelta(microseconds=at)).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> int:
    """Read an RFC 3339 instant with an offset or `Z`. Raises ValueError."""
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs a UTC offset or Z")
    return (moment - _EPOCH) // dt.timedelta(microseconds=1)


def from_date_or_text(text: str) -> int:
    """Read an RFC 3339 instant, or a date as the instant at which it begins in UTC. Raises ValueError."""
    return from_text(f"{text}T00:00:00Z" if len(text) == len("2026-02-05") else text)
