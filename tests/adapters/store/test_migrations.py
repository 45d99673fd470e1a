"""A database comes to this version's schema once, under a lock, forward only, and never half."""

import subprocess
import sys
import threading

import pytest

from openpact.adapters.store import open_store
from openpact.adapters.store.address import open_engine
from openpact.adapters.store.engine import Durability, Engine
from openpact.adapters.store.migration import Migration, known, migrate
from openpact.domain import errors
from tests.adapters.store.rows import BOUND_SECONDS

_OPEN = """
import sys
from openpact.adapters.store import open_store
print("ready", flush=True)
for line in sys.stdin:
    open_store(line.strip()).close()
    print("ready", flush=True)
"""

NEXT = known("sqlite")[-1].number + 1


def _look(url: str, sql: str) -> list[tuple[object, ...]]:
    connection = open_engine(url).connect()
    try:
        return connection.execute(sql)
    finally:
        connection.close()


def _history(url: str) -> list[tuple[object, ...]]:
    return _look(url, "SELECT number, name, sha256, applied_at FROM schema_migrations ORDER BY number")


def _extended(engine: Engine, script: str) -> list[Migration]:
    return [*known(engine.name), Migration(NEXT, "9999_more", script)]


def _has(url: str, table: str) -> bool:
    engine = open_engine(url)
    connection = engine.connect()
    try:
        return engine.has_table(connection, table)
    finally:
        connection.close()


@pytest.mark.promise("OPS-7.02")
def test_an_empty_database_comes_to_the_last_schema(store_url: str) -> None:
    store = open_store(store_url)
    store.close()
    steps = known(store.engine.name)
    assert store.schema == steps[-1].number
    assert [row[:3] for row in _history(store_url)] == [(step.number, step.name, step.sha256) for step in steps]
    assert len(_look(store_url, "SELECT id FROM store_identity")) == 1


def test_a_second_start_changes_nothing(store_url: str) -> None:
    open_store(store_url).close()
    before = _history(store_url), _look(store_url, "SELECT * FROM store_identity")
    open_store(store_url).close()
    assert (_history(store_url), _look(store_url, "SELECT * FROM store_identity")) == before


