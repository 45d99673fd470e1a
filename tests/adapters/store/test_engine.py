"""Each engine as it is set up: a private file with a log, foreign keys, and the clock that decides."""

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from openpact.adapters.store import ConstraintBroken, Store, open_store
from openpact.adapters.store.address import open_engine
from openpact.app import store_url
from openpact.config import Config
from openpact.domain import instant
from tests.adapters.store.rows import mark, marks

_READ = "import sys; from openpact.adapters.store import open_store; open_store(sys.argv[1]).close()"


@pytest.fixture
def no_umask() -> Iterator[None]:
    """Let files be made with the modes that were asked for."""
    before = os.umask(0)
    yield
    os.umask(before)


def _folder(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///")).parent


@pytest.mark.promise("OPS-7.01")
def test_without_a_setting_the_store_is_a_file_of_the_workspace_with_a_log(tmp_path: Path) -> None:
    (tmp_path / "secure" / "data").mkdir(parents=True)
    store = open_store(store_url(Config(), tmp_path))
    assert store.write(lambda tx: tx.row("PRAGMA journal_mode")) == ("wal",)
    assert (tmp_path / "secure" / "data" / "openpact.db-wal").exists()
    store.close()


def test_a_file_is_kept_with_a_log(sqlite_store: Store) -> None:
    assert sqlite_store.write(lambda tx: tx.row("PRAGMA journal_mode")) == ("wal",)
    with sqlite_store.reading() as snapshot:
        assert snapshot.row("PRAGMA journal_mode") == ("wal",)


@pytest.mark.usefixtures("no_umask")
def test_the_file_and_all_beside_it_are_for_their_owner_alone(sqlite_url: str) -> None:
    store = open_store(sqlite_url)
    store.write(mark("a"))
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in _folder(sqlite_url).iterdir()}
    store.close()
    assert modes == {"openpact.db": 0o600, "openpact.db-wal": 0o600, "openpact.db-shm": 0o600}


def test_what_is_at_the_end_of_a_url_may_have_blanks(tmp_path: Path) -> None:
    file = tmp_path / "my data #1?.db"
    store = open_store("sqlite:///" + quote(str(file)))
    store.write(mark("a"))
    store.close()
    assert file.exists()


def test_a_connection_that_closes_does_not_take_the_locks_of_another(sqlite_store: Store, sqlite_url: str) -> None:
    # POSIX drops all locks of a process on a file when it closes any descriptor of it; SQLite's own care for that, ours
    # must too. Without its lock, the next process to leave would think itself the last and delete the log.
    sqlite_store.write(mark("a"))
    with sqlite_store.reading() as snapshot:
        assert snapshot.row("SELECT name FROM throttles") == ("a",)
    open_store(sqlite_url).close()
    subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", _READ, sqlite_url], check=True, timeout=60
    )
    log = _folder(sqlite_url) / "openpact.db-wal"
    assert log.exists()
    sqlite_store.write(mark("b"))
    other = open_store(sqlite_url)
    assert marks(other) == {"a", "b"}
    other.close()


def test_references_are_kept_on_every_connection(store: Store) -> None:
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: tx.run("INSERT INTO memberships VALUES ('per_nobody', 'ops')"))
    connection = store.engine.connect()
    with pytest.raises(ConstraintBroken):
        connection.execute("INSERT INTO memberships VALUES ('per_nobody', 'ops')")
    connection.close()


def test_a_planted_view_calls_no_function_that_acts(sqlite_store: Store) -> None:
    assert sqlite_store.write(lambda tx: tx.row("PRAGMA trusted_schema")) == (0,)


def test_the_machines_clock_decides_for_a_file(sqlite_store: Store) -> None:
    before = time.time_ns() // 1000
    now = sqlite_store.now()
    assert before <= now <= time.time_ns() // 1000


@pytest.mark.promise("APR-8.02")
def test_the_databases_clock_decides_where_machines_share_it(postgres_url: str) -> None:
    ahead = 3 * instant.HOUR
    with psycopg.connect(postgres_url) as connection:
        connection.execute(
            "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
            "$$ SELECT pg_catalog.clock_timestamp() + interval '3 hours' $$"
        )
    # The server whose clock is ahead: our function stands before its own in the path.
    url = postgres_url + "&options=" + quote("-csearch_path=public,pg_catalog")
    engine = open_engine(url)
    for _ in range(2):  # measured, then remembered
        ours = time.time_ns() // 1000
        assert abs(engine.now() - ours - ahead) < instant.MINUTE
    assert abs(open_engine(postgres_url).now() - time.time_ns() // 1000) < instant.MINUTE
    store = open_store(url)
    with store.reading() as snapshot:
        row = snapshot.row("SELECT created_at FROM store_identity")
    store.close()
    assert row is not None
    assert abs(row[0] - time.time_ns() // 1000 - ahead) < instant.MINUTE


def test_each_daemon_has_a_chain_of_its_own_on_postgres(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    connections = [engine.connect() for _ in range(3)]
    assert [engine.claim_chain(connection) for connection in connections] == ["c1", "c2", "c3"]
    connections[1].close()
    again = engine.connect()
    # The server frees the chain when it has seen the connection go; until then the next one is taken.
    assert engine.claim_chain(again) in {"c2", "c4"}
    for connection in (*connections, again):
        connection.close()
