"""Throttles: how often something may be tried inside a window, counted where every daemon counts.

Rules of this file:
- A try is counted before it is made: many at once cannot slip through together.
"""

from openpact.adapters.store.transaction import Transaction


def take(tx: Transaction, name: str, now: int, window: int, limit: int) -> int | None:
    """Count one try; None when it may be made, else the instant from which one may be made again."""
    row = tx.row(
        "INSERT INTO throttles (name, window_at, used) VALUES (?, ?, 1) "
        "ON CONFLICT (name) DO UPDATE SET "
        "used = CASE WHEN throttles.window_at <= ? THEN 1 ELSE throttles.used + 1 END, "
        "window_at = CASE WHEN throttles.window_at <= ? THEN excluded.window_at ELSE throttles.window_at END "
        "RETURNING used, window_at",
        name,
        now,
        now - window,
        now - window,
    )
    if row is None or row[0] <= limit:
        return None
    return int(row[1]) + window


def give_back(tx: Transaction, name: str) -> None:
    """Take one try off the count: it was no guess."""
    tx.run("UPDATE throttles SET used = used - 1 WHERE name = ? AND used > 0", name)


def forget(tx: Transaction, before: int) -> None:
    """Remove windows that began before that instant."""
    tx.run("DELETE FROM throttles WHERE window_at < ?", before)
