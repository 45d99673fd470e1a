"""What code may do with the store while it holds a transaction.

Rules of this file:
- A Snapshot reads one state of the database; a Transaction may also change it and announce what changed.
- An announcement is heard only after the commit, and never when there was none.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from openpact.adapters.store.engine import Connection, Row


@dataclass(frozen=True)
class Change:
    """Something that changed: what kind of thing, and which. Topic `*` means: look at everything again."""

    topic: str
    key: str


class Snapshot:
    """One consistent view of the database."""

    # What a SELECT adds inside a transaction that may write, where others write at the same time: a row that a right
    # hangs on must stay as it was read, and a row that is about to change must be waited for.
    share = ""
    hold = ""

    def __init__(self, connection: Connection, skip_locked: str) -> None:
        self._connection = connection
        self.skip_locked = skip_locked

    def rows(self, sql: str, *params: object) -> list[Row]:
        """Give all rows of a query."""
        return self._connection.execute(sql, params)

    def row(self, sql: str, *params: object) -> Row | None:
        """Give the first row of a query, or None."""
        rows = self._connection.execute(sql, params)
        return rows[0] if rows else None


@dataclass
class ChainEnd:
    """Where the audit chain ends inside this transaction, and whether that is written down yet."""

    chain: str
    seq: int
    head: str
    stored_seq: int
    stored_head: str


@dataclass
class Mark:
    """A moment inside a transaction, and what was promised until then."""

    changes: int
    notes: int
    chain_end: ChainEnd | None


@dataclass
class Pending:
    """What a transaction has promised for the moment of its commit."""

    changes: list[Change] = field(default_factory=list)
    notes: list[Callable[[], None]] = field(default_factory=list)
    chain_end: ChainEnd | None = None


class Transaction(Snapshot):
    """A transaction that may change the database."""

    def __init__(self, connection: Connection, skip_locked: str, chain: str) -> None:
        super().__init__(connection, skip_locked)
        self.chain = chain
        if skip_locked:
            self.share, self.hold = " FOR SHARE", " FOR UPDATE"
        self.pending = Pending()

    def run(self, sql: str, *params: object) -> int:
        """Run a statement and say how many rows it changed."""
        self._connection.execute(sql, params)
        return self._connection.changed()

    def announce(self, topic: str, key: str) -> None:
        """Tell every daemon, after the commit, that this thing changed."""
        self.pending.changes.append(Change(topic, key))

    def afterwards(self, note: Callable[[], None]) -> None:
        """Call this after the commit, in the committing thread; it must be quick and must not raise."""
        self.pending.notes.append(note)

    def savepoint(self) -> Mark:
        """Remember this moment, so that one job of a group can be undone without the others."""
        self._connection.execute("SAVEPOINT job")
        end = self.pending.chain_end
        kept = None if end is None else ChainEnd(end.chain, end.seq, end.head, end.stored_seq, end.stored_head)
        return Mark(len(self.pending.changes), len(self.pending.notes), kept)

    def release(self) -> None:
        """Forget the last remembered moment: what came after it stands."""
        self._connection.execute("RELEASE SAVEPOINT job")

    def rollback_to(self, mark: Mark) -> None:
        """Undo everything since the mark, promises included."""
        self._connection.execute("ROLLBACK TO SAVEPOINT job")
        self._connection.execute("RELEASE SAVEPOINT job")
        del self.pending.changes[mark.changes :]
        del self.pending.notes[mark.notes :]
        self.pending.chain_end = mark.chain_end
