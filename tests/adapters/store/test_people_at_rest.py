"""People, tokens and the set-up code at rest: each change says what it expects, and the last administrator stays."""

import threading

import pytest
from msgspec.structs import replace

from openpact.adapters.store import ConstraintBroken, Store, Transaction, people, setup, tokens
from openpact.domain.principal import Role
from tests.adapters.store.conftest import Opener
from tests.adapters.store.rows import BOUND_SECONDS, person, token


def test_a_person_is_found_as_written(store: Store) -> None:
    ann = replace(
        person(1, role=Role.ADMIN, groups=("dev", "ops")),
        totp_sealed="sealed",
        totp_step=7,
        failures=2,
        locked_until=9,
        seen_at=5,
    )
    assert store.write(lambda tx: [people.add(tx, ann), people.add(tx, person(2, state="disabled"))]) == [True, True]
    with store.reading() as snapshot:
        assert people.find(snapshot, "per_1") == ann
        assert people.find_named(snapshot, "person1") == ann
        assert people.find(snapshot, "per_9") is None
        assert people.find_named(snapshot, "PERSON1") is None
        assert people.everyone(snapshot) == [ann, person(2, state="disabled")]
        assert people.count(snapshot) == 2


def test_a_name_is_taken_once(store: Store) -> None:
    store.write(lambda tx: people.add(tx, person(1, groups=("ops",))))
    assert not store.write(lambda tx: people.add(tx, replace(person(2, groups=("dev",)), username="person1")))
    with store.reading() as snapshot:
        assert people.everyone(snapshot) == [person(1, groups=("ops",))]


@pytest.mark.promise("ARC-4.13")
@pytest.mark.parametrize("state", ["deleted", "", "ACTIVE"])
def test_a_state_that_is_none_is_refused(store: Store, state: str) -> None:
    store.write(lambda tx: people.add(tx, person(1)))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: people.set_state(tx, "per_1", "active", state))
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: people.add(tx, person(2, state=state)))


def test_a_state_is_changed_only_from_the_expected_one(store: Store) -> None:
    store.write(lambda tx: people.add(tx, person(1)))
    assert not store.write(lambda tx: people.set_state(tx, "per_1", "disabled", "active"))
    assert store.write(lambda tx: people.set_state(tx, "per_1", "active", "disabled"))
    assert not store.write(lambda tx: people.set_state(tx, "per_1", "active", "disabled"))
    assert not store.write(lambda tx: people.set_state(tx, "per_9", "active", "disabled"))
    with store.reading() as snapshot:
        found = people.find(snapshot, "per_1")
    assert found is not None
    assert not found.active


def test_groups_are_exactly_those_that_were_set_last(store: Store) -> None:
    store.write(lambda tx: [people.add(tx, person(n, groups=("dev", "ops"))) for n in (1, 2)])
    store.write(lambda tx: people.set_groups(tx, "per_1", ("qa", "dev")))
    with store.reading() as snapshot:
        assert [one.groups for one in people.everyone(snapshot)] == [("dev", "qa"), ("dev", "ops")]


def test_a_step_of_a_one_time_code_is_spent_once_and_never_an_earlier_one(store: Store) -> None:
    store.write(lambda tx: people.add(tx, person(1)))
    spent = [store.write(lambda tx, s=s: people.spend_totp_step(tx, "per_1", s)) for s in (5, 5, 4, 6, 6)]  # type: ignore[misc]
    assert spent == [True, False, False, True, False]


def test_failures_are_counted_until_they_are_forgiven(store: Store) -> None:
    store.write(lambda tx: people.add(tx, person(1)))
    for forgive in (
        lambda tx: people.note_success(tx, "per_1", 50),
        lambda tx: people.set_password(tx, "per_1", "other", 50),
    ):
        assert [store.write(lambda tx: people.note_failure(tx, "per_1")) for _ in range(3)] == [1, 2, 3]
        store.write(lambda tx: people.lock_out(tx, "per_1", 99))
        store.write(forgive)
        with store.reading() as snapshot:
            found = people.find(snapshot, "per_1")
        assert found is not None
        assert (found.failures, found.locked_until) == (0, 0)
    assert store.write(lambda tx: people.note_failure(tx, "per_9")) == 0


def test_other_administrators_are_active_and_somebody_else(store: Store) -> None:
    who = [
        person(1, role=Role.ADMIN),
        person(2, role=Role.ADMIN, state="disabled"),
        person(3, role=Role.REVIEWER),
        person(4, role=Role.ADMIN),
    ]
    store.write(lambda tx: [people.add(tx, one) for one in who])
    assert store.write(lambda tx: people.other_administrators(tx, "per_1")) == 1
    assert store.write(lambda tx: people.other_administrators(tx, "per_3")) == 2
    store.write(lambda tx: people.set_role(tx, "per_4", Role.VIEWER))
    assert store.write(lambda tx: people.other_administrators(tx, "per_1")) == 0


@pytest.mark.parametrize("how", ["role", "state"])
def test_administrators_who_step_down_at_once_never_leave_nobody(open_another: Opener, how: str) -> None:
    stores = [open_another() for _ in range(2)]
    barrier = threading.Barrier(2)

    def step_down(store: Store, who: str) -> None:
        def job(tx: Transaction) -> None:
            if tx.skip_locked:  # several writers at once exist on PostgreSQL alone: let both transactions be open
                barrier.wait(BOUND_SECONDS)
            if people.other_administrators(tx, who) == 0:
                return
            if how == "role":
                people.set_role(tx, who, Role.VIEWER)
            else:
                people.set_state(tx, who, "active", "disabled")

        store.write(job)

    stores[0].write(lambda tx: [people.add(tx, person(n, role=Role.ADMIN)) for n in (1, 2)])
    for _ in range(8):
        threads = [
            threading.Thread(target=step_down, args=pair) for pair in zip(stores, ("per_1", "per_2"), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(BOUND_SECONDS)
        with stores[0].reading() as snapshot:
            left = [one for one in people.everyone(snapshot) if one.active and one.role is Role.ADMIN]
        assert len(left) == 1
        stores[0].write(lambda tx: tx.run("UPDATE people SET role = 'admin', state = 'active'"))


def test_a_token_is_found_by_its_id_and_by_its_hash(store: Store) -> None:
    store.write(lambda tx: [people.add(tx, person(1)), tokens.add(tx, token(1))])
    with store.reading() as snapshot:
        assert tokens.find(snapshot, "tok_1") == token(1)
        assert tokens.find_by_hash(snapshot, "hash1") == token(1)
        assert tokens.find(snapshot, "tok_9") is None
        assert tokens.find_by_hash(snapshot, "HASH1") is None


def test_a_person_has_one_live_token_of_a_name(store: Store) -> None:
    store.write(lambda tx: [people.add(tx, person(1)), people.add(tx, person(2))])
    wanted = [token(1), token(2), token(3, name="other"), token(4, owner="per_2")]
    assert [store.write(lambda tx, t=t: tokens.add(tx, t)) for t in wanted] == [True, False, True, True]  # type: ignore[misc]
    assert store.write(lambda tx: tokens.revoke(tx, "tok_1", 50))
    assert not store.write(lambda tx: tokens.revoke(tx, "tok_1", 60))
    assert store.write(lambda tx: tokens.add(tx, token(2)))
    with store.reading() as snapshot:
        assert [one.id for one in tokens.everything(snapshot)] == ["tok_4", "tok_3", "tok_2", "tok_1"]


def test_a_hash_belongs_to_one_token(store: Store) -> None:
    store.write(lambda tx: [people.add(tx, person(1)), tokens.add(tx, token(1))])
    with pytest.raises(ConstraintBroken):
        store.write(lambda tx: tokens.add(tx, replace(token(2, name="other"), secret_hash="hash1")))


def test_a_token_lives_until_it_ends_or_is_revoked(store: Store) -> None:
    store.write(lambda tx: people.add(tx, person(1)))
    store.write(lambda tx: [tokens.add(tx, token(n, name=str(n))) for n in (1, 2, 3)])
    store.write(lambda tx: tokens.note_use(tx, "tok_3", 77))
    assert store.write(lambda tx: tokens.revoke(tx, "tok_1", 50))
    assert [token(1).live(now) for now in (999, 1000)] == [True, False]
    with store.reading() as snapshot:
        found = {one.id: (one.live(60), one.seen_at, one.revoked_at) for one in tokens.everything(snapshot)}
    assert found == {"tok_1": (False, None, 50), "tok_2": (True, None, None), "tok_3": (True, 77, None)}
    assert store.write(lambda tx: tokens.revoke_all(tx, "per_1", 60)) == 2
    assert store.write(lambda tx: tokens.revoke_all(tx, "per_1", 70)) == 0


def test_the_set_up_code_is_spent_once_before_its_end(store: Store) -> None:
    def finish(code: str, now: int) -> bool:
        return store.write(lambda tx: setup.finish(tx, code, now))

    with store.reading() as snapshot:
        assert setup.find(snapshot) is None
    assert not finish("one", 1)
    assert store.write(lambda tx: setup.open_with(tx, "one", 100))
    assert store.write(lambda tx: setup.open_with(tx, "two", 200))
    assert [finish("one", 50), finish("two", 200)] == [False, False]
    with store.reading() as snapshot:
        assert setup.find(snapshot) == setup.Code("two", 200, None)
    assert [finish("two", 199), finish("two", 199)] == [True, False]
    assert not store.write(lambda tx: setup.open_with(tx, "three", 300))
    with store.reading() as snapshot:
        assert setup.find(snapshot) == setup.Code(None, 200, 199)


def test_of_those_who_race_with_the_set_up_code_one_spends_it(open_another: Opener) -> None:
    stores = [open_another() for _ in range(4)]
    stores[0].write(lambda tx: setup.open_with(tx, "one", 100))
    barrier, won = threading.Barrier(4), list[bool]()

    def race(store: Store) -> None:
        barrier.wait(BOUND_SECONDS)
        won.append(store.write(lambda tx: setup.finish(tx, "one", 50)))

    threads = [threading.Thread(target=race, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(BOUND_SECONDS)
    assert sorted(won) == [False, False, False, True]
