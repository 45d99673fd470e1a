"""Where the audit chain ends: read once a transaction, moved forward in memory, written down before the commit.

Rules of this file:
- The end is written only if it still is what was read: a second writer of one chain is a fault, never a fork.
- A chain begins at a hash that only this store and this chain name have, so that chains cannot be exchanged.
"""

from openpact.adapters.store.engine import ConstraintBroken
from openpact.adapters.store.transaction import ChainEnd, Snapshot, Transaction
from openpact.domain import audit, errors


def end(tx: Transaction) -> ChainEnd:
    """Give where this transaction's chain ends now; the first event of a new chain makes it."""
    if tx.pending.chain_end is None:
        row = tx.row("SELECT seq, head FROM audit_chains WHERE chain = ?", tx.chain)
        if row is None:
            first = audit.genesis(store_id(tx), tx.chain)
            tx.run("INSERT INTO audit_chains (chain, seq, head) VALUES (?, 0, ?)", tx.chain, first)
            row = (0, first)
        tx.pending.chain_end = ChainEnd(tx.chain, row[0], row[1], row[0], row[1])
    return tx.pending.chain_end


def write_end(tx: Transaction) -> None:
    """Write down where the chain ends, as the last change before the commit."""
    now = tx.pending.chain_end
    if now is None or now.seq == now.stored_seq:
        return
    moved = tx.run(
        "UPDATE audit_chains SET seq = ?, head = ? WHERE chain = ? AND seq = ? AND head = ?",
        now.seq,
        now.head,
        now.chain,
        now.stored_seq,
        now.stored_head,
    )
    if moved != 1:
        raise ConstraintBroken(f"audit chain {now.chain} was moved by somebody else")


def store_id(snapshot: Snapshot) -> str:
    """Give the identity of this store, made once with its first migration."""
    row = snapshot.row("SELECT id FROM store_identity")
    if row is None:
        raise errors.StoreCorrupt("The store has lost its identity.")
    return str(row[0])
