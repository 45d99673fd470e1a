"""PostgreSQL, spoken to through psycopg 3; the rest of what differs stands in engine.py.

Rules of this file:
- A lost connection is never used again, and what was in flight on it is unavailable, not done.
- The database's clock decides, since several machines share it: it is measured once a minute, not asked every time.
"""

import functools
import threading
import time
import urllib.parse
from collections.abc import Sequence
from typing import Any, cast

from openpact.adapters.store.engine import BUSY_SECONDS, Connection, ConstraintBroken, Durability, Row
from openpact.domain import errors

try:
    import psycopg
    from psycopg import sql as psycopg_sql
except ImportError as fault:  # the extra is not installed
    raise errors.ConfigInvalid(
        "The store is on PostgreSQL, and its client is not installed.", hint="Run: pip install 'openpact[postgres]'"
    ) from fault

_MIGRATION_LOCK = 0x0FE4_AC70
_CHAIN_LOCK = 0x0FE4_AC71
_MEASURE_SECONDS = 60.0
_RETRY_SECONDS = 10.0
_MAX_CHAINS = 10_000


class PostgresEngine:
    """A database on a server that several daemons may share."""

    name = "postgres"
    skip_locked = " FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        self.url = url
        self._clock_lock = threading.Lock()
        self._ahead = 0
        self._measured_at: float | None = None

    def connect(self, *, reading: bool = False) -> Connection:
        """Connect; autocommit, so that transactions are said and never implied."""
        try:
            raw = psycopg.connect(self.url, autocommit=True, connect_timeout=5, application_name="openpact")
        except psycopg.ProgrammingError:
            # The client repeats the part of the URL that it cannot read, which may be the password.
            raise errors.StoreUnavailable(
                "The store's URL is not one that PostgreSQL's client can read.",
                hint="Write % @ / ? # in a password as %25 %40 %2F %3F %23.",
            ) from None
        except psycopg.Error as fault:
            host = urllib.parse.urlsplit(self.url).hostname or "its socket"
            raise errors.StoreUnavailable(
                f"PostgreSQL at {host} cannot be reached: {_first_line(fault)}.",
                hint="Check that it runs and that store.url names its host, database, user and password.",
            ) from fault
        connection = PostgresConnection(raw)
        connection.execute(f"SET lock_timeout = '{int(BUSY_SECONDS)}s'")
        connection.execute("SET idle_in_transaction_session_timeout = '60s'")
        if reading:
            connection.execute("SET default_transaction_read_only = on")
        return connection

    def claim_chain(self, connection: Connection) -> str:
        """Take the first chain that no other daemon holds; the lock ends with the connection."""
        for number in range(1, _MAX_CHAINS):
            if connection.execute("SELECT pg_try_advisory_lock(?, ?)", (_CHAIN_LOCK, number)) == [(True,)]:
                return f"c{number}"
        raise errors.StoreUnavailable("Every audit chain is held by another daemon.")

    def lock_for_migration(self, connection: Connection) -> None:
        """Wait for any other migrator, until the end of the transaction."""
        connection.execute("SELECT pg_advisory_xact_lock(?)", (_MIGRATION_LOCK,))

    def run_script(self, connection: Connection, script: str) -> None:
        """Run all statements at once; the server splits them."""
        cast("PostgresConnection", connection).run_text(script)

    def is_empty(self, connection: Connection) -> bool:
        """Say whether our tables may be made here: the schema may hold others' tables beside ours."""
        return not self.has_table(connection, "store_identity")

    def has_table(self, connection: Connection, table: str) -> bool:
        """Say whether the search path leads to this table."""
        return connection.execute("SELECT to_regclass(?) IS NOT NULL", (table,)) == [(True,)]

    def now(self) -> int:
        """Give the database's clock, by the distance to ours as last measured."""
        mark = time.monotonic()
        if self._measured_at is None:
            with self._clock_lock:
                self._ahead = self._measure()
                self._measured_at = mark
        elif mark - self._measured_at > _MEASURE_SECONDS and self._clock_lock.acquire(blocking=False):
            # One measures, the others go on with the last distance: a database that is silent stops nobody.
            try:
                self._measured_at = mark - _MEASURE_SECONDS + _RETRY_SECONDS
                self._ahead = self._measure()
                self._measured_at = mark
            except errors.StoreUnavailable:
                pass  # the last distance is as good as a minute ago; what needs the store will say that it is away
            finally:
                self._clock_lock.release()
        return time.time_ns() // 1000 + self._ahead

    def _measure(self) -> int:
        connection = self.connect(reading=True)
        try:
            before = time.time_ns() // 1000
            rows = connection.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            after = time.time_ns() // 1000
        finally:
            connection.close()
        return int(rows[0][0]) - (before + after) // 2


