"""The one place that commits: a job at a time from any thread, or many waiting jobs in one commit.

Rules of this file:
- One write transaction at a time in this process; a job never opens another inside its own.
- In a group each job stands or falls alone, but all are durable, or none, when the group's commit returns.
- A job's result is given only after the commit. A commit that fails fails every job of the group.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog

from openpact import faults
from openpact.adapters.store import chain
from openpact.adapters.store.engine import Connection, Durability, Engine
from openpact.adapters.store.transaction import Change, Mark, Pending, Transaction
from openpact.domain import errors

T = TypeVar("T")
_log = structlog.get_logger("openpact.store")
Job = Callable[[Transaction], T]

MAX_GROUP = 256  # bounds how long the first of a group waits for the last


@dataclass
class _Waiting:
    job: Job[Any]
    durability: Durability
    future: "Future[Any]" = field(default_factory=Future)
    result: Any = None
    fault: BaseException | None = None


class Writer:
    """The process's one writing connection and the queue before it."""

    def __init__(self, engine: Engine, announce: Callable[[list[Change]], None]) -> None:
        self._engine = engine
        self._announce = announce
        self._lock = threading.Lock()  # held while a transaction is open
        self._door = threading.Lock()  # held for an instant: who queues a job never waits for a transaction
        self._holder: int | None = None
        self._connection: Connection | None = None
        self._chain = ""
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(self, job: Job[T], durability: Durability) -> T:
        """Run the job in a transaction of its own, in this thread, and give its result after the commit."""
        waiting = _Waiting(job, durability)
        self._commit([waiting])
        if waiting.fault is not None:
            raise waiting.fault
        result: T = waiting.result
        return result

    def submit(self, job: Job[T], durability: Durability) -> "Future[T]":
        """Queue the job; it shares its commit with whatever else is waiting."""
        waiting = _Waiting(job, durability)
        with self._door:
            if self._closed:
                raise errors.StoreUnavailable("The store is closed.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="openpact-writer", daemon=True)
                self._thread.start()
            self._queue.put(waiting)
        return waiting.future

    def close(self) -> None:
        """Finish what waits, then close the connection."""
        with self._door:
            self._closed = True
            thread = self._thread
        if thread is not None:
            self._queue.put(None)
            thread.join()
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _work(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                return
            group, last = [first], False
            while len(group) < MAX_GROUP and not self._queue.empty():
                further = self._queue.get()
                if further is None:
                    last = True
                    break
                group.append(further)
            group = [w for w in group if w.future.set_running_or_notify_cancel()]
            if group:
                self._commit(group)
            for waiting in group:
                if waiting.fault is not None:
                    waiting.future.set_exception(waiting.fault)
                else:
                    waiting.future.set_result(waiting.result)
            if last:
                return

    def _commit(self, group: list[_Waiting]) -> None:
        """Run the group in one transaction; each member leaves with a result or a fault."""
        if self._holder == threading.get_ident():
            raise RuntimeError("a job of the store asked the store to write: pass it the transaction instead")
        with self._lock:
            self._holder = threading.get_ident()
            try:
                done = self._transact(group)
            except BaseException as fault:  # noqa: BLE001 - whatever it is, it belongs to those who wait for the commit
                for waiting in group:
                    waiting.fault = waiting.fault or fault
                return
            finally:
                self._holder = None
        for note in done.notes:
            try:
                note()
            except Exception:  # noqa: BLE001 - it is committed: whoever is told must not make it look undone
                _log.exception("something could not be told after the commit")
        if done.changes:
            self._announce(done.changes)

    def _transact(self, group: list[_Waiting]) -> Pending:
        connection = self._begun(max(waiting.durability for waiting in group))
        tx = Transaction(connection, self._engine.skip_locked, self._chain)
        try:
            faults.point("store.begun")
            for waiting in group:
                self._run_one(tx, waiting, alone=len(group) == 1)
                faults.point("store.job_done")
            if all(waiting.fault is not None for waiting in group):
                connection.rollback()
                return Pending()
            chain.write_end(tx)
            self._queue_announcements(tx)
            faults.point("store.before_commit")
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
        faults.point("store.committed")
        return tx.pending

    def _run_one(self, tx: Transaction, waiting: _Waiting, *, alone: bool) -> None:
        mark = None if alone else tx.savepoint()
        try:
            waiting.result = waiting.job(tx)
        except BaseException as fault:  # noqa: BLE001 - the job's own end, told to the one who waits for it
            waiting.fault = fault
            if mark is not None:
                self._undo_one(tx, mark, fault)
            return
        if mark is not None:
            tx.release()

    def _undo_one(self, tx: Transaction, mark: Mark, fault: BaseException) -> None:
        try:
            tx.rollback_to(mark)
        except errors.StoreUnavailable:
            # The engine has given up the whole transaction, and so ends the group. Its first word says why (a full
            # disk, a locked table); the second only that there is nothing left to undo.
            if isinstance(fault, errors.Unavailable):
                raise fault from None
            raise

    def _queue_announcements(self, tx: Transaction) -> None:
        if self._engine.name == "postgres":
            for change in dict.fromkeys(tx.pending.changes):
                tx.rows("SELECT pg_notify('openpact', ?)", f"{change.topic}:{change.key}")

    def _begun(self, durability: Durability) -> Connection:
        connection = self._connected()
        try:
            connection.begin(durability)
        except errors.StoreUnavailable:
            if connection.alive():
                raise
            connection = self._connected()  # the server was restarted; nothing has been sent on this one yet
            connection.begin(durability)
        return connection

    def _connected(self) -> Connection:
        if self._closed and threading.current_thread() is not self._thread:  # that one finishes what waits
            raise errors.StoreUnavailable("The store is closed.")
        if self._connection is not None and not self._connection.alive():
            self._connection.close()
            self._connection = None
        if self._connection is None:
            connection = self._engine.connect()
            try:
                self._chain = self._engine.claim_chain(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection
