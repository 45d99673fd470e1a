"""The record at rest: events and checkpoints are appended and read, never changed.

Rules of this file:
- There is no UPDATE and no DELETE here, and triggers refuse them elsewhere.
- `append` is called by the ledger, inside the transaction of what it records.
"""

from collections.abc import Iterator

import msgspec

from openpact.adapters.store import chain
from openpact.adapters.store.engine import ConstraintBroken, Row
from openpact.adapters.store.transaction import Snapshot, Transaction
from openpact.domain import audit, errors

_EVENT_COLUMNS = (
    "chain, seq, id, at, type, actor, actor_name, action, target, outcome, "
    "decision_id, request_id, policy_version, details, prev, hash"
)
_PAGE = 1000
_BEYOND = (1 << 63) - 1  # no checkpoint has this number


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are wanted; what is not named does not matter."""

    type: str | None = None
    actor: str | None = None
    target: str | None = None
    outcome: str | None = None
    text: str | None = None
    from_at: int | None = None
    to_at: int | None = None
    before: tuple[int, str] | None = None  # (at, id): only what is older than this event


def append(tx: Transaction, draft: audit.Draft) -> audit.Event:
    """Write the event behind the last one of this transaction's chain."""
    end = chain.end(tx)
    event = audit.link(draft, chain=end.chain, seq=end.seq + 1, prev=end.head)
    written = tx.run(
        f"INSERT INTO audit_events ({_EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *msgspec.structs.astuple(event),
    )
    if written != 1:  # a trigger swallowed it: what is not recorded must not happen
        raise ConstraintBroken(f"event {event.chain}/{event.seq} was not written")
    end.seq, end.head = event.seq, event.hash
    return event


def find(snapshot: Snapshot, wanted: Filter, limit: int) -> list[audit.Event]:
    """Give the newest events that fit, the newest first."""
    where, params = _where(wanted)
    rows = snapshot.rows(
        f"SELECT {_EVENT_COLUMNS} FROM audit_events {where} ORDER BY at DESC, id DESC LIMIT ?",
        *params,
        limit,
    )
    return [_event(row) for row in rows]


def after(snapshot: Snapshot, at: int, event_id: str, wanted: Filter, limit: int) -> list[audit.Event]:
    """Give the events that came after this one, the oldest first."""
    where, params = _where(wanted)
    joined = "WHERE" if not where else where + " AND"
    rows = snapshot.rows(
        f"SELECT {_EVENT_COLUMNS} FROM audit_events {joined} (at, id) > (?, ?) ORDER BY at, id LIMIT ?",
        *params,
        at,
        event_id,
        limit,
    )
    return [_event(row) for row in rows]


def walk(snapshot: Snapshot) -> Iterator[audit.Event]:
    """Give every event of every chain in the order of the chains."""
    name, seq = "", 0
    while True:
        rows = snapshot.rows(
            f"SELECT {_EVENT_COLUMNS} FROM audit_events WHERE (chain, seq) > (?, ?) ORDER BY chain, seq LIMIT ?",
            name,
            seq,
            _PAGE,
        )
        for row in rows:
            yield _event(row)
        if len(rows) < _PAGE:
            return
        name, seq = rows[-1][0], rows[-1][1]


def walk_chain(snapshot: Snapshot, chain_name: str, after_seq: int, until_seq: int) -> Iterator[audit.Event]:
    """Give a chain's events behind one place and up to another."""
    seq = after_seq
    while seq < until_seq:
        rows = snapshot.rows(
            f"SELECT {_EVENT_COLUMNS} FROM audit_events WHERE chain = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
            chain_name,
            seq,
            until_seq,
            _PAGE,
        )
        for row in rows:
            yield _event(row)
        if not rows:
            return
        seq = rows[-1][1]


def hash_at(snapshot: Snapshot, chain_name: str, seq: int) -> str | None:
    """Give the hash of the event at this place."""
    row = snapshot.row("SELECT hash FROM audit_events WHERE chain = ? AND seq = ?", chain_name, seq)
    return None if row is None else str(row[0])


def has_checkpoint(snapshot: Snapshot, checkpoint_hash: str) -> bool:
    """Say whether a checkpoint of this hash is there."""
    return snapshot.row("SELECT 1 FROM audit_checkpoints WHERE hash = ?", checkpoint_hash) is not None


