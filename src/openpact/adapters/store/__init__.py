"""The store: one database, SQLite or PostgreSQL, the only place in the house that speaks SQL.

    store = open_store("sqlite:////srv/openpact.db")
    with store.reading() as snapshot: ...
    store.write(lambda tx: ...)               # in this thread, one commit
    await wrap_future(store.submit(job))      # shares its commit with whoever else waits

Rules of this file:
- Changes belong to the ledger: a contract of the build lets nobody else call `write` and `submit`.
- The nouns (people, tokens, audit, …) are modules of functions that take the transaction first.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import TypeVar

from openpact.adapters.store.address import open_engine
from openpact.adapters.store.changes import Changes, Listener
from openpact.adapters.store.engine import Connection, ConstraintBroken, Durability, Engine
from openpact.adapters.store.migration import migrate
from openpact.adapters.store.transaction import Change, Snapshot, Transaction
from openpact.adapters.store.writer import Job, Writer
from openpact.domain import errors

__all__ = ["Change", "ConstraintBroken", "Durability", "Engine", "Snapshot", "Store", "Transaction", "open_store"]

T = TypeVar("T")

_MAX_IDLE_READERS = 8


class Store:
    """One open database."""

    def __init__(self, engine: Engine, schema: int) -> None:
        self.engine = engine
        self.schema = schema
        self._changes = Changes(engine)
        self._writer = Writer(engine, self._changes.told_here)
        self._lock = threading.Lock()
        self._idle: list[Connection] = []

    @contextmanager
    def reading(self) -> Iterator[Snapshot]:
        """Give one consistent view of the database for the length of the block."""
        connection = self._reader()
        try:
            yield Snapshot(connection, self.engine.skip_locked)
        finally:
            connection.rollback()
            self._put_back(connection)

    def write(self, job: Job[T], durability: Durability = Durability.FULL) -> T:
        """Run the job in a transaction of its own and give its result after the commit."""
        return self._writer.run(job, durability)

    def submit(self, job: Job[T], durability: Durability = Durability.FULL) -> "Future[T]":
        """Queue the job; it shares its commit with whatever else is waiting."""
        return self._writer.submit(job, durability)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener after every commit that announced something; the answer ends that."""
        return self._changes.listen(listener)

    def now(self) -> int:
        """Give the clock that decides."""
        return self.engine.now()

    def close(self) -> None:
        """Finish what waits and close every connection."""
        self._writer.close()
        self._changes.close()
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _reader(self) -> Connection:
        while True:
            with self._lock:
                idle = self._idle.pop() if self._idle else None
            connection = idle or self.engine.connect(reading=True)
            try:
                connection.begin_reading()
            except errors.StoreUnavailable:
                connection.close()
                if idle is None:
                    raise
                continue  # the server was restarted while this one lay idle
            return connection

    def _put_back(self, connection: Connection) -> None:
        with self._lock:
            if connection.alive() and len(self._idle) < _MAX_IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()


def open_store(url: str) -> Store:
    """Open the database that the URL names and bring it to this version's schema. Raises a Store… error."""
    engine = open_engine(url)
    return Store(engine, migrate(engine))
