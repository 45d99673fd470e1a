"""What is not our database, or is one no more, is refused with the reason and left as it is."""

import sqlite3
from pathlib import Path

import pytest

from openpact.adapters.store import Store, audit, open_store
from openpact.domain import errors
from tests.adapters.store.rows import draft


def _file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def _filled(url: str) -> Path:
    store = open_store(url)
    store.write(lambda tx: [audit.append(tx, draft(f"evt_{number}")) for number in range(200)])
    store.close()
    return _file_of(url)


def _page_of(file: Path, table: str) -> tuple[int, int]:
    with sqlite3.connect(file) as connection:
        ((page,),) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
        ((size,),) = connection.execute("PRAGMA page_size")
    connection.close()
    return (page - 1) * size, size


def _overwrite(file: Path, at: int, size: int) -> bytes:
    with file.open("r+b") as raw:
        raw.seek(at)
        raw.write(b"\xaa" * size)
    return file.read_bytes()


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_file_with_somebody_elses_tables_is_refused_and_left_as_it_is(sqlite_url: str, journal: str) -> None:
    file = _file_of(sqlite_url)
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA journal_mode={journal}")
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(errors.StoreUnavailable, match="another program") as refused:
        open_store(sqlite_url)
    assert refused.value.hint is not None
    assert "store.url" in refused.value.hint
    assert file.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at\n" * 40, b"short", b"\0" * 5000])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(sqlite_url: str, content: bytes) -> None:
    file = _file_of(sqlite_url)
    file.write_bytes(content)
    with pytest.raises(errors.StoreCorrupt) as refused:
        open_store(sqlite_url)
    assert refused.value.hint is not None
    assert "backup" in refused.value.hint
    assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]


def test_a_damaged_schema_page_is_refused_at_the_start_and_left_as_it_is(sqlite_url: str) -> None:
    file = _filled(sqlite_url)
    after = _overwrite(file, 100, 3900)
    with pytest.raises(errors.StoreCorrupt):
        open_store(sqlite_url)
    assert file.read_bytes() == after


def test_a_damaged_page_is_found_when_it_is_read_and_left_as_it_is(sqlite_url: str) -> None:
    file = _filled(sqlite_url)
    after = _overwrite(file, *_page_of(file, "audit_events"))
    store = open_store(sqlite_url)
    try:
        with store.reading() as snapshot, pytest.raises(errors.StoreCorrupt):
            list(audit.walk(snapshot))
        with pytest.raises(errors.StoreCorrupt):
            store.write(lambda tx: audit.append(tx, draft("evt_new")))
    finally:
        store.close()
    assert file.read_bytes() == after


def test_a_file_that_was_cut_short_is_refused(sqlite_url: str) -> None:
    file = _filled(sqlite_url)
    file.write_bytes(file.read_bytes()[:6000])
    with pytest.raises(errors.StoreCorrupt):
        open_store(sqlite_url)
    assert len(file.read_bytes()) == 6000


def test_a_store_that_has_lost_its_identity_is_damaged(store: Store) -> None:
    store.write(lambda tx: tx.run("DELETE FROM store_identity"))
    with pytest.raises(errors.StoreCorrupt, match="identity"):
        store.write(lambda tx: audit.append(tx, draft("evt_1")))
    with store.reading() as snapshot:
        assert list(audit.walk(snapshot)) == []
