"""Who listens hears of every commit that announced something, from wherever it came."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from openpact.adapters.store import Change, Store, Transaction
from openpact.adapters.store.changes import ANYTHING
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS, hang_up, mark
from tests.waiting import until

_ANOTHER = """
import sys
from openpact.adapters.store import open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    store.write(lambda tx: tx.announce("thing", line.strip()) or tx.run("DELETE FROM leases") or
                tx.run("INSERT INTO leases VALUES ('l', ?, 1, 1)", line.strip()))
    print("written", flush=True)
store.close()
"""


@contextmanager
def _another_process(url: str) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _ANOTHER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == "ready\n"
        yield started
        started.communicate(timeout=BOUND_SECONDS)
    finally:
        started.kill()
        started.wait()


def _write(process: subprocess.Popen[str], key: str) -> None:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{key}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "written\n"


def _listen(store: Store) -> list[Change]:
    heard = list[Change]()
    store.listen(heard.append)
    return heard


@pytest.mark.promise("OPS-7.08")
def test_a_commit_of_this_process_is_heard(store: Store) -> None:
    heard = _listen(store)
    store.write(lambda tx: tx.announce("thing", "a:b"))
    until(lambda: Change("thing", "a:b") in heard)
    store.submit(lambda tx: tx.announce("thing", "c")).result(BOUND_SECONDS)
    until(lambda: Change("thing", "c") in heard)


@pytest.mark.promise("OPS-7.08")
def test_a_commit_of_another_process_is_heard(store: Store, store_url: str) -> None:
    heard = _listen(store)
    # A file tells only that it changed; the server tells what.
    with _another_process(store_url) as other:
        for key in ("a", "b"):
            if store.engine.name == "postgres":
                _write(other, key)
                until(lambda key=key: Change("thing", key) in heard)  # type: ignore[misc]
            else:
                heard.clear()
                _write(other, key)
                until(lambda: ANYTHING in heard)


@pytest.mark.promise("OPS-7.08")
def test_a_commit_of_another_store_in_this_process_is_heard(open_another: Opener) -> None:
    one, other = open_another(), open_another()
    heard = _listen(one)
    heard.clear()
    other.write(lambda tx: (tx.announce("thing", "a"), mark("a")(tx)))  # type: ignore[func-returns-value]
    until(lambda: Change("thing", "a") in heard or (one.engine.name == "sqlite" and ANYTHING in heard))


def test_what_was_rolled_back_is_not_heard(open_another: Opener) -> None:
    one, other = open_another(), open_another()
    heard = _listen(one)

    def job(tx: Transaction) -> None:
        tx.announce("thing", "lost")
        raise LookupError

    for store in (one, other):
        with pytest.raises(LookupError):
            store.write(job)
    one.write(lambda tx: tx.announce("thing", "kept"))
    until(lambda: Change("thing", "kept") in heard)
    assert Change("thing", "lost") not in heard


def test_every_listener_hears_and_only_while_it_listens(store: Store) -> None:
    heard, ended = list[Change](), list[Change]()
    store.listen(heard.append)
    end = store.listen(ended.append)
    store.write(lambda tx: tx.announce("thing", "a"))
    until(lambda: Change("thing", "a") in heard and Change("thing", "a") in ended)
    end()
    end()
    store.write(lambda tx: tx.announce("thing", "b"))
    until(lambda: Change("thing", "b") in heard)
    assert Change("thing", "b") not in ended


def test_who_comes_back_to_listen_is_not_left_deaf(store: Store, store_url: str) -> None:
    store.listen(lambda _change: None)()  # nobody listens now
    heard = _listen(store)
    with _another_process(store_url) as other:
        _write(other, "a")
        until(lambda: {Change("thing", "a"), ANYTHING} & set(heard))


@pytest.mark.promise("OPS-7.08")
def test_after_a_lost_connection_everything_is_to_be_looked_at_again(postgres_store: Store, postgres_url: str) -> None:
    heard = _listen(postgres_store)
    until(lambda: ANYTHING in heard)
    heard.clear()
    hang_up(postgres_url)
    until(lambda: ANYTHING in heard)
    postgres_store.write(lambda tx: tx.announce("thing", "after"))
    until(lambda: Change("thing", "after") in heard)


def test_nobody_hears_anything_after_the_close(store: Store) -> None:
    heard = _listen(store)
    store.write(lambda tx: tx.announce("thing", "a"))
    until(lambda: Change("thing", "a") in heard)
    store.close()
    heard.clear()
    store.close()
    assert heard == []