def test_two_databases_have_two_identities(store_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = f"sqlite:///{tmp_path_factory.mktemp('other')}/openpact.db"
    for url in (store_url, other):
        open_store(url).close()
    assert _look(store_url, "SELECT id FROM store_identity") != _look(other, "SELECT id FROM store_identity")


@pytest.mark.promise("OPS-7.03")
def test_threads_that_start_together_migrate_once(store_url: str) -> None:
    barrier, faults = threading.Barrier(6), list[BaseException]()

    def start() -> None:
        barrier.wait(BOUND_SECONDS)
        try:
            open_store(store_url).close()
        except BaseException as fault:  # noqa: BLE001 - the test looks at whatever it was
            faults.append(fault)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    assert faults == []
    assert len(_history(store_url)) == len(known(open_engine(store_url).name))
    assert len(_look(store_url, "SELECT id FROM store_identity")) == 1


@pytest.mark.promise("OPS-7.03")
def test_processes_that_start_together_migrate_once(store_url: str) -> None:
    on_file = store_url.startswith("sqlite")  # a file is made anew often: who comes second depends on microseconds
    urls = [f"{store_url}{number}" for number in range(8)] if on_file else [store_url]
    starts = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _OPEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    try:
        for url in urls:
            assert {_said(start) for start in starts} == {"ready\n"}
            for start in starts:
                assert start.stdin is not None
                start.stdin.write(f"{url}\n")
                start.stdin.flush()
        said = [start.communicate(timeout=60)[0] for start in starts]
    finally:
        for start in starts:
            start.kill()
    assert said == ["ready\n"] * 4
    for url in urls:
        assert len(_history(url)) == len(known(open_engine(url).name))
        assert len(_look(url, "SELECT id FROM store_identity")) == 1


def _said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.promise("OPS-7.03")
def test_a_migrator_waits_for_the_lock_and_says_so_when_it_gives_up(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(store_url)
    monkeypatch.setattr(f"openpact.adapters.store.{engine.name}.BUSY_SECONDS", 1)
    holder = engine.connect()
    try:
        holder.begin(Durability.FULL)
        engine.lock_for_migration(holder)
        with pytest.raises(errors.StoreBusy):
            migrate(engine)
        holder.rollback()
    finally:
        holder.close()
    assert migrate(engine) == known(engine.name)[-1].number


@pytest.mark.promise("OPS-7.03")
def test_a_new_step_is_added_to_what_is_there(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine)
    before = _history(store_url)
    assert migrate(engine, _extended(engine, "CREATE TABLE extra (a BIGINT);")) == NEXT
    assert _history(store_url)[:-1] == before
    assert _has(store_url, "extra")


@pytest.mark.promise("OPS-7.04")
def test_a_database_of_a_newer_openpact_is_refused_and_left_as_it_is(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine, _extended(engine, "CREATE TABLE extra (a BIGINT);"))
    before = _history(store_url)
    with pytest.raises(errors.StoreNewer, match=f"schema {NEXT}.*schemas up to {NEXT - 1}") as refused:
        open_store(store_url)
    assert refused.value.hint is not None
    assert "newer" in refused.value.hint
    assert _history(store_url) == before


@pytest.mark.promise("OPS-7.03")
def test_a_step_that_fails_leaves_nothing_of_itself(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine)
    before = _history(store_url)
    with pytest.raises(errors.StoreUnavailable):
        migrate(engine, _extended(engine, "CREATE TABLE extra (a BIGINT);\nCREATE TABLE people (a BIGINT);"))
    assert _history(store_url) == before
    assert not _has(store_url, "extra")
    assert migrate(engine, _extended(engine, "CREATE TABLE extra (a BIGINT);")) == NEXT


def test_a_first_step_that_fails_leaves_an_empty_database(store_url: str) -> None:
    engine = open_engine(store_url)
    good = known(engine.name)[0]
    with pytest.raises(errors.StoreUnavailable):
        migrate(engine, [Migration(good.number, good.name, good.script + "\nCREATE TABLE people (a BIGINT);")])
    assert not _has(store_url, "schema_migrations")
    assert not _has(store_url, "people")
    assert migrate(engine) == NEXT - 1


def test_a_database_made_by_another_text_is_refused(store_url: str) -> None:
    engine = open_engine(store_url)
    migrate(engine)
    connection = engine.connect()
    connection.execute("UPDATE schema_migrations SET sha256 = ? WHERE number = 1", ("0" * 64,))
    connection.close()
    before = _history(store_url)
    with pytest.raises(errors.StoreUnavailable, match="0001_foundation") as refused:
        open_store(store_url)
    assert refused.value.hint is not None
    assert _history(store_url) == before


def test_the_schema_may_stand_beside_other_tables_on_postgres(postgres_url: str) -> None:
    connection = open_engine(postgres_url).connect()
    connection.execute("CREATE TABLE theirs (a BIGINT)")
    connection.close()
    open_store(postgres_url).close()
    assert _has(postgres_url, "theirs")


def test_a_table_of_ours_without_a_history_is_refused_on_postgres(postgres_url: str) -> None:
    connection = open_engine(postgres_url).connect()
    connection.execute("CREATE TABLE store_identity (a BIGINT)")
    connection.close()
    with pytest.raises(errors.StoreUnavailable, match="another program"):
        open_store(postgres_url)
    assert not _has(postgres_url, "schema_migrations")


def test_the_steps_are_numbered_without_a_hole() -> None:
    for name in ("sqlite", "postgres"):
        assert [step.number for step in known(name)] == list(range(1, len(known(name)) + 1))
