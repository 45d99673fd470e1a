"""A parcel leaves with its cause or not at all, is claimed by one at a time, and ends once."""

import threading
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from openpact.adapters.store import Change, Store, Transaction, outbox
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS, mark, marks
from tests.waiting import until

HOLDERS = st.sampled_from(["a", "b"])
IDS = st.sampled_from([f"p{number}" for number in range(5)])


class Outbox(RuleBasedStateMachine):
    """The table against a model of what each parcel has been through."""

    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.store.write(lambda tx: tx.run("DELETE FROM outbox"))
        self.now = 100
        self.parcels: dict[str, dict[str, Any]] = {}

    @rule(parcel=IDS)
    def add(self, parcel: str) -> None:
        if parcel in self.parcels:
            return
        self.store.write(lambda tx: outbox.add(tx, parcel, "hook", "{}", self.now))
        self.parcels[parcel] = {"state": "pending", "due": self.now, "tries": 0, "by": None, "until": 0}

    @rule(holder=HOLDERS, limit=st.integers(1, 3), length=st.integers(1, 4))
    def claim(self, holder: str, limit: int, length: int) -> None:
        ends = self.now + length
        got = self.store.write(lambda tx: outbox.claim(tx, holder, self.now, ends, limit))
        free = sorted(
            (parcel["due"], name)
            for name, parcel in self.parcels.items()
            if parcel["state"] == "pending" and parcel["due"] <= self.now and parcel["until"] <= self.now
        )
        assert [(parcel.due_at, parcel.id) for parcel in got] == free[:limit]
        for parcel in got:
            mine = self.parcels[parcel.id]
            mine.update(by=holder, until=ends, tries=mine["tries"] + 1)
            assert parcel.attempts == mine["tries"]

    @rule(parcel=IDS, holder=HOLDERS, end=st.sampled_from(["delivered", "dead"]))
    def settle(self, parcel: str, holder: str, end: str) -> None:
        def job(tx: Transaction) -> bool:
            if end == "dead":
                return outbox.bury(tx, parcel, holder, self.now, "no answer")
            return outbox.deliver(tx, parcel, holder, self.now)

        assert self.store.write(job) is self._may_settle(parcel, holder)
        if self._may_settle(parcel, holder):
            self.parcels[parcel]["state"] = end

    @rule(parcel=IDS, holder=HOLDERS, later=st.integers(0, 4))
    def postpone(self, parcel: str, holder: str, later: int) -> None:
        due = self.now + later
        done = self.store.write(lambda tx: outbox.postpone(tx, parcel, holder, due, "no answer"))
        assert done is self._may_settle(parcel, holder)
        if done:
            self.parcels[parcel].update(due=due, by=None, until=0)

    @rule(seconds=st.integers(1, 4))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def the_store_holds_what_the_model_says(self) -> None:
        with self.store.reading() as snapshot:
            rows = snapshot.rows("SELECT id, state, due_at, attempts, claimed_by, claimed_until FROM outbox")
            waiting = outbox.waiting(snapshot)
        assert {row[0]: row[1:] for row in rows} == {
            name: (p["state"], p["due"], p["tries"], p["by"], p["until"]) for name, p in self.parcels.items()
        }
        assert waiting == sum(parcel["state"] == "pending" for parcel in self.parcels.values())

    def _may_settle(self, parcel: str, holder: str) -> bool:
        found = self.parcels.get(parcel)
        return found is not None and found["state"] == "pending" and found["by"] == holder


@pytest.mark.promise("QUA-2.01")
def test_a_parcel_is_where_its_moves_put_it_whatever_happens(store: Store) -> None:
    Outbox.store = store
    run_state_machine_as_test(Outbox, settings=settings(max_examples=25, stateful_step_count=25))


@pytest.mark.promise("OPS-7.09")
def test_a_parcel_and_its_cause_stand_or_fall_together(store: Store) -> None:
    def job(tx: Transaction, name: str, *, fail: bool) -> None:
        mark(name)(tx)
        outbox.add(tx, name, "hook", "{}", 1)
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        store.write(lambda tx: job(tx, "lost", fail=True))
    store.write(lambda tx: job(tx, "kept", fail=False))
    assert marks(store) == {"kept"}
    claimed = store.write(lambda tx: outbox.claim(tx, "a", 5, 9, 10))
    assert [(parcel.id, parcel.topic, parcel.payload) for parcel in claimed] == [("kept", "hook", "{}")]


