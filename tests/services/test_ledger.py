"""The one door: authorised, changed and recorded in one transaction, or nothing happens."""

import time

import pytest

from openpact.adapters.store import ConstraintBroken, Durability, chain
from openpact.domain import errors, identity, strict_json
from openpact.domain.audit import Event
from openpact.domain.principal import SYSTEM, Action, Principal, Role
from openpact.services.ledger import Act, Ledger
from tests.services import hand
from tests.services.hand import pack, parcels
from tests.world import World

ACTION = Action.PERSON_REGROUP  # any act of an administrator
SECRET = "hunter2-and-more"


def details(event: Event) -> strict_json.Value:
    return strict_json.parse(event.details.encode())


@pytest.fixture
def boss(world: World) -> Principal:
    return world.person("anna", Role.ADMIN)


def last(world: World) -> Event:
    return world.events()[-1]


@pytest.mark.promise("ARC-1.17", "OPS-5.01", "OPS-5.02", "OPS-7.09", "ARC-4.11")
def test_an_act_is_the_change_and_one_event_that_tells_all_of_it(world: World, boss: Principal) -> None:
    before = world.events()
    made = world.ledger.act(boss, ACTION, "parcel", pack, details={"why": "test"}, request_id="req_1")
    assert parcels(world) == {made}
    events = world.events()
    assert len(events) == len(before) + 1
    event = events[-1]
    assert identity.is_kind(event.id, "evt")
    assert (event.chain, event.seq, event.prev) == ("c1", before[-1].seq + 1, before[-1].hash)
    assert (event.at, event.type, event.action) == (world.clock.at, "person", ACTION.value)
    assert (event.actor, event.actor_name, event.target) == (boss.id, "anna", made)
    assert (event.outcome, event.request_id, details(event)) == ("done", "req_1", {"why": "test"})


@pytest.mark.promise("OPS-5.02", "OPS-5.13")
def test_each_act_is_one_event_behind_the_one_before_it(world: World, boss: Principal) -> None:
    for _ in range(3):
        world.ledger.act(boss, ACTION, "x", lambda _act: None, durability=Durability.NORMAL)
    events = world.events()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert [event.prev for event in events[1:]] == [event.hash for event in events[:-1]]


@hand.on_one_engine
def test_what_the_change_says_of_itself_stands_in_the_record(world: World, boss: Principal) -> None:
    def change(act: Act) -> str:
        assert (act.who, act.now, act.target) == (boss, world.clock.at, "x")
        act.target, act.details["made"] = "y", 7
        return "answer"

    assert world.ledger.act(boss, ACTION, "x", change, details={"asked": "z"}) == "answer"
    assert (last(world).target, details(last(world))) == ("y", {"asked": "z", "made": 7})


@pytest.mark.promise("ARC-1.17", "OPS-5.03")
def test_a_refused_act_is_recorded_and_its_change_never_runs(world: World) -> None:
    viewer = world.person("vera")
    before = len(world.events())
    with pytest.raises(errors.Forbidden) as refusal:
        world.ledger.act(viewer, ACTION, "x", pack, request_id="req_1")
    assert refusal.value.hint
    assert (len(world.events()), parcels(world)) == (before + 1, set())
    event = last(world)
    assert (event.outcome, event.actor, event.target, event.request_id) == ("refused", viewer.id, "x", "req_1")
    assert details(event) == {"error": "forbidden"}


