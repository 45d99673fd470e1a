"""The outbox: what has to leave this machine, written with what caused it, and sent by whoever claims it.

Rules of this file:
- A row is added in the transaction of its cause: both stand, or neither.
- A claim is bounded in time; a claimer that dies loses it, and the row is claimed again. Receivers see the row's id,
  so that a second delivery is known as one.
"""

import msgspec

from openpact.adapters.store.engine import Row
from openpact.adapters.store.transaction import Snapshot, Transaction

_COLUMNS = "id, topic, payload, created_at, due_at, attempts"


class Parcel(msgspec.Struct, frozen=True):
    """One thing to be sent."""

    id: str
    topic: str
    payload: str
    created_at: int
    due_at: int
    attempts: int


def add(tx: Transaction, parcel_id: str, topic: str, payload: str, now: int) -> None:
    """Put a parcel into the outbox, due at once."""
    tx.run(
        "INSERT INTO outbox (id, topic, payload, state, created_at, due_at, attempts, claimed_until) "
        "VALUES (?, ?, ?, 'pending', ?, ?, 0, 0)",
        parcel_id,
        topic,
        payload,
        now,
        now,
    )
    tx.announce("outbox", parcel_id)


def claim(tx: Transaction, holder: str, now: int, until: int, limit: int) -> list[Parcel]:
    """Claim the parcels that are due, the oldest first, until that instant."""
    rows = tx.rows(
        "UPDATE outbox SET claimed_by = ?, claimed_until = ?, attempts = attempts + 1 WHERE id IN ("
        "SELECT id FROM outbox WHERE state = 'pending' AND due_at <= ? AND claimed_until <= ? "
        f"ORDER BY due_at, id LIMIT ?{tx.skip_locked}) RETURNING {_COLUMNS}",
        holder,
        until,
        now,
        now,
        limit,
    )
    return sorted((_parcel(row) for row in rows), key=lambda parcel: (parcel.due_at, parcel.id))


def deliver(tx: Transaction, parcel_id: str, holder: str, now: int) -> bool:
    """Note that the parcel arrived; False when the claim was lost meanwhile."""
    return _end(tx, parcel_id, holder, "delivered", now, None)


def bury(tx: Transaction, parcel_id: str, holder: str, now: int, error: str) -> bool:
    """Give up on the parcel, with the reason; False when the claim was lost meanwhile."""
    return _end(tx, parcel_id, holder, "dead", now, error)


def postpone(tx: Transaction, parcel_id: str, holder: str, due_at: int, error: str) -> bool:
    """Let the parcel be tried again later, with the reason; False when the claim was lost meanwhile."""
    changed = tx.run(
        "UPDATE outbox SET claimed_by = NULL, claimed_until = 0, due_at = ?, last_error = ? "
        "WHERE id = ? AND state = 'pending' AND claimed_by = ?",
        due_at,
        error,
        parcel_id,
        holder,
    )
    return changed == 1


def waiting(snapshot: Snapshot) -> int:
    """Say how many parcels have not arrived yet."""
    row = snapshot.row("SELECT count(*) FROM outbox WHERE state = 'pending'")
    return 0 if row is None else int(row[0])


def _end(tx: Transaction, parcel_id: str, holder: str, state: str, now: int, error: str | None) -> bool:
    changed = tx.run(
        "UPDATE outbox SET state = ?, ended_at = ?, last_error = ? "
        "WHERE id = ? AND state = 'pending' AND claimed_by = ?",
        state,
        now,
        error,
        parcel_id,
        holder,
    )
    return changed == 1


def _parcel(row: Row) -> Parcel:
    return Parcel(*row)
