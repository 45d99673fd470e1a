"""The chores of a daemon: they are done when they are due, by one daemon, and survive a store that does not answer."""

import pytest
from structlog.testing import capture_logs

from openpact.adapters import seal
from openpact.adapters.store import effects, open_store
from openpact.domain import audit, errors, instant
from openpact.domain.principal import SYSTEM, Action
from openpact.services.audit import Audit
from openpact.services.care import FORGET_EVERY, LIVE_EVERY, RECOVER_EVERY, Care
from openpact.services.ledger import LEASE_SECONDS, Ledger
from tests.services import hand
from tests.world import World

EVENTS, SECONDS = 10, 60


def care_of(world: World) -> Care:
    return Care(world.ledger, world.house.audit, checkpoint_events=EVENTS, checkpoint_seconds=SECONDS)


def another_daemon(world: World) -> tuple[Care, Ledger]:
    store = world.store
    ledger = Ledger(store, clock=world.clock)
    folder = world.folder / "audit"
    audit = Audit(store, ledger, seal.open_seal(folder), lambda: seal.trust([folder / "keys"]))
    return Care(ledger, audit, checkpoint_events=EVENTS, checkpoint_seconds=SECONDS), ledger


def act(world: World, times: int = 1) -> None:
    for _ in range(times):
        world.ledger.act(SYSTEM, Action.DAEMON_START, "daemon", lambda _act: None)


def sealed(world: World) -> int:
    with world.store.reading() as snapshot:
        return int(snapshot.rows("SELECT count(*) FROM audit_checkpoints")[0][0])


@pytest.mark.promise("OPS-5.14")
def test_a_checkpoint_comes_after_so_many_events(world: World) -> None:
    care = care_of(world)
    care.turn()
    act(world, EVENTS - 1)
    care.turn()
    assert sealed(world) == 0
    act(world)
    care.turn()
    assert sealed(world) == 1
    act(world, EVENTS - 1)
    care.turn()
    assert sealed(world) == 1
    act(world)
    care.turn()
    assert sealed(world) == 2


@hand.on_one_engine
@pytest.mark.promise("OPS-5.14")
def test_a_checkpoint_comes_after_so_many_seconds_when_there_is_anything_to_seal(world: World) -> None:
    care = care_of(world)
    act(world)
    world.clock.advance(seconds=SECONDS - 1)
    care.turn()
    assert sealed(world) == 0
    world.clock.advance(seconds=1)
    care.turn()
    assert sealed(world) == 1
    world.clock.advance(hours=1)
    care.turn()
    assert sealed(world) == 1, "nothing has come since"


@hand.on_one_engine
@pytest.mark.promise("OPS-7.17", "OPS-5.14")
def test_a_clock_that_jumps_back_does_not_stop_the_chores(world: World) -> None:
    care = care_of(world)
    care.turn()
    act(world)
    world.clock.advance(days=-3)
    care.turn()
    assert sealed(world) == 1


@pytest.mark.promise("OPS-7.07")
def test_only_the_daemon_that_holds_the_lease_seals_and_another_takes_over_when_it_is_gone(world: World) -> None:
    first, (second, _) = care_of(world), another_daemon(world)
    first.turn()
    act(world, EVENTS)
    second.turn()
    assert sealed(world) == 0
    first.turn()
    assert sealed(world) == 1
    # From here on the first one is dead: it takes no more turns.
    act(world, EVENTS)
    world.clock.advance(seconds=LEASE_SECONDS - 1)
    second.turn()
    assert sealed(world) == 1
    world.clock.advance(seconds=LIVE_EVERY / instant.SECOND)
    second.turn()
    assert sealed(world) == 2


@hand.on_one_engine
@pytest.mark.promise("OPS-7.07")
def test_a_daemon_that_lives_keeps_the_lease(world: World) -> None:
    first, (second, _) = care_of(world), another_daemon(world)
    for _ in range(6):
        world.clock.advance(seconds=LIVE_EVERY / instant.SECOND)
        first.turn()
        second.turn()
    act(world, EVENTS)
    second.turn()
    assert sealed(world) == 0


