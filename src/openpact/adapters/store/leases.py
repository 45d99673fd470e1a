"""Leases: who does a job that only one may do, for a bounded time.

Rules of this file:
- A lease is taken only when it is free, ended, or already ours; one statement decides, so that two cannot both win.
- The epoch grows with every new holder: what an earlier holder still does late can be told apart.
"""

from openpact.adapters.store.transaction import Snapshot, Transaction


def take(tx: Transaction, name: str, holder: str, now: int, ends_at: int) -> int | None:
    """Take or renew the lease and give its epoch, or None when another holds it."""
    row = tx.row(
        "INSERT INTO leases (name, holder, epoch, expires_at) VALUES (?, ?, 1, ?) "
        "ON CONFLICT (name) DO UPDATE SET "
        "epoch = CASE WHEN leases.holder = excluded.holder THEN leases.epoch ELSE leases.epoch + 1 END, "
        "holder = excluded.holder, expires_at = excluded.expires_at "
        "WHERE leases.holder = excluded.holder OR leases.expires_at <= ? "
        "RETURNING epoch",
        name,
        holder,
        ends_at,
        now,
    )
    return None if row is None else int(row[0])


def give_back(tx: Transaction, name: str, holder: str) -> None:
    """End our lease now, so that the next one need not wait. The row stays, and with it the epoch."""
    tx.run("UPDATE leases SET expires_at = 0 WHERE name = ? AND holder = ?", name, holder)


def holder(snapshot: Snapshot, name: str, now: int) -> str | None:
    """Say who holds the lease now."""
    row = snapshot.row("SELECT holder FROM leases WHERE name = ? AND expires_at > ?", name, now)
    return None if row is None else str(row[0])


def living(snapshot: Snapshot, prefix: str, now: int) -> list[str]:
    """Give the names of the running leases that begin so."""
    rows = snapshot.rows("SELECT name FROM leases WHERE expires_at > ? ORDER BY name", now)
    return [row[0] for row in rows if row[0].startswith(prefix)]


def forget(tx: Transaction, prefix: str, before: int) -> None:
    """Remove leases of this kind that ended before that instant."""
    tx.run("DELETE FROM leases WHERE expires_at < ? AND substr(name, 1, ?) = ?", before, len(prefix), prefix)