def heads(snapshot: Snapshot) -> dict[str, audit.Head]:
    """Give where every chain ends."""
    rows = snapshot.rows("SELECT chain, seq, head FROM audit_chains WHERE seq > 0 ORDER BY chain")
    return {row[0]: audit.Head(row[1], row[2]) for row in rows}


def take_turn(tx: Transaction) -> None:
    """Wait until no other daemon is sealing, and keep it so until the commit: the row's lock is the turn."""
    tx.run("UPDATE store_identity SET created_at = created_at WHERE one = 1")


def add_checkpoint(tx: Transaction, checkpoint: audit.Checkpoint) -> None:
    """Write a sealed moment behind the last one."""
    tx.run(
        "INSERT INTO audit_checkpoints (number, at, body, hash, key_id, signature) VALUES (?, ?, ?, ?, ?, ?)",
        *msgspec.structs.astuple(checkpoint),
    )


def last_checkpoint(snapshot: Snapshot) -> audit.Checkpoint | None:
    """Give the newest sealed moment."""
    row = snapshot.row(
        "SELECT number, at, body, hash, key_id, signature FROM audit_checkpoints ORDER BY number DESC LIMIT 1"
    )
    return None if row is None else _checkpoint(row)


def newest_checkpoints(snapshot: Snapshot) -> Iterator[audit.Checkpoint]:
    """Give the sealed moments from the newest on, read one by one: the first is mostly the one that is wanted."""
    number: int | None = None
    while True:
        rows = snapshot.rows(
            "SELECT number, at, body, hash, key_id, signature FROM audit_checkpoints WHERE number < ? "
            "ORDER BY number DESC LIMIT 1",
            _BEYOND if number is None else number,
        )
        if not rows:
            return
        yield _checkpoint(rows[0])
        number = rows[0][0]


def checkpoints(snapshot: Snapshot) -> list[audit.Checkpoint]:
    """Give every sealed moment, the oldest first."""
    rows = snapshot.rows("SELECT number, at, body, hash, key_id, signature FROM audit_checkpoints ORDER BY number")
    return [_checkpoint(row) for row in rows]


def _where(wanted: Filter) -> tuple[str, list[object]]:
    parts: list[str] = []
    params: list[object] = []
    for column, value in (("type", wanted.type), ("target", wanted.target), ("outcome", wanted.outcome)):
        if value is not None:
            parts.append(f"{column} = ?")
            params.append(value)
    if wanted.actor is not None:
        parts.append("(actor = ? OR actor_name = ?)")
        params += [wanted.actor, wanted.actor]
    if wanted.text is not None:
        # The text is a value, not a pattern: its wildcards are escaped.
        like = "%" + wanted.text.replace("!", "!!").replace("%", "!%").replace("_", "!_") + "%"
        columns = ("action", "target", "actor_name", "details")
        parts.append("(" + " OR ".join(f"lower({column}) LIKE lower(?) ESCAPE '!'" for column in columns) + ")")
        params += [like] * len(columns)
    if wanted.from_at is not None:
        parts.append("at >= ?")
        params.append(wanted.from_at)
    if wanted.to_at is not None:
        parts.append("at < ?")
        params.append(wanted.to_at)
    if wanted.before is not None:
        at, event_id = wanted.before
        parts.append("(at, id) < (?, ?)")
        params += [at, event_id]
    return ("WHERE " + " AND ".join(parts) if parts else ""), params


def _event(row: Row) -> audit.Event:
    # Converted, not just built: a hand at an SQLite file can put anything into any column.
    try:
        return msgspec.convert(dict(zip(audit.Event.__struct_fields__, row, strict=True)), audit.Event)
    except msgspec.ValidationError as fault:
        raise errors.StoreCorrupt(f"Event {row[0]}/{row[1]} of the record has no readable form: {fault}.") from fault


def _checkpoint(row: Row) -> audit.Checkpoint:
    try:
        return msgspec.convert(dict(zip(audit.Checkpoint.__struct_fields__, row, strict=True)), audit.Checkpoint)
    except msgspec.ValidationError as fault:
        raise errors.StoreCorrupt(f"Checkpoint {row[0]} of the record has no readable form: {fault}.") from fault
