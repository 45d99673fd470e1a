"""A store that cannot: one sentence, one remedy, nothing half done, and work again when the cause is gone."""

import sqlite3

import psycopg
import pytest

from openpact.adapters.store import Store, Transaction, open_store
from openpact.adapters.store.address import open_engine
from openpact.domain import errors
from tests.adapters.store.rows import BOUND_SECONDS, held, mark, marks
from tests.unreadable import as_somebody_else, open_folder

_NO_LIMIT = 4_294_967_294


def _file(url: str) -> str:
    return url.removeprefix("sqlite:///")


@pytest.mark.promise("OPS-7.18")
def test_a_locked_file_is_told_as_such_and_work_goes_on_afterwards(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openpact.adapters.store.sqlite.BUSY_SECONDS", 0.05)
    store = open_store(sqlite_url)
    store.write(mark("before"))
    holder = sqlite3.connect(_file(sqlite_url), isolation_level=None)
    try:
        holder.execute("BEGIN IMMEDIATE")
        for write in (store.write, lambda job: store.submit(job).result(BOUND_SECONDS)):
            with pytest.raises(errors.StoreBusy, match="lock") as busy:
                write(mark("a"))
            assert busy.value.hint is not None
        assert marks(store) == {"before"}  # readers do not wait for writers
        holder.execute("ROLLBACK")
        assert store.write(mark("after")) == "after"
        assert marks(store) == {"before", "after"}
    finally:
        holder.close()
        store.close()


@pytest.mark.promise("OPS-7.18")
def test_a_locked_table_is_told_as_such_and_work_goes_on_afterwards(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openpact.adapters.store.postgres.BUSY_SECONDS", 1)
    store = open_store(postgres_url)
    try:
        with psycopg.connect(postgres_url) as holder:
            holder.execute("LOCK TABLE throttles IN SHARE MODE")
            with pytest.raises(errors.StoreBusy) as busy:
                store.write(lambda tx: (tx.run("INSERT INTO leases VALUES ('l', 'h', 1, 1)"), mark("a")(tx)))
            assert busy.value.hint is not None
            assert marks(store) == set()
            holder.rollback()
        with store.reading() as snapshot:
            assert snapshot.rows("SELECT * FROM leases") == []
        assert store.write(mark("after")) == "after"
    finally:
        store.close()


def _grow(tx: Transaction) -> None:
    mark("half")(tx)
    for number in range(500):
        mark(f"{number:03}" + "x" * 2000)(tx)


def _limit(store: Store, spare: int | None) -> None:
    def job(tx: Transaction) -> None:
        row = tx.row("PRAGMA page_count")
        assert row is not None
        tx.rows(f"PRAGMA max_page_count = {_NO_LIMIT if spare is None else row[0] + spare}")

    store.write(job)


@pytest.mark.promise("OPS-7.16")
def test_a_full_disk_leaves_nothing_half_done(sqlite_store: Store) -> None:
    _limit(sqlite_store, 4)
    for write in (sqlite_store.write, lambda job: sqlite_store.submit(job).result(BOUND_SECONDS)):
        with pytest.raises(errors.StoreFull, match="full") as full:
            write(_grow)
        assert full.value.hint is not None
        assert "space" in full.value.hint
        assert marks(sqlite_store) == set()
    assert sqlite_store.write(mark("small")) == "small"
    _limit(sqlite_store, None)
    sqlite_store.write(_grow)
    assert len(marks(sqlite_store)) == 502


@pytest.mark.promise("OPS-7.16")
def test_a_full_disk_in_a_group_leaves_nothing_half_done(sqlite_store: Store) -> None:
    _limit(sqlite_store, 4)
    with held(sqlite_store):
        futures = [sqlite_store.submit(job) for job in (mark("a"), _grow, mark("b"))]
    faults = [future.exception(BOUND_SECONDS) for future in futures]
    assert isinstance(faults[1], errors.StoreFull)
    stands = {name for name, fault in zip(("a", "half", "b"), faults, strict=True) if fault is None}
    assert marks(sqlite_store) == stands
    assert all(fault is None or isinstance(fault, errors.StoreFull) for fault in faults)
    assert sqlite_store.write(mark("small")) == "small"


@pytest.mark.promise("OPS-7.16", "OPS-7.18")
@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("53100", errors.StoreFull),
        ("40P01", errors.StoreBusy),
        ("40001", errors.StoreBusy),
        ("55P03", errors.StoreBusy),
        ("XX001", errors.StoreCorrupt),
        ("XX002", errors.StoreCorrupt),
        ("53300", errors.StoreUnavailable),
        ("42501", errors.StoreUnavailable),
        ("XX000", errors.StoreUnavailable),
    ],
)
def test_what_the_server_says_is_told_in_our_words(
    postgres_store: Store, state: str, wanted: type[errors.OpenPactError]
) -> None:
    postgres_store.write(
        lambda tx: tx.run(
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION 'the server''s words' USING ERRCODE = '{state}'; END $$"
        )
    )
    postgres_store.write(
        lambda tx: tx.run("CREATE TRIGGER fails BEFORE DELETE ON throttles FOR EACH ROW EXECUTE FUNCTION fail()")
    )
    postgres_store.write(mark("a"))
    with pytest.raises(errors.OpenPactError) as told:
        postgres_store.write(lambda tx: (mark("b")(tx), tx.run("DELETE FROM throttles")))
    assert type(told.value) is wanted
    assert told.value.hint
    assert marks(postgres_store) == {"a"}


