"""One place commits: a job's result is given when it is durable, and a job that fails has never happened."""

import threading

import pytest

from openpact.adapters.store import ConstraintBroken, Durability, Store, Transaction
from openpact.domain import errors
from tests.adapters.store.rows import BOUND_SECONDS, break_commit, held, late_check, mark, marks
from tests.waiting import until


def _fail(tx: Transaction) -> None:
    mark("half")(tx)
    raise LookupError("this job fails")


def test_a_job_is_committed_when_its_result_is_given(store: Store) -> None:
    assert store.write(mark("a")) == "a"
    assert marks(store) == {"a"}
    assert store.submit(mark("b")).result(BOUND_SECONDS) == "b"
    assert marks(store) == {"a", "b"}


def test_nobody_sees_a_job_before_its_commit(store: Store) -> None:
    def job(tx: Transaction) -> set[str]:
        mark("a")(tx)
        return marks(store)

    assert store.write(job) == set()
    assert marks(store) == {"a"}


def test_a_job_that_raises_changes_nothing(store: Store) -> None:
    with pytest.raises(LookupError):
        store.write(_fail)
    with pytest.raises(LookupError):
        store.submit(_fail).result(BOUND_SECONDS)
    assert marks(store) == set()
    store.write(mark("later"))
    assert marks(store) == {"later"}


def test_a_result_is_not_given_when_the_commit_fails(store: Store) -> None:
    store.write(late_check)

    def job(tx: Transaction) -> str:
        break_commit(tx)
        return mark("a")(tx)

    with pytest.raises(ConstraintBroken):
        store.write(job)
    with pytest.raises(ConstraintBroken):
        store.submit(job).result(BOUND_SECONDS)
    assert marks(store) == set()
    store.write(mark("later"))
    assert marks(store) == {"later"}


def test_jobs_that_wait_share_one_commit(store: Store) -> None:
    with held(store) as first:
        futures = [store.submit(lambda tx: tx) for _ in range(5)]
        assert not first.done()
    assert len({id(future.result(BOUND_SECONDS)) for future in futures}) == 1


def test_no_group_is_larger_than_its_bound(store: Store) -> None:
    with held(store):
        futures = [store.submit(lambda tx: tx) for _ in range(300)]
    transactions = [future.result(BOUND_SECONDS) for future in futures]
    assert [transactions.count(one) for one in dict.fromkeys(transactions)] == [256, 44]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_job_that_raises_does_not_harm_its_group(store: Store, place: int) -> None:
    with held(store):
        futures = [store.submit(_fail if number == place else mark(f"m{number}")) for number in range(3)]
    others = {f"m{number}" for number in range(3) if number != place}
    assert {future.result(BOUND_SECONDS) for future in futures if future is not futures[place]} == others
    assert isinstance(futures[place].exception(BOUND_SECONDS), LookupError)
    assert marks(store) == others


def test_a_job_whose_statement_is_refused_does_not_harm_its_group(store: Store) -> None:
    store.write(mark("taken"))
    with held(store):
        futures = [store.submit(mark(name)) for name in ("a", "taken", "b")]
    assert [future.exception(BOUND_SECONDS) is None for future in futures] == [True, False, True]
    assert isinstance(futures[1].exception(), ConstraintBroken)
    assert marks(store) == {"taken", "a", "b"}


def test_a_group_of_failing_jobs_changes_nothing(store: Store) -> None:
    with held(store):
        futures = [store.submit(_fail) for _ in range(3)]
    assert [type(future.exception(BOUND_SECONDS)) for future in futures] == [LookupError] * 3
    assert marks(store) == set()


def test_a_commit_that_fails_fails_everybody_in_the_group(store: Store) -> None:
    store.write(late_check)
    with held(store):
        futures = [store.submit(job) for job in (mark("a"), break_commit, _fail, mark("b"))]
    faults = [type(future.exception(BOUND_SECONDS)) for future in futures]
    assert faults == [ConstraintBroken, ConstraintBroken, LookupError, ConstraintBroken]
    assert marks(store) == set()
    assert store.submit(mark("later")).result(BOUND_SECONDS) == "later"


def test_a_job_that_goes_on_after_a_refused_statement_is_never_told_that_it_was_done_on_postgres(
    postgres_store: Store,
) -> None:
    # The server answers such a COMMIT with a rollback and no error.
    def job(tx: Transaction) -> None:
        mark("a")(tx)
        with pytest.raises(ConstraintBroken):
            mark("a")(tx)

    with pytest.raises(errors.StoreUnavailable, match="given up"):
        postgres_store.write(job)
    assert marks(postgres_store) == set()