@pytest.mark.promise("OPS-7.07")
def test_a_daemon_that_ends_lets_another_take_over_at_once(world: World) -> None:
    first, (second, _) = care_of(world), another_daemon(world)
    first.turn()
    first.close()
    act(world, EVENTS)
    second.turn()
    assert sealed(world) == 1


@pytest.mark.promise("OPS-7.07")
def test_a_daemon_that_slept_past_its_lease_stops_sealing_when_another_has_taken_over(world: World) -> None:
    first, (second, _) = care_of(world), another_daemon(world)
    first.turn()
    world.clock.advance(seconds=LEASE_SECONDS)
    second.turn()
    act(world, EVENTS)
    first.turn()
    assert sealed(world) == 0
    second.turn()
    assert sealed(world) == 1


@pytest.mark.promise("OPS-5.12", "OPS-7.07")
def test_what_a_dead_daemon_left_open_becomes_unknown_by_the_chores_of_another(world: World) -> None:
    first, (_, gone) = care_of(world), another_daemon(world)
    gone.live()
    deed = effects.Deed(gone.new_id("eff"), "per_1", "anna", "person.add", "x")
    gone.keep(lambda tx: effects.begin(tx, deed, gone.holder, world.clock.at))
    first.turn()
    assert world.events(outcome="unknown") == []
    world.clock.advance(seconds=RECOVER_EVERY / instant.SECOND)
    first.turn()
    assert [event.target for event in world.events(outcome="unknown")] == ["x"]


@hand.on_one_engine
def test_counted_tries_are_forgotten_when_their_hour_is_over(world: World) -> None:
    care = care_of(world)
    care.turn()
    hand.run(world.url, "INSERT INTO throttles (name, window_at, used) VALUES ('x', ?, 1)", world.clock.at)
    world.clock.advance(seconds=FORGET_EVERY / instant.SECOND)
    care.turn()
    assert len(hand.run(world.url, "SELECT 1 FROM throttles")) == 1
    world.clock.advance(seconds=FORGET_EVERY / instant.SECOND)
    care.turn()
    assert hand.run(world.url, "SELECT 1 FROM throttles") == []


@pytest.mark.promise("APR-8.04", "OPS-5.14")
def test_a_store_that_does_not_answer_is_noted_and_the_next_turn_goes_on(world: World) -> None:
    care = care_of(world)
    care.turn()
    act(world, EVENTS)
    world.clock.advance(seconds=SECONDS)
    with hand.away(world.url, "leases"), capture_logs() as lines:
        care.turn()
    assert [(line["log_level"], line["reason"]) for line in lines] == [("warning", "store_unavailable")]
    assert sealed(world) == 0
    care.turn()
    assert sealed(world) == 1


@hand.on_one_engine
@pytest.mark.promise("OPS-5.14")
def test_a_folder_that_does_not_take_the_head_ends_no_chores(world: World) -> None:
    care = care_of(world)
    (world.folder / "audit" / "head").mkdir()  # nothing can be moved into its place
    act(world, EVENTS)
    with capture_logs() as lines:
        care.turn()
    assert [line["reason"] for line in lines] == ["workspace_unusable"]
    assert sealed(world) == 0, "what cannot be known elsewhere is not signed"
    (world.folder / "audit" / "head").rmdir()
    act(world, EVENTS)
    care.turn()
    assert sealed(world) == 1
    assert world.house.audit.verify([]).intact


