"""Rows for the tests of the store: marks that show what was committed, people, events, and a hand on the writer."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import psycopg

from openpact.adapters.store import Snapshot, Store, Transaction
from openpact.adapters.store.people import Person
from openpact.adapters.store.tokens import Token
from openpact.domain.audit import Draft
from openpact.domain.principal import Role

BOUND_SECONDS = 20.0  # how long anything here may take before the test fails


def mark(name: str) -> Callable[[Transaction], str]:
    """Give a job that leaves a mark of this name and answers with it."""

    def job(tx: Transaction) -> str:
        tx.run("INSERT INTO throttles (name, window_at, used) VALUES (?, 0, 0)", name)
        return name

    return job


def marks(store: Store) -> set[str]:
    """Give the marks that are committed."""
    with store.reading() as snapshot:
        return seen(snapshot)


def seen(snapshot: Snapshot) -> set[str]:
    """Give the marks that this snapshot shows."""
    return {name for (name,) in snapshot.rows("SELECT name FROM throttles")}


@contextmanager
def held(store: Store) -> Iterator[Future[bool]]:
    """Keep the writer busy with a job of its own, so that what is submitted meanwhile makes one group."""
    entered, go = threading.Event(), threading.Event()

    def job(_tx: Transaction) -> bool:
        entered.set()
        return go.wait(BOUND_SECONDS)

    first = store.submit(job)
    assert entered.wait(BOUND_SECONDS)
    try:
        yield first
    finally:
        go.set()
    assert first.result(BOUND_SECONDS), "the job that held the writer was never told to go on"


def late_check(tx: Transaction) -> None:
    """Make a table whose rows are checked by the commit alone."""
    tx.run("CREATE TABLE late (lease TEXT REFERENCES leases (name) DEFERRABLE INITIALLY DEFERRED)")


def break_commit(tx: Transaction) -> None:
    """Do what only the commit will refuse."""
    tx.run("INSERT INTO late (lease) VALUES ('nobody')")


def hang_up(url: str) -> None:
    """End every other connection to this PostgreSQL database, as a restart of the server does, and see them gone."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )


def person(number: int, *, role: Role = Role.VIEWER, state: str = "active", groups: tuple[str, ...] = ()) -> Person:
    """Give a person."""
    return Person(
        id=f"per_{number}",
        username=f"person{number}",
        role=role,
        state=state,
        password_hash="hash",
        totp_sealed=None,
        totp_step=0,
        failures=0,
        locked_until=0,
        created_at=1,
        created_by="setup",
        password_at=1,
        seen_at=None,
        groups=groups,
    )


def token(number: int, *, owner: str = "per_1", name: str = "ci") -> Token:
    """Give a token."""
    return Token(
        id=f"tok_{number}",
        name=name,
        owner=owner,
        secret_hash=f"hash{number}",
        scopes=("audit:read", "people:read"),
        created_at=number,
        expires_at=1000,
        seen_at=None,
        revoked_at=None,
    )


def draft(event_id: str) -> Draft:
    """Give an event to record."""
    return Draft(id=event_id, at=1, actor="per_1", actor_name="ann", action="person.add", target="ben", outcome="done")
