"""Who wants to know that something changed, and how they hear of it, in this process and from others.

Rules of this file:
- A listener may be called from any thread and must only note what it heard; it never works there.
- What may have been missed (a lost connection, another process's write) is told as topic `*`: look again.
- On PostgreSQL the database tells (LISTEN/NOTIFY); on SQLite its change counter is looked at, only while somebody
  listens.
"""

import threading
from collections.abc import Callable

import structlog

from openpact.adapters.store.engine import Engine
from openpact.adapters.store.transaction import Change
from openpact.domain import errors

LOOK_SECONDS = 0.01  # how long another process's write to the SQLite file stays unnoticed
RETRY_SECONDS = 1.0
_WAIT_SECONDS = 0.5

_log = structlog.get_logger("openpact.store")

Listener = Callable[[Change], None]
ANYTHING = Change("*", "*")


class Changes:
    """The listeners of this process and the thread that hears for them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._listeners: dict[int, Listener] = {}
        self._next = 0
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._ready = threading.Event()

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call the listener for every change from now on; the answer ends that."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._listeners[number] = listener
            if self._thread is None:
                hear = self._hear_notifications if self._engine.name == "postgres" else self._hear_file
                self._thread = threading.Thread(target=hear, name="openpact-changes", daemon=True)
                self._thread.start()
        self._ready.wait(_WAIT_SECONDS)

        def end() -> None:
            with self._lock:
                self._listeners.pop(number, None)

        return end

    def tell(self, change: Change) -> None:
        """Tell every listener of this process."""
        with self._lock:
            listeners = list(self._listeners.values())
        for listener in listeners:
            try:
                listener(change)
            except Exception:  # noqa: BLE001 - one listener's fault must not keep the news from the others
                _log.exception("a listener failed")

    def told_here(self, changes: list[Change]) -> None:
        """Pass on what this process committed; on PostgreSQL the server tells us too, in commit order."""
        if self._engine.name != "postgres":
            for change in dict.fromkeys(changes):
                self.tell(change)

    def close(self) -> None:
        """End the hearing."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _hear_file(self) -> None:
        seen: int | None = None
        connection = None
        while not self._stop.wait(LOOK_SECONDS if self._listeners else _WAIT_SECONDS):
            try:
                connection = connection or self._engine.connect(reading=True)
                # It moves when another connection commits. Our own writer's commits move it too; to look once more
                # is cheap, to miss a decision is not.
                now = int(connection.execute("PRAGMA data_version")[0][0])
            except errors.Unavailable:
                if connection is not None:
                    connection.close()
                connection, now = None, -1
            self._ready.set()
            if seen is not None and now != seen:
                self.tell(ANYTHING)
            seen = now
        if connection is not None:
            connection.close()

    def _hear_notifications(self) -> None:
        from openpact.adapters.store.postgres import PostgresConnection  # noqa: PLC0415 - an extra that few need

        while not self._stop.is_set():
            connection = None
            try:
                connection = self._engine.connect()
                assert isinstance(connection, PostgresConnection)  # noqa: S101 - for the type checker
                connection.listen("openpact")
                self._ready.set()
                self.tell(ANYTHING)
                while not self._stop.is_set():
                    for payload in connection.heard(_WAIT_SECONDS):
                        topic, _, key = payload.partition(":")
                        self.tell(Change(topic, key))
            except errors.Unavailable:
                self._stop.wait(RETRY_SECONDS)
            finally:
                if connection is not None:
                    connection.close()