@hand.on_one_engine
@pytest.mark.promise("OPS-5.14")
def test_a_chore_that_fails_in_an_unforeseen_way_ends_no_other(world: World) -> None:
    care = care_of(world)
    care.turn()
    act(world, EVENTS)
    hand.refuse_inserts(world.url, "audit_checkpoints")
    with capture_logs() as lines:
        care.turn()
        world.clock.advance(seconds=LIVE_EVERY / instant.SECOND)
        care.turn()
    assert {line["log_level"] for line in lines} == {"error"}
    lived = hand.run(world.url, "SELECT expires_at FROM leases WHERE name = 'process/' || ?", world.ledger.holder)
    assert lived == [(world.clock.at + LEASE_SECONDS * instant.SECOND,)]


@hand.on_one_engine
def test_the_chores_of_a_closed_store_wait(world: World) -> None:
    care, other = care_of(world), open_store(world.url)
    world.store.close()
    with capture_logs() as lines:
        care.turn()
    other.close()
    assert [line["reason"] for line in lines] == ["store_unavailable"]


@pytest.mark.promise("OPS-5.14", "OPS-5.18")
def test_a_past_that_was_written_anew_without_the_key_is_not_signed(world: World) -> None:
    """A hand at the store drops triggers, checkpoints and past, and waits for the daemon to sign the rest."""
    care = care_of(world)
    act(world, EVENTS)
    care.turn()
    assert sealed(world) == 1
    hand.drop_keepers(world.url)
    hand.run(world.url, "DELETE FROM audit_checkpoints")
    hand.run(world.url, "DELETE FROM audit_events WHERE seq > 1")
    with world.store.reading() as snapshot:
        (kept,) = snapshot.rows("SELECT hash FROM audit_events")
    hand.run(world.url, "UPDATE audit_chains SET seq = 1, head = ?", kept[0])
    act(world, EVENTS)
    world.clock.advance(seconds=SECONDS)
    with capture_logs() as lines:
        care.turn()
    assert [line["log_level"] for line in lines] == ["error"]
    assert sealed(world) == 0
    with pytest.raises(errors.StoreCorrupt, match="audit/head"):
        world.house.audit.require_continuity()


@pytest.mark.promise("OPS-5.18")
@pytest.mark.parametrize("change", ["target = 'x'", "hash = prev", "seq = 99"])
def test_what_was_changed_before_it_was_sealed_is_not_signed(sqlite_world: World, change: str) -> None:
    act(sqlite_world, EVENTS)
    hand.drop_keepers(sqlite_world.url)
    hand.run(sqlite_world.url, f"UPDATE audit_events SET {change} WHERE seq = 2")  # noqa: S608 - the test's own
    with pytest.raises(errors.StoreCorrupt):
        sqlite_world.house.audit.seal()
    assert sealed(sqlite_world) == 0
    assert sqlite_world.house.audit.broken is not None


@pytest.mark.promise("OPS-5.18")
def test_a_checkpoint_by_a_key_that_nobody_trusts_is_nothing_to_go_on_from(sqlite_world: World) -> None:
    """The forger keeps the checkpoint that audit/head names, and puts one of their own over another past behind it."""
    world = sqlite_world
    act(world, EVENTS)
    world.house.audit.seal()
    act(world, EVENTS)
    hand.drop_keepers(world.url)
    hand.run(world.url, "UPDATE audit_events SET target = 'forged' WHERE seq = ?", EVENTS + 2)
    with world.store.reading() as snapshot:
        ends = snapshot.rows("SELECT seq, head FROM audit_chains")
        (store,) = snapshot.rows("SELECT id FROM store_identity")[0]
        (prev,) = snapshot.rows("SELECT hash FROM audit_checkpoints")[0]
    heads = {"c1": audit.Head(*ends[0])}
    body = audit.body(number=2, at=1, store_id=store, heads=heads, prev=prev, key_id="f" * 16)
    hand.run(
        world.url,
        "INSERT INTO audit_checkpoints (number, at, body, hash, key_id, signature) VALUES (2, 1, ?, ?, ?, 'AAAA')",
        body,
        audit.body_hash(body),
        "f" * 16,
    )
    act(world)
    with pytest.raises(errors.StoreCorrupt, match=f"c1/{EVENTS + 2}"):
        world.house.audit.seal()
