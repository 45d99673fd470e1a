"""A try is counted before it is made; no more of them pass in a window than the limit, however many ask at once."""

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from openpact.adapters.store import Store, throttles
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS


def _take(store: Store, now: int, *, name: str = "n", window: int = 60, limit: int = 2) -> int | None:
    return store.write(lambda tx: throttles.take(tx, name, now, window, limit))


def test_the_limit_holds_until_the_window_is_over(store: Store) -> None:
    assert [_take(store, now) for now in (100, 110, 120, 159)] == [None, None, 160, 160]
    assert [_take(store, now) for now in (160, 161, 219, 220)] == [None, None, 220, None]


def test_each_name_has_its_own_window(store: Store) -> None:
    assert [_take(store, 100, limit=1), _take(store, 100, limit=1)] == [None, 160]
    assert _take(store, 100, name="other", limit=1) is None


def test_a_limit_of_nothing_lets_nothing_pass(store: Store) -> None:
    assert _take(store, 100, limit=0) == 160


def test_a_try_that_is_given_back_may_be_made_again(store: Store) -> None:
    assert [_take(store, 100, limit=1), _take(store, 101, limit=1)] == [None, 160]
    for _ in range(5):  # more than were taken: the count does not go below nothing
        store.write(lambda tx: throttles.give_back(tx, "n"))
    assert [_take(store, 102, limit=1), _take(store, 103, limit=1)] == [None, 160]
    store.write(lambda tx: throttles.give_back(tx, "nobody"))


def test_only_old_windows_are_forgotten(store: Store) -> None:
    _take(store, 100, name="old", limit=1)
    _take(store, 101, name="new", limit=1)
    store.write(lambda tx: throttles.forget(tx, 101))
    assert _take(store, 102, name="old", limit=1) is None
    assert _take(store, 102, name="new", limit=1) == 161


def test_no_window_lets_more_pass_than_the_limit(store: Store) -> None:
    @settings(max_examples=25)
    @given(gaps=st.lists(st.integers(0, 40), max_size=15), limit=st.integers(1, 3))
    def check(gaps: list[int], limit: int) -> None:
        store.write(lambda tx: tx.run("DELETE FROM throttles"))
        now, begun, passed = 1000, None, 0
        for gap in gaps:
            now += gap
            if begun is None or now - begun >= 60:
                begun, passed = now, 0
            passed += 1
            assert _take(store, now, limit=limit) == (None if passed <= limit else begun + 60)

    check()


def test_those_who_race_never_pass_together(open_another: Opener) -> None:
    stores = [open_another() for _ in range(4)]
    barrier, passed = threading.Barrier(4), list[int | None]()

    def race(store: Store) -> None:
        for number in range(8):
            barrier.wait(BOUND_SECONDS)
            passed.append(number if _take(store, 1000 * number, limit=2) is None else None)

    threads = [threading.Thread(target=race, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    assert [passed.count(number) for number in range(8)] == [2] * 8
