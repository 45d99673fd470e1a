"""A reader sees one state of the database, cannot write, and survives the server's restart, as the writer does."""

import threading
from contextlib import ExitStack

import psycopg
import pytest

from openpact.adapters.store import ConstraintBroken, Store, Transaction
from openpact.domain import errors
from tests.adapters.store.rows import BOUND_SECONDS, hang_up, mark, marks, seen


def test_a_reader_sees_one_state_while_others_commit(store: Store) -> None:
    store.write(mark("a"))
    with store.reading() as snapshot:
        assert seen(snapshot) == {"a"}
        store.write(mark("b"))
        store.submit(mark("c")).result(BOUND_SECONDS)
        assert seen(snapshot) == {"a"}
        with store.reading() as later:
            assert seen(later) == {"a", "b", "c"}
    assert marks(store) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO throttles (name, window_at, used) VALUES ('b', 0, 0)",
        "UPDATE throttles SET used = 7",
        "DELETE FROM throttles",
        "DROP TABLE throttles",
    ],
)
def test_a_reader_cannot_write(store: Store, statement: str) -> None:
    store.write(mark("a"))
    with store.reading() as snapshot, pytest.raises(errors.StoreUnavailable):
        snapshot.rows(statement)
    # Nor does it outside the transaction that says so.
    connection = store.engine.connect(reading=True)
    with pytest.raises(errors.StoreUnavailable):
        connection.execute(statement)
    connection.close()
    with store.reading() as snapshot:
        assert snapshot.rows("SELECT name, used FROM throttles") == [("a", 0)]


def test_a_reader_that_raises_does_not_spoil_the_next_one(store: Store) -> None:
    def read_and_fail() -> None:
        with store.reading() as snapshot:
            seen(snapshot)
            raise LookupError

    store.write(mark("a"))
    for _ in range(3):
        with pytest.raises(LookupError):
            read_and_fail()
        with pytest.raises(errors.StoreUnavailable), store.reading() as snapshot:
            snapshot.rows("SELECT nothing FROM nowhere")
        assert marks(store) == {"a"}


def test_many_readers_read_at_once(store: Store) -> None:
    store.write(mark("a"))
    with ExitStack() as stack:
        snapshots = [stack.enter_context(store.reading()) for _ in range(12)]
        assert [seen(snapshot) for snapshot in snapshots] == [{"a"}] * 12
    assert marks(store) == {"a"}


def test_a_connection_is_used_again(postgres_store: Store) -> None:
    def asked() -> object:
        with postgres_store.reading() as snapshot:
            return snapshot.row("SELECT pg_backend_pid()")

    assert len({asked() for _ in range(5)}) == 1


def test_idle_readers_are_bounded(postgres_store: Store, postgres_url: str) -> None:
    with ExitStack() as stack:
        for _ in range(12):
            stack.enter_context(postgres_store.reading())
    with psycopg.connect(postgres_url) as other:
        row = other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'openpact'"
        ).fetchone()
    assert row == (8,)


def test_an_empty_answer_is_none(store: Store) -> None:
    with store.reading() as snapshot:
        assert snapshot.row("SELECT name FROM throttles") is None
        assert snapshot.rows("SELECT name FROM throttles") == []


def test_reader_and_writer_come_back_when_the_server_was_restarted(postgres_store: Store, postgres_url: str) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(postgres_store.reading())  # three idle readers are left behind
    for name in ("a", "b"):
        hang_up(postgres_url)
        assert postgres_store.write(mark(name)) == name
        hang_up(postgres_url)
        assert name in marks(postgres_store)
        hang_up(postgres_url)
        assert postgres_store.submit(mark(name + "2")).result(BOUND_SECONDS) == name + "2"
    assert marks(postgres_store) == {"a", "a2", "b", "b2"}


@pytest.mark.promise("APR-8.04")
def test_a_reader_whose_server_goes_away_is_told_so(postgres_store: Store, postgres_url: str) -> None:
    postgres_store.write(mark("a"))
    with postgres_store.reading() as snapshot:
        assert seen(snapshot) == {"a"}
        hang_up(postgres_url)
        with pytest.raises(errors.StoreUnavailable):
            seen(snapshot)
    assert marks(postgres_store) == {"a"}


@pytest.mark.promise("APR-8.04")
def test_a_job_whose_server_goes_away_has_not_happened(postgres_store: Store, postgres_url: str) -> None:
    def job(tx: Transaction) -> None:
        mark("a")(tx)
        hang_up(postgres_url)
        mark("b")(tx)

    with pytest.raises(errors.StoreUnavailable):
        postgres_store.write(job)
    with pytest.raises(errors.StoreUnavailable):
        postgres_store.submit(job).result(BOUND_SECONDS)
    assert marks(postgres_store) == set()
    assert postgres_store.write(mark("later")) == "later"


def test_a_commit_whose_server_goes_away_is_neither_done_nor_undone(postgres_store: Store) -> None:
    def prepare(tx: Transaction) -> None:
        tx.run(
            "CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        tx.run(
            "CREATE CONSTRAINT TRIGGER goes AFTER INSERT ON throttles DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW WHEN (NEW.name = 'a') EXECUTE FUNCTION hang_up()"
        )

    postgres_store.write(prepare)
    with pytest.raises(errors.OutcomeUnknown):
        postgres_store.write(mark("a"))
    assert postgres_store.write(mark("b")) == "b"


def test_a_refused_statement_does_not_lose_the_connection(store: Store) -> None:
    store.write(mark("a"))
    for _ in range(3):
        with pytest.raises(ConstraintBroken):
            store.write(mark("a"))
    assert marks(store) == {"a"}


def test_readers_in_many_threads_each_see_a_whole_transaction(store: Store) -> None:
    def pair(number: int) -> None:
        def job(tx: Transaction) -> None:
            mark(f"{number}a")(tx)
            mark(f"{number}b")(tx)

        store.write(job)

    def read() -> None:
        while not done.is_set():
            found = marks(store)
            halves.extend(name for name in found if name[:-1] + ("b" if name[-1] == "a" else "a") not in found)

    halves, done = list[str](), threading.Event()
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(30):
            pair(number)
    finally:
        done.set()
        for reader in readers:
            reader.join(BOUND_SECONDS)
    assert halves == []
    assert len(marks(store)) == 60
