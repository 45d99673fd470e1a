"""What an engine is: all that differs between SQLite (sqlite.py) and PostgreSQL (postgres.py) stands behind it.

Rules of this file:
- SQL elsewhere is written once, with `?` for parameters, in what both engines speak.
- No foreign exception leaves: each becomes one of ours. What cannot be told apart is unavailable, never success.
- SQLite runs in WAL mode; a transaction says whether it must survive power loss (FULL) or kill -9 alone (NORMAL).
"""

import enum
from collections.abc import Sequence
from typing import Any, Protocol

Row = tuple[Any, ...]

BUSY_SECONDS = 5.0


class Durability(enum.IntEnum):
    """What a commit survives."""

    NORMAL = 0  # the death of this process
    FULL = 1  # the loss of power


class ConstraintBroken(Exception):
    """A CHECK, a key or a trigger refused the statement."""


class Connection(Protocol):
    """One connection to the database, used by one thread at a time."""

    def execute(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Run one statement and give its rows."""

    def changed(self) -> int:
        """Say how many rows the last statement changed."""

    def begin(self, durability: Durability) -> None:
        """Open a transaction that may write."""

    def begin_reading(self) -> None:
        """Open a transaction that sees one state of the database and cannot write."""

    def commit(self) -> None:
        """Make the transaction durable as it was begun."""

    def rollback(self) -> None:
        """Undo the transaction; never raises for a connection that is already lost."""

    def alive(self) -> bool:
        """Say whether the connection may be used again."""

    def close(self) -> None:
        """End the connection."""


class Engine(Protocol):
    """One kind of database."""

    name: str
    skip_locked: str  # what a claiming SELECT adds so that claimers do not wait for each other

    def connect(self, *, reading: bool = False) -> Connection:
        """Open a connection, or raise one of the Store… errors."""

    def claim_chain(self, connection: Connection) -> str:
        """Name the audit chain that this connection may write to, alone, for as long as it lives."""

    def lock_for_migration(self, connection: Connection) -> None:
        """Hold, inside the open transaction, what keeps every other migrator out."""

    def run_script(self, connection: Connection, script: str) -> None:
        """Run the statements of a migration inside the open transaction."""

    def is_empty(self, connection: Connection) -> bool:
        """Say whether the database holds no table at all."""

    def has_table(self, connection: Connection, table: str) -> bool:
        """Say whether the database holds this table."""

    def now(self) -> int:
        """Give the clock that decides: the machine's own, or the database's where several machines share it."""