def test_a_new_parcel_is_announced(store: Store) -> None:
    heard = list[Change]()
    store.listen(heard.append)
    store.write(lambda tx: outbox.add(tx, "p1", "hook", "{}", 1))
    until(lambda: Change("outbox", "p1") in heard)


def test_why_a_parcel_failed_is_kept_until_it_arrives(store: Store) -> None:
    def errors_now() -> list[tuple[object, ...]]:
        with store.reading() as snapshot:
            return snapshot.rows("SELECT id, last_error, ended_at FROM outbox ORDER BY id")

    for name in ("p1", "p2"):
        store.write(lambda tx, n=name: outbox.add(tx, n, "hook", "{}", 1))  # type: ignore[misc]
    store.write(lambda tx: outbox.claim(tx, "a", 5, 9, 10))
    store.write(lambda tx: outbox.postpone(tx, "p1", "a", 6, "refused"))
    store.write(lambda tx: outbox.bury(tx, "p2", "a", 7, "gone"))
    assert errors_now() == [("p1", "refused", None), ("p2", "gone", 7)]
    store.write(lambda tx: outbox.claim(tx, "a", 6, 9, 10))
    store.write(lambda tx: outbox.deliver(tx, "p1", "a", 8))
    assert errors_now() == [("p1", None, 8), ("p2", "gone", 7)]


def test_a_claimer_that_lost_its_claim_cannot_settle(store: Store) -> None:
    store.write(lambda tx: outbox.add(tx, "p1", "hook", "{}", 1))
    assert len(store.write(lambda tx: outbox.claim(tx, "a", 5, 9, 10))) == 1
    assert store.write(lambda tx: outbox.claim(tx, "b", 8, 20, 10)) == []
    assert len(store.write(lambda tx: outbox.claim(tx, "b", 9, 20, 10))) == 1
    assert not store.write(lambda tx: outbox.deliver(tx, "p1", "a", 10))
    assert not store.write(lambda tx: outbox.bury(tx, "p1", "a", 10, "late"))
    assert not store.write(lambda tx: outbox.postpone(tx, "p1", "a", 10, "late"))
    assert store.write(lambda tx: outbox.deliver(tx, "p1", "b", 10))


@pytest.mark.promise("OPS-7.05", "OPS-7.09")
def test_of_claimers_that_race_each_parcel_has_one(open_another: Opener) -> None:
    stores = [open_another() for _ in range(4)]
    barrier, claimed = threading.Barrier(4), list[str]()

    def add(tx: Transaction) -> None:
        for number in range(60):
            outbox.add(tx, f"p{number:02}", "hook", "{}", 1)

    def drain(store: Store, holder: str) -> None:
        barrier.wait(BOUND_SECONDS)
        while True:
            got = store.write(lambda tx: outbox.claim(tx, holder, 5, 100, 3))
            if not got:
                return
            assert len(got) <= 3
            claimed.extend(parcel.id for parcel in got)

    stores[0].write(add)
    threads = [threading.Thread(target=drain, args=pair) for pair in zip(stores, "abcd", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    left = stores[0].write(lambda tx: outbox.claim(tx, "e", 5, 100, 100))  # a claimer may have passed over a locked row
    claimed.extend(parcel.id for parcel in left)
    assert sorted(claimed) == [f"p{number:02}" for number in range(60)]


def test_a_claimer_does_not_wait_for_another_ones_claim(postgres_store: Store, postgres_url: str) -> None:
    from openpact.adapters.store import open_store  # noqa: PLC0415 - beside its use

    other = open_store(postgres_url)
    for name in ("p1", "p2"):
        postgres_store.write(lambda tx, n=name: outbox.add(tx, n, "hook", "{}", 1))  # type: ignore[misc]

    def job(tx: Transaction) -> list[str]:
        assert [parcel.id for parcel in outbox.claim(tx, "a", 5, 9, 1)] == ["p1"]
        return [parcel.id for parcel in other.write(lambda tx: outbox.claim(tx, "b", 5, 9, 2))]

    try:
        assert postgres_store.write(job) == ["p2"]
    finally:
        other.close()