@pytest.mark.promise("ARC-1.17", "OPS-5.03")
def test_an_act_whose_change_fails_is_recorded_as_failed_and_undone(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        raise errors.AlreadyExists(f"There is one, and its password is {SECRET}.")

    before = len(world.events())
    with pytest.raises(errors.AlreadyExists):
        world.ledger.act(boss, ACTION, "x", change, request_id="req_1")
    assert (len(world.events()), parcels(world)) == (before + 1, set())
    assert (last(world).outcome, last(world).request_id) == ("failed", "req_1")
    assert details(last(world)) == {"error": "already_exists"}


@hand.on_one_engine
@pytest.mark.promise("OPS-5.03")
def test_of_a_foreign_failure_the_record_keeps_the_type_and_never_the_text(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        raise LookupError(SECRET)

    with pytest.raises(LookupError, match=SECRET):
        world.ledger.act(boss, ACTION, "x", change)
    assert details(last(world)) == {"error": "LookupError"}
    assert parcels(world) == set()
    assert not any(SECRET in str(event) for event in [*world.events(), *world.told])


def test_a_statement_that_the_database_refuses_undoes_the_act_and_leaves_the_ledger_usable(
    world: World, boss: Principal
) -> None:
    def change(act: Act) -> None:
        pack(act)
        act.tx.run("INSERT INTO throttles (name, window_at, used) VALUES ('x', 0, -1)")

    with pytest.raises(ConstraintBroken):
        world.ledger.act(boss, ACTION, "x", change)
    assert (last(world).outcome, details(last(world)), parcels(world)) == (
        "failed",
        {"error": "ConstraintBroken"},
        set(),
    )
    made = world.ledger.act(boss, ACTION, "x", pack)
    assert parcels(world) == {made}
    assert world.house.audit.verify([]).intact


@hand.on_one_engine
def test_what_cannot_be_written_as_json_fails_the_act_and_is_not_written_by_half(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        act.details["share"] = 0.1  # type: ignore[assignment]

    with pytest.raises(TypeError):
        world.ledger.act(boss, ACTION, "x", change)
    assert parcels(world) == set()


@pytest.mark.promise("OPS-5.11", "ARC-1.17")
def test_what_cannot_be_recorded_does_not_happen(world: World, boss: Principal) -> None:
    before = world.events()
    with hand.away(world.url, "audit_events"), pytest.raises(errors.StoreUnavailable) as fault:
        world.ledger.act(boss, ACTION, "x", pack)
    assert "audit_events" in fault.value.message
    assert fault.value.hint
    assert (world.events(), parcels(world)) == (before, set())
    world.ledger.act(boss, ACTION, "x", pack)
    assert world.house.audit.verify([]).intact


@pytest.mark.promise("OPS-5.11", "ARC-1.17")
def test_what_the_record_refuses_does_not_happen(world: World, boss: Principal) -> None:
    before, told = world.events(), list(world.told)
    hand.refuse_inserts(world.url, "audit_events")
    with pytest.raises(ConstraintBroken, match="no more"):
        world.ledger.act(boss, ACTION, "x", pack)
    assert (world.events(), parcels(world), world.told) == (before, set(), told)


@pytest.mark.promise("OPS-5.11", "OPS-5.13")
def test_a_chain_that_somebody_else_moved_takes_no_act_and_no_fork(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        chain.end(act.tx)  # read now; what a second writer of the chain would do then:
        act.tx.run("UPDATE audit_chains SET seq = seq + 1")

    before = world.events()
    with pytest.raises(ConstraintBroken, match="moved by somebody else"):
        world.ledger.act(boss, ACTION, "x", change)
    assert parcels(world) == set()
    assert [event.outcome for event in world.events()[len(before) :]] == ["failed"]


@pytest.mark.promise("OPS-5.11", "OPS-5.03")
def test_a_refusal_or_a_failure_that_cannot_be_recorded_is_answered_with_the_stores_error(
    world: World, boss: Principal
) -> None:
    def change(_act: Act) -> None:
        raise errors.AlreadyExists("There is one.")

    viewer = world.person("vera")
    with hand.away(world.url, "audit_events"):
        with pytest.raises(errors.StoreUnavailable):
            world.ledger.act(viewer, ACTION, "x", pack)
        with pytest.raises(errors.StoreUnavailable):
            world.ledger.act(boss, ACTION, "x", change)
        with pytest.raises(errors.StoreUnavailable):
            world.ledger.refuse(viewer, ACTION, "x", errors.TooLarge("Too large."))


@pytest.mark.promise("APR-8.04")
def test_with_the_store_closed_every_act_is_refused_as_unavailable(world: World, boss: Principal) -> None:
    world.store.close()
    with pytest.raises(errors.StoreUnavailable):
        world.ledger.act(boss, ACTION, "x", pack)


@hand.on_one_engine
@pytest.mark.promise("OPS-5.03")
def test_what_a_door_refuses_by_itself_is_recorded_and_given_back(world: World, boss: Principal) -> None:
    error = errors.LimitExceeded("Too often.", retry_after=3)
    assert world.ledger.refuse(boss, ACTION, "x", error, "req_1") is error
    event = last(world)
    assert (event.outcome, event.request_id, details(event)) == ("refused", "req_1", {"error": "rate_limited"})


@pytest.mark.promise("OPS-5.02")
def test_a_line_is_told_only_after_the_commit_and_then_for_every_event(world: World, boss: Principal) -> None:
    seen: list[tuple[str, bool]] = []

    def tell(event: Event) -> None:
        with world.store.reading() as snapshot:  # another connection sees what is committed, and nothing else
            stands = snapshot.row("SELECT 1 FROM audit_events WHERE id = ?", event.id)
        seen.append((event.outcome, stands is not None))

    def change(act: Act) -> None:
        pack(act)
        assert seen == [("done", True)]
        raise LookupError

    ledger = Ledger(world.store, clock=world.clock, tell=tell)
    ledger.act(boss, ACTION, "x", pack)
    with pytest.raises(LookupError):
        ledger.act(boss, ACTION, "x", change)
    assert seen == [("done", True), ("failed", True)]


@hand.on_one_engine
@pytest.mark.usefixtures("boss")
def test_what_is_kept_besides_acts_is_no_event(world: World) -> None:
    before = world.events()
    assert world.ledger.keep(lambda tx: tx.run("UPDATE people SET seen_at = 1")) == 1
    assert world.events() == before


@pytest.mark.promise("ARC-4.10")
def test_acts_are_stamped_with_the_stores_clock_where_none_is_given(world: World) -> None:
    ledger = Ledger(world.store)
    near = time.time_ns() // 1000
    assert abs(ledger.now() - near) < 60_000_000  # the same clock, not the test's of 2026-02-05
    ledger.act(SYSTEM, Action.DAEMON_START, "daemon", lambda _act: None)
    assert abs(last(world).at - near) < 60_000_000


@hand.on_one_engine
@pytest.mark.promise("OPS-7.17")
def test_a_clock_that_jumps_back_leaves_the_record_in_the_order_of_what_happened(world: World, boss: Principal) -> None:
    first = world.ledger.act(boss, ACTION, "x", pack)
    world.clock.advance(days=-400)
    second = world.ledger.act(boss, ACTION, "x", pack)
    assert [event.target for event in world.events()[-2:]] == [first, second]
    assert last(world).at == world.clock.at
    assert world.house.audit.verify([]).intact
