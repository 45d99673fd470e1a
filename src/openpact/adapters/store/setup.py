"""The one-time code that makes the first administrator: only its hash, how long it lives, and whether it is spent."""

import msgspec

from openpact.adapters.store.transaction import Snapshot, Transaction


class Code(msgspec.Struct, frozen=True):
    """The state of the set-up."""

    code_hash: str | None
    expires_at: int
    finished_at: int | None


def find(snapshot: Snapshot) -> Code | None:
    """Give the state of the set-up, or None when none was ever opened."""
    row = snapshot.row("SELECT code_hash, expires_at, finished_at FROM setup_code WHERE one = 1")
    return None if row is None else Code(*row)


def open_with(tx: Transaction, code_hash: str, expires_at: int) -> bool:
    """Let this code finish the set-up, in place of any earlier one; False when it is finished."""
    row = tx.row(
        "INSERT INTO setup_code (one, code_hash, expires_at) VALUES (1, ?, ?) "
        "ON CONFLICT (one) DO UPDATE SET code_hash = excluded.code_hash, expires_at = excluded.expires_at "
        "WHERE setup_code.finished_at IS NULL RETURNING one",
        code_hash,
        expires_at,
    )
    return row is not None


def finish(tx: Transaction, code_hash: str, now: int) -> bool:
    """Spend the code, once; False when it is another, has ended, or is spent."""
    changed = tx.run(
        "UPDATE setup_code SET finished_at = ?, code_hash = NULL "
        "WHERE one = 1 AND finished_at IS NULL AND code_hash = ? AND expires_at > ?",
        now,
        code_hash,
        now,
    )
    return changed == 1