@pytest.mark.promise("APR-8.04")
@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:hush-hush@127.0.0.1:1/openpact",
        "postgresql://ann:hush-hush@/openpact?host=/nowhere",
        "postgresql://ann:hush-hush@127.0.0.1:1/openpact?sslmode=sometimes",
        "postgresql://ann:hush-hush%zz@127.0.0.1:1/openpact",
        "postgresql://ann:hush-hush@127.0.0.1:1/openpact?hush-hush=1",
    ],
)
def test_a_server_that_cannot_be_reached_is_told_without_the_password(url: str) -> None:
    with pytest.raises(errors.StoreUnavailable) as told:
        open_store(url)
    assert told.value.code == "store_unavailable"
    assert told.value.hint
    said: BaseException | None = told.value
    while said is not None:
        assert "hush" not in str(said)
        said = said.__cause__ if said.__suppress_context__ else said.__cause__ or said.__context__


@pytest.mark.promise("APR-8.04")
def test_a_database_that_is_not_there_is_told_as_unavailable(postgres: str) -> None:
    with pytest.raises(errors.StoreUnavailable, match="nowhere"):
        open_store(postgres.replace("/postgres?", "/nowhere?"))


@pytest.mark.parametrize("place", ["nowhere/openpact.db", "file/openpact.db", "folder"])
def test_a_path_that_cannot_be_a_database_is_told_as_such(place: str) -> None:
    with open_folder() as folder:
        (folder / "file").write_text("a file")
        (folder / "folder").mkdir()
        with pytest.raises(errors.StoreUnavailable, match="cannot be opened") as told:
            open_store(f"sqlite:///{folder / place}")
    assert told.value.hint is not None
    assert "folder" in told.value.hint


def test_a_folder_that_cannot_be_written_is_told_as_such() -> None:
    with open_folder() as folder, as_somebody_else():
        with pytest.raises(errors.StoreUnavailable, match="cannot be opened: Permission denied") as told:
            open_store(f"sqlite:///{folder / 'openpact.db'}")
        assert told.value.hint is not None
        assert list(folder.iterdir()) == []


def test_a_file_that_cannot_be_written_is_told_as_such() -> None:
    with open_folder() as folder:
        url = f"sqlite:///{folder / 'openpact.db'}"
        open_store(url).close()
        (folder / "openpact.db").chmod(0o444)
        with as_somebody_else(), pytest.raises(errors.StoreUnavailable, match="cannot be opened and written"):
            open_store(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "openpact.db",
        "/srv/openpact.db",
        "mysql://localhost/openpact",
        "sqlite://openpact.db",
        "sqlite://server/openpact.db",
        "sqlite://",
        "sqlite:///",
        "sqlite:////srv/openpact.db?mode=ro",
        "sqlite:////srv/openpact#1.db",
        "postgresql://ann:hush-hush[@localhost/openpact",
    ],
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(errors.ConfigInvalid) as refused:
        open_engine(url)
    assert refused.value.hint
    assert "hush" not in str(refused.value)


def test_statements_that_are_wrong_are_our_errors_too(store: Store) -> None:
    for statement in ("SELEC 1", "SELECT nothing FROM nowhere", "INSERT INTO throttles (name) VALUES (?)"):
        with pytest.raises(errors.StoreUnavailable):
            store.write(lambda tx, statement=statement: tx.run(statement))  # type: ignore[misc]
    assert store.write(mark("a")) == "a"
