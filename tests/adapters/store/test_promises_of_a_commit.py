"""What a job promises for the moment of its commit happens then, and never without it; the chain's end with it."""

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openpact.adapters.store import Change, ConstraintBroken, Store, Transaction, audit
from openpact.adapters.store.chain import store_id
from openpact.domain import audit as record
from openpact.domain.audit import Event, Head
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS, break_commit, draft, held, late_check, mark, marks
from tests.waiting import until


def _heard(store: Store) -> list[Change]:
    heard = list[Change]()
    store.listen(heard.append)
    return heard


def _events(store: Store) -> list[Event]:
    with store.reading() as snapshot:
        return list(audit.walk(snapshot))


def _assert_whole(store: Store, wanted: list[str]) -> None:
    """Each chain begins at its genesis, has no hole, and ends where the store says; the events are those."""
    with store.reading() as snapshot:
        events, heads, identity = list(audit.walk(snapshot)), audit.heads(snapshot), store_id(snapshot)
    assert [event.id for event in events] == wanted
    ends: dict[str, Head] = {}
    for event in events:
        before = ends.get(event.chain, Head(0, record.genesis(identity, event.chain)))
        assert (event.seq, event.prev) == (before.seq + 1, before.hash)
        assert event.hash == record.event_hash(event)
        ends[event.chain] = Head(event.seq, event.hash)
    assert heads == ends


def test_notes_are_called_after_the_commit(store: Store) -> None:
    noted = list[set[str]]()

    def job(tx: Transaction) -> None:
        mark("a")(tx)
        tx.afterwards(lambda: noted.append(marks(store)))
        assert noted == []

    store.write(job)
    assert noted == [{"a"}]


def test_nothing_promised_happens_when_the_job_fails(store: Store) -> None:
    heard, noted = _heard(store), list[str]()

    def job(tx: Transaction, name: str, *, fail: bool) -> None:
        tx.announce("thing", name)
        tx.afterwards(lambda: noted.append(name))
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        store.write(lambda tx: job(tx, "lost", fail=True))
    with held(store):
        futures = [store.submit(lambda tx, n=n: job(tx, f"n{n}", fail=n == 1)) for n in range(3)]  # type: ignore[misc]
    assert [future.exception(BOUND_SECONDS) is None for future in futures] == [True, False, True]
    until(lambda: Change("thing", "n2") in heard)
    assert [change for change in heard if change.topic == "thing"] == [Change("thing", "n0"), Change("thing", "n2")]
    assert noted == ["n0", "n2"]


def test_nothing_promised_happens_when_the_commit_fails(store: Store) -> None:
    store.write(late_check)
    heard, noted = _heard(store), list[str]()

    def job(tx: Transaction) -> None:
        tx.announce("thing", "lost")
        tx.afterwards(lambda: noted.append("lost"))
        break_commit(tx)

    with pytest.raises(ConstraintBroken):
        store.write(job)
    store.write(lambda tx: tx.announce("thing", "kept"))
    until(lambda: Change("thing", "kept") in heard)
    assert [change for change in heard if change.topic == "thing"] == [Change("thing", "kept")]
    assert noted == []


def test_what_is_announced_twice_is_told_once(store: Store) -> None:
    heard = _heard(store)

    def job(tx: Transaction) -> None:
        for key in ("a", "b", "a"):
            tx.announce("thing", key)

    store.write(job)
    store.write(lambda tx: tx.announce("thing", "end"))
    until(lambda: Change("thing", "end") in heard)
    assert [change.key for change in heard if change.topic == "thing"] == ["a", "b", "end"]


@pytest.mark.promise("OPS-5.13")
def test_the_chain_goes_on_behind_the_last_event_of_a_commit(store: Store) -> None:
    store.write(lambda tx: [audit.append(tx, draft(name)) for name in ("e1", "e2")])
    store.write(lambda tx: audit.append(tx, draft("e3")))
    _assert_whole(store, ["e1", "e2", "e3"])


@pytest.mark.promise("OPS-5.13")
def test_a_failed_job_of_a_group_leaves_no_hole_in_the_chain(open_another: Opener) -> None:
    @settings(max_examples=15)
    @given(groups=st.lists(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=5), max_size=4))
    def check(groups: list[list[tuple[int, bool]]]) -> None:
        for group in groups:
            with held(store):
                futures = []
                for appends, fail in group:
                    names = [f"e{next(numbers):06}" for _ in range(appends)]
                    futures.append(store.submit(lambda tx, n=names, f=fail: job(tx, n, fail=f)))  # type: ignore[misc]
                    wanted.extend([] if fail else names)
            for future, (_, fail) in zip(futures, group, strict=True):
                assert (future.exception(BOUND_SECONDS) is not None) == fail
        _assert_whole(store, wanted)

    def job(tx: Transaction, names: list[str], *, fail: bool) -> None:
        for name in names:
            audit.append(tx, draft(name))
        if fail:
            raise LookupError

    store, wanted, numbers = open_another(), list[str](), iter(range(10**6))
    check()


@pytest.mark.promise("OPS-5.13")
def test_a_chain_that_somebody_else_moved_is_never_forked(store: Store) -> None:
    store.write(lambda tx: audit.append(tx, draft("e1")))

    def job(tx: Transaction) -> None:
        mark("a")(tx)
        audit.append(tx, draft("e2"))
        tx.run("UPDATE audit_chains SET seq = seq + 1")

    with pytest.raises(ConstraintBroken, match="moved by somebody else"):
        store.write(job)
    _assert_whole(store, ["e1"])
    assert marks(store) == set()


@pytest.mark.promise("OPS-5.13")
def test_a_chain_moved_on_another_connection_is_never_forked(postgres_store: Store, postgres_url: str) -> None:
    postgres_store.write(lambda tx: audit.append(tx, draft("e1")))

    def job(tx: Transaction) -> None:
        audit.append(tx, draft("e2"))
        with psycopg.connect(postgres_url) as other:
            other.execute("UPDATE audit_chains SET head = repeat('1', 64)")

    with pytest.raises(ConstraintBroken, match="moved by somebody else"):
        postgres_store.write(job)
    assert [event.id for event in _events(postgres_store)] == ["e1"]


@pytest.mark.promise("OPS-5.13", "OPS-7.05")
def test_daemons_that_write_at_once_leave_whole_chains(open_another: Opener) -> None:
    one, other = open_another(), open_another()
    for number in range(3):
        one.write(lambda tx, n=number: audit.append(tx, draft(f"a{n}")))  # type: ignore[misc]
        other.write(lambda tx, n=number: audit.append(tx, draft(f"b{n}")))  # type: ignore[misc]
    on_postgres = one.engine.name == "postgres"  # there each daemon has a chain; a file has one for all
    wanted = ["a0", "a1", "a2", "b0", "b1", "b2"] if on_postgres else ["a0", "b0", "a1", "b1", "a2", "b2"]
    _assert_whole(one, wanted)
    assert len({event.chain for event in _events(one)}) == (2 if on_postgres else 1)


@pytest.mark.promise("OPS-5.13")
def test_the_chain_of_a_daemon_that_is_gone_is_gone_on_with(open_another: Opener) -> None:
    for name in ("e1", "e2"):
        store = open_another()
        store.write(lambda tx, n=name: audit.append(tx, draft(n)))  # type: ignore[misc]
        store.close()
    last = open_another()
    _assert_whole(last, ["e1", "e2"])
    assert {event.chain for event in _events(last)} == {"c1"}
