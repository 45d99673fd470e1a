"""Deeds outside: begun before they leave, ended after; what nobody ended is unknown.

Rules of this file:
- Each move is one conditional UPDATE; it answers whether it happened.
- A late end may still turn unknown into done or failed, never one end into another.
"""

import msgspec

from openpact.adapters.store.transaction import Snapshot, Transaction


class Deed(msgspec.Struct, frozen=True):
    """A deed that was begun."""

    id: str
    actor: str
    actor_name: str
    action: str
    target: str


def begin(tx: Transaction, deed: Deed, holder: str, now: int) -> None:
    """Write down that the deed is about to leave."""
    tx.run(
        "INSERT INTO effects (id, actor, actor_name, action, target, holder, state, begun_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 'begun', ?)",
        deed.id,
        deed.actor,
        deed.actor_name,
        deed.action,
        deed.target,
        holder,
        now,
    )


def end(tx: Transaction, effect_id: str, state: str, now: int) -> bool:
    """Write down how the deed ended; False when that is written already."""
    changed = tx.run(
        "UPDATE effects SET state = ?, ended_at = ? "
        "WHERE id = ? AND (state = 'begun' OR (state = 'unknown' AND ? <> 'unknown'))",
        state,
        now,
        effect_id,
        state,
    )
    return changed == 1


def orphans(snapshot: Snapshot, living: list[str], limit: int) -> list[Deed]:
    """Give deeds that were begun by processes that live no more."""
    marks = ", ".join("?" for _ in living) or "''"
    rows = snapshot.rows(
        "SELECT id, actor, actor_name, action, target FROM effects "
        f"WHERE state = 'begun' AND holder NOT IN ({marks}) ORDER BY begun_at LIMIT ?",
        *living,
        limit,
    )
    return [Deed(*row) for row in rows]
