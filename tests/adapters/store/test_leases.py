"""A job is leased to one holder at a time, whose epoch tells it from every earlier one."""

import itertools
import subprocess
import sys
import threading
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from openpact.adapters.store import Store, leases
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS

HOLDERS = st.sampled_from(["a", "b", "c"])
NAMES = st.sampled_from(["job", "another"])

_TAKE = """
import sys
from openpact.adapters.store import leases, open_store
store = open_store(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
print(store.write(lambda tx: leases.take(tx, "job", sys.argv[2], 10, 20)), flush=True)
store.close()
"""


class Leases(RuleBasedStateMachine):
    """The table against a model that says what a lease is."""

    store: ClassVar[Store]

    def __init__(self) -> None:
        super().__init__()
        self.store.write(lambda tx: tx.run("DELETE FROM leases"))
        self.now = 100
        self.rows: dict[str, tuple[str, int, int]] = {}  # holder, epoch, end

    @rule(name=NAMES, holder=HOLDERS, length=st.integers(1, 5))
    def take(self, name: str, holder: str, length: int) -> None:
        ends = self.now + length
        got = self.store.write(lambda tx: leases.take(tx, name, holder, self.now, ends))
        who, epoch, end = self.rows.get(name, ("", 0, 0))
        if who != holder and end > self.now:
            assert got is None
            return
        assert got == (epoch if who == holder else epoch + 1)
        self.rows[name] = (holder, got, ends)

    @rule(name=NAMES, holder=HOLDERS)
    def give_back(self, name: str, holder: str) -> None:
        self.store.write(lambda tx: leases.give_back(tx, name, holder))
        who, epoch, _ = self.rows.get(name, ("", 0, 0))
        if who == holder:
            self.rows[name] = (who, epoch, 0)

    @rule(seconds=st.integers(1, 4))
    def pass_time(self, seconds: int) -> None:
        self.now += seconds

    @invariant()
    def the_store_says_who_holds_it(self) -> None:
        running = sorted(name for name, (_, _, end) in self.rows.items() if end > self.now)
        with self.store.reading() as snapshot:
            for name in ("job", "another"):
                wanted = self.rows[name][0] if name in running else None
                assert leases.holder(snapshot, name, self.now) == wanted
            assert leases.living(snapshot, "", self.now) == running


@pytest.mark.promise("QUA-2.01", "OPS-7.07")
def test_a_lease_is_held_by_one_at_a_time_whatever_happens(store: Store) -> None:
    Leases.store = store
    run_state_machine_as_test(Leases, settings=settings(max_examples=25, stateful_step_count=20))


@pytest.mark.promise("OPS-7.07")
def test_another_takes_over_at_the_very_end_and_the_late_one_is_known(store: Store) -> None:
    assert store.write(lambda tx: leases.take(tx, "job", "a", 10, 20)) == 1
    assert store.write(lambda tx: leases.take(tx, "job", "b", 19, 30)) is None
    assert store.write(lambda tx: leases.take(tx, "job", "b", 20, 30)) == 2
    assert store.write(lambda tx: leases.take(tx, "job", "a", 21, 40)) is None
    store.write(lambda tx: leases.give_back(tx, "job", "a"))  # not its own any more
    with store.reading() as snapshot:
        assert leases.holder(snapshot, "job", 21) == "b"


def test_only_leases_of_one_kind_that_have_long_ended_are_forgotten(store: Store) -> None:
    for name, ends in (("process/1", 5), ("process/2", 20), ("job", 5), ("processed", 5)):
        store.write(lambda tx, n=name, e=ends: leases.take(tx, n, "a", 0, e))  # type: ignore[misc]
    store.write(lambda tx: leases.forget(tx, "process/", 10))
    with store.reading() as snapshot:
        assert snapshot.rows("SELECT name FROM leases ORDER BY name") == [("job",), ("process/2",), ("processed",)]
        assert leases.living(snapshot, "process/", 1) == ["process/2"]


@pytest.mark.promise("OPS-7.07", "OPS-7.05")
def test_of_daemons_that_race_for_a_lease_one_wins(open_another: Opener) -> None:
    stores = [open_another() for _ in range(4)]
    barrier, wins = threading.Barrier(4), list[tuple[int, str, int]]()

    def race(store: Store, holder: str) -> None:
        for number in range(15):
            barrier.wait(BOUND_SECONDS)
            epoch = store.write(lambda tx, n=number: leases.take(tx, "job", holder, n * 10, n * 10 + 10))  # type: ignore[misc]
            if epoch is not None:
                wins.append((number, holder, epoch))

    threads = [threading.Thread(target=race, args=(store, name)) for store, name in zip(stores, "abcd", strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    assert [number for number, _, _ in wins] == list(range(15))
    for (_, before, old), (_, after, new) in itertools.pairwise(wins):
        assert new == (old if before == after else old + 1)


@pytest.mark.promise("OPS-7.07")
def test_of_processes_that_race_for_a_lease_one_wins(store_url: str) -> None:
    racers = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _TAKE, store_url, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in ("a", "b", "c")
    ]
    try:
        for racer in racers:
            assert racer.stdout is not None
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            assert racer.stdin is not None
            racer.stdin.write("\n")
            racer.stdin.flush()
        said = sorted(racer.communicate(timeout=60)[0] for racer in racers)
    finally:
        for racer in racers:
            racer.kill()
    assert said == ["1\n", "None\n", "None\n"]
