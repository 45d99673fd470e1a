"""SQLite, through the standard library; the rest of what differs stands in postgres.py.

Rules of this file:
- The file is made for its owner alone, before SQLite would make it readable by everybody.
- A transaction takes the write lock at its beginning: none fails half way for want of it.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from openpact.adapters.store.engine import BUSY_SECONDS, Connection, ConstraintBroken, Durability, Row
from openpact.domain import errors

_LOG_RETRY_SECONDS = 0.01


class SqliteEngine:
    """A database in one file."""

    name = "sqlite"
    skip_locked = ""  # SQLite has one writer at a time

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self, *, reading: bool = False) -> Connection:
        """Open the file; it is made, for its owner alone, when it is not there."""
        try:
            # Made by us first: SQLite would make it with the modes of the umask, readable by everybody. And only when
            # it is not there: closing any descriptor of the file drops every lock that this process holds on it, and
            # the next process to leave the database would then delete the log under our feet.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            pass
        except OSError as fault:
            raise errors.StoreUnavailable(
                f"The database {self.path} cannot be opened: {fault.strerror}.",
                hint="Check that its folder exists and that this user may write there.",
            ) from fault
        return SqliteConnection(self.path, reading=reading)

    def claim_chain(self, connection: Connection) -> str:
        """One chain for the file: its write lock admits one writer at a time."""
        del connection
        return "c1"

    def lock_for_migration(self, connection: Connection) -> None:
        """Nothing to do: the open transaction holds the only write lock."""

    def run_script(self, connection: Connection, script: str) -> None:
        """Run statement by statement, since SQLite's own script runner would commit first."""
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""

    def is_empty(self, connection: Connection) -> bool:
        """Say whether the file holds no table."""
        return not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1")

    def has_table(self, connection: Connection, table: str) -> bool:
        """Say whether the file holds this table."""
        return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,)))

    def now(self) -> int:
        """Give the machine's clock."""
        return time.time_ns() // 1000


class SqliteConnection:
    """One SQLite connection in autocommit mode: transactions are said, never implied."""

    def __init__(self, path: Path, *, reading: bool) -> None:
        self._durability = Durability.FULL
        self._changed = 0
        try:
            self._raw = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as fault:
            raise _sqlite_error(fault) from fault
        try:
            self._keep_a_log()
            self.execute("PRAGMA synchronous=FULL")
            self.execute("PRAGMA foreign_keys=ON")
            self.execute("PRAGMA trusted_schema=OFF")  # a planted view must not call functions
            if reading:
                self.execute("PRAGMA query_only=ON")
        except BaseException:
            self._raw.close()
            raise

    def _keep_a_log(self) -> None:
        if self.execute("PRAGMA journal_mode") == [("wal",)]:
            return
        tables = {name for (name,) in self.execute("SELECT name FROM sqlite_master")}
        if tables and "schema_migrations" not in tables:
            return  # somebody else's file: it stays as it is, and the migration refuses it
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                mode = self.execute("PRAGMA journal_mode=WAL")
                break
            except errors.StoreBusy:  # another process is making the same file; here SQLite does not wait by itself
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOG_RETRY_SECONDS)
        if mode != [("wal",)]:
            raise errors.StoreUnavailable(
                "The database's file system cannot keep a write-ahead log.", hint="Put the store on a local disk."
            )

    def execute(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        try:
            cursor = self._raw.execute(sql, params)
            rows = cursor.fetchall()
        except (sqlite3.Error, sqlite3.Warning) as fault:
            raise _sqlite_error(fault) from fault
        self._changed = cursor.rowcount
        return rows

    def changed(self) -> int:
        """Say how many rows the last statement changed."""
        return self._changed

    def begin(self, durability: Durability) -> None:
        """Take the write lock at once, so that no transaction fails half way for want of it."""
        if durability != self._durability:
            self.execute("PRAGMA synchronous=FULL" if durability else "PRAGMA synchronous=NORMAL")
            self._durability = durability
        self.execute("BEGIN IMMEDIATE")

    def begin_reading(self) -> None:
        """See one state of the database."""
        self.execute("BEGIN")

    def commit(self) -> None:
        """Commit, or roll back and raise."""
        try:
            self.execute("COMMIT")
        except BaseException:
            self.rollback()
            raise

    def rollback(self) -> None:
        """Undo; SQLite has often done so by itself after a grave error."""
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")

    def alive(self) -> bool:
        """A file does not hang up; a connection inside a transaction is not reusable."""
        return not self._raw.in_transaction

    def close(self) -> None:
        """End the connection."""
        self._raw.close()


def _sqlite_error(fault: sqlite3.Error | sqlite3.Warning) -> Exception:
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    return _SQLITE_ERRORS.get(code, _unknown)(str(fault))


def _unknown(text: str) -> Exception:
    return errors.StoreUnavailable(f"The store failed: {text}.")


def _unreachable(text: str) -> Exception:
    return errors.StoreUnavailable(
        f"The database file cannot be opened and written: {text}.",
        hint="Check that store.url names a file, that its folder exists, and that this user may write both.",
    )


_SQLITE_ERRORS: dict[int, Callable[[str], Exception]] = {
    sqlite3.SQLITE_BUSY: lambda _: errors.StoreBusy("Another process holds the store's write lock."),
    sqlite3.SQLITE_LOCKED: lambda _: errors.StoreBusy("Another statement holds the store's lock."),
    sqlite3.SQLITE_CANTOPEN: _unreachable,
    sqlite3.SQLITE_READONLY: _unreachable,
    sqlite3.SQLITE_FULL: lambda _: errors.StoreFull("The disk that holds the store is full."),
    sqlite3.SQLITE_CORRUPT: lambda text: errors.StoreCorrupt(f"The database is damaged: {text}."),
    sqlite3.SQLITE_NOTADB: lambda text: errors.StoreCorrupt(f"The database is damaged: {text}."),
    sqlite3.SQLITE_CONSTRAINT: ConstraintBroken,
}
