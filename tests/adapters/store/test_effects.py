"""A deed outside is begun once and ends once; only unknown may still learn its end."""

import pytest

from openpact.adapters.store import ConstraintBroken, Store, Transaction, effects
from openpact.adapters.store.effects import Deed

STATES = ("begun", "done", "failed", "unknown")
ENDS = ("done", "failed", "unknown")

# What each state becomes when an end is told; what is not named stays as it is.
MOVES = {
    ("begun", "done"),
    ("begun", "failed"),
    ("begun", "unknown"),
    ("unknown", "done"),
    ("unknown", "failed"),
}


def _deed(name: str) -> Deed:
    return Deed(name, "per_1", "ann", "tool.call", "mail")


def _put(tx: Transaction, name: str, state: str, *, holder: str = "ins_1", at: int = 1) -> None:
    effects.begin(tx, _deed(name), holder, at)
    if state != "begun":
        assert effects.end(tx, name, state, 2)


def _row(store: Store, name: str) -> object:
    with store.reading() as snapshot:
        return snapshot.row("SELECT state, ended_at FROM effects WHERE id = ?", name)


@pytest.mark.promise("ARC-4.13")
def test_each_state_leads_where_the_table_says_and_nowhere_else(store: Store) -> None:
    for before in STATES:
        for end in ENDS:
            name = f"{before}-{end}"
            store.write(lambda tx, n=name, b=before: _put(tx, n, b))  # type: ignore[misc]
            moved = store.write(lambda tx, n=name, e=end: effects.end(tx, n, e, 9))  # type: ignore[misc]
            assert moved is ((before, end) in MOVES), name
            assert _row(store, name) == ((end, 9) if moved else (before, 2)), name


@pytest.mark.promise("ARC-4.13")
@pytest.mark.parametrize("state", ["begun", "paused", ""])
def test_what_is_no_end_is_refused_by_the_store_itself(store: Store, state: str) -> None:
    store.write(lambda tx: _put(tx, "e", "begun"))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: effects.end(tx, "e", state, 9))
    assert _row(store, "e") == ("begun", None)


def test_a_deed_that_never_began_does_not_end(store: Store) -> None:
    assert not store.write(lambda tx: effects.end(tx, "nothing", "done", 9))


def test_a_deed_begins_once(store: Store) -> None:
    store.write(lambda tx: _put(tx, "e", "begun"))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: _put(tx, "e", "begun"))


def test_orphans_are_the_open_deeds_of_those_who_live_no_more(store: Store) -> None:
    def job(tx: Transaction) -> None:
        for number, (holder, state) in enumerate(
            [("dead1", "begun"), ("alive", "begun"), ("dead2", "begun"), ("dead1", "done"), ("dead1", "unknown")]
        ):
            _put(tx, f"e{number}", state, holder=holder, at=100 - number)

    store.write(job)
    with store.reading() as snapshot:
        assert effects.orphans(snapshot, ["alive"], 10) == [_deed("e2"), _deed("e0")]
        assert effects.orphans(snapshot, ["alive"], 1) == [_deed("e2")]
        assert effects.orphans(snapshot, ["alive", "dead1", "dead2"], 10) == []
        assert {deed.id for deed in effects.orphans(snapshot, [], 10)} == {"e0", "e1", "e2"}