def test_a_write_inside_a_write_is_refused(store: Store) -> None:
    def job(tx: Transaction) -> None:
        mark("outer")(tx)
        store.write(mark("inner"))

    with pytest.raises(RuntimeError, match="pass it the transaction"):
        store.write(job)
    with pytest.raises(RuntimeError, match="pass it the transaction"):
        store.submit(job).result(BOUND_SECONDS)
    assert marks(store) == set()
    store.write(mark("later"))


def test_a_job_may_be_queued_while_a_transaction_is_open(store: Store) -> None:
    # The event loop queues jobs: it must not stand still for as long as a commit takes.
    with held(store) as first:
        second = store.submit(mark("a"))
        assert not first.done()
    assert second.result(BOUND_SECONDS) == "a"


def test_writers_in_many_threads_take_turns(store: Store) -> None:
    def job(tx: Transaction) -> None:
        row = tx.row("SELECT used FROM throttles WHERE name = 'count'")
        assert row is not None
        tx.run("UPDATE throttles SET used = ? WHERE name = 'count'", row[0] + 1)

    def work() -> None:
        for _ in range(10):
            store.write(job)
            store.submit(job).result(BOUND_SECONDS)

    store.write(mark("count"))
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    with store.reading() as snapshot:
        assert snapshot.row("SELECT used FROM throttles") == (80,)


def test_a_job_that_ends_the_thread_does_not_end_the_writer(store: Store) -> None:
    def job(_tx: Transaction) -> None:
        raise SystemExit

    with held(store):
        ending, other = store.submit(job), store.submit(mark("a"))
    assert isinstance(ending.exception(BOUND_SECONDS), SystemExit)
    assert other.result(BOUND_SECONDS) == "a"
    with pytest.raises(SystemExit):
        store.write(job)
    assert store.submit(mark("b")).result(BOUND_SECONDS) == "b"


def test_a_cancelled_job_does_not_run(store: Store) -> None:
    with held(store):
        cancelled, kept = store.submit(mark("cancelled")), store.submit(mark("kept"))
        assert cancelled.cancel()
    assert kept.result(BOUND_SECONDS) == "kept"
    assert marks(store) == {"kept"}


def test_a_group_of_cancelled_jobs_commits_nothing(store: Store) -> None:
    with held(store):
        cancelled = [store.submit(mark(f"m{number}")) for number in range(2)]
        assert all(future.cancel() for future in cancelled)
    assert store.submit(mark("later")).result(BOUND_SECONDS) == "later"
    assert marks(store) == {"later"}


def test_nothing_is_written_after_the_close(store: Store) -> None:
    store.write(mark("before"))
    store.submit(mark("queued")).result(BOUND_SECONDS)
    store.close()
    with pytest.raises(errors.StoreUnavailable, match="closed"):
        store.submit(mark("after"))
    with pytest.raises(errors.StoreUnavailable, match="closed"):
        store.write(mark("after"))
    store.close()
    assert marks(store) == {"before", "queued"}
    store.close()


def test_the_close_finishes_what_waits(store: Store) -> None:
    def closed() -> bool:
        try:
            store.submit(lambda _tx: None)
        except errors.StoreUnavailable:
            return True
        return False

    with held(store):
        waiting = store.submit(mark("waiting"))
        closing = threading.Thread(target=store.close)
        closing.start()
        until(closed)
    closing.join(BOUND_SECONDS)
    assert waiting.result(BOUND_SECONDS) == "waiting"
    assert marks(store) == {"waiting"}
    store.close()


def _setting(tx: Transaction) -> object:
    if tx.skip_locked:
        return tx.row("SHOW synchronous_commit") == ("on",)
    return tx.row("PRAGMA synchronous") == (2,)  # FULL


@pytest.mark.promise("ARC-3.03")
def test_a_commit_is_as_durable_as_the_job_asks(store: Store) -> None:
    asked = [Durability.FULL, Durability.NORMAL, Durability.FULL, Durability.NORMAL]
    assert [store.write(_setting, durability) for durability in asked] == [True, False, True, False]
    assert store.write(_setting) is True


@pytest.mark.promise("ARC-3.03")
def test_a_group_is_as_durable_as_its_most_careful_job(store: Store) -> None:
    with held(store):
        asked = [Durability.NORMAL, Durability.FULL, Durability.NORMAL]
        futures = [store.submit(_setting, durability) for durability in asked]
    assert [future.result(BOUND_SECONDS) for future in futures] == [True] * 3
    with held(store):
        futures = [store.submit(_setting, Durability.NORMAL) for _ in range(2)]
    assert [future.result(BOUND_SECONDS) for future in futures] == [False] * 2