class PostgresConnection:
    """One psycopg connection in autocommit mode."""

    def __init__(self, raw: "psycopg.Connection[Any]") -> None:
        self._raw = raw
        self._changed = 0

    def execute(self, sql: str, params: Sequence[object] = ()) -> list[Row]:
        """Run one statement and give its rows."""
        try:
            cursor = self._raw.execute(psycopg_sql.SQL(cast("Any", _with_percent(sql))), params)
            self._changed = cursor.rowcount
            return cursor.fetchall() if cursor.description is not None else []
        except psycopg.Error as fault:
            raise _postgres_error(fault) from fault

    def run_text(self, script: str) -> None:
        """Run several statements without parameters."""
        try:
            self._raw.execute(script.encode())
        except psycopg.Error as fault:
            raise _postgres_error(fault) from fault

    def changed(self) -> int:
        """Say how many rows the last statement changed."""
        return self._changed

    def begin(self, durability: Durability) -> None:
        """Begin; NORMAL does not wait for the server's disk, FULL does whatever the server's default is."""
        # Both in one round trip.
        self.run_text("BEGIN; SET LOCAL synchronous_commit = " + ("on" if durability else "off"))

    def begin_reading(self) -> None:
        """See one state of the database."""
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    def commit(self) -> None:
        """Commit. A connection lost here leaves the end unknown: it is reported as neither done nor undone."""
        if self._raw.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            # A job went on after a failed statement: the server would undo it all, and say so without an error.
            raise errors.StoreUnavailable("The store failed: the transaction was given up, and nothing has happened.")
        try:
            self.execute("COMMIT")
        except errors.StoreUnavailable as fault:
            if self.alive():
                raise
            raise errors.OutcomeUnknown("The store was lost while it committed.") from fault

    def rollback(self) -> None:
        """Undo; on a lost connection the server has done so by itself."""
        try:
            self._raw.rollback()
        except psycopg.Error:
            self._raw.close()

    def alive(self) -> bool:
        """Say whether the connection is open and outside any transaction."""
        return not self._raw.closed and self._raw.info.transaction_status == psycopg.pq.TransactionStatus.IDLE

    def close(self) -> None:
        """End the connection."""
        self._raw.close()

    def listen(self, channel: str) -> None:
        """Ask to hear what is notified on the channel."""
        self.execute(f"LISTEN {channel}")

    def heard(self, seconds: float) -> list[str]:
        """Wait at most so long, and give what was notified meanwhile."""
        try:
            return [note.payload for note in self._raw.notifies(timeout=seconds, stop_after=1)]
        except psycopg.Error as fault:
            raise _postgres_error(fault) from fault


@functools.lru_cache(maxsize=1024)
def _with_percent(sql: str) -> str:
    # `?` parameters the way psycopg wants them; our SQL holds no question mark in a text.
    return sql.replace("%", "%%").replace("?", "%s")


def _first_line(fault: psycopg.Error) -> str:
    lines = str(fault).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(fault).__name__


def _postgres_error(fault: psycopg.Error) -> Exception:
    text = _first_line(fault)
    busy = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
    if isinstance(fault, psycopg.errors.DiskFull):
        return errors.StoreFull("The disk that holds the store is full.")
    if isinstance(fault, busy):
        return errors.StoreBusy(f"Another transaction holds what this one needs: {text}.")
    if isinstance(fault, psycopg.errors.DataCorrupted | psycopg.errors.IndexCorrupted):
        return errors.StoreCorrupt(f"The database is damaged: {text}.")
    if isinstance(fault, psycopg.IntegrityError):
        return ConstraintBroken(text)
    return errors.StoreUnavailable(f"The store failed: {text}.")
