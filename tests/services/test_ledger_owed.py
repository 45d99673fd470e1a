"""Ends that could not be written at once, and deeds whose process is gone: each ends once, and never by a guess."""

import asyncio
import threading
from contextlib import ExitStack
from typing import Any

import pytest

from openpact.adapters.store import Transaction, effects, open_store
from openpact.domain import errors, strict_json
from openpact.domain.audit import Event
from openpact.domain.principal import Action, Principal, Role
from openpact.services.ledger import LEASE_SECONDS, Ledger
from tests.services import hand
from tests.services.gate import Gate, held
from tests.services.hand import pack
from tests.waiting import until
from tests.world import World

ACTION = Action.PERSON_SET_ROLE


@pytest.fixture
def boss(world: World) -> Principal:
    return world.person("anna", Role.ADMIN)


def deeds(world: World) -> list[str]:
    return [event.outcome for event in world.events(action=ACTION.value)]


def details(event: Event) -> dict[str, Any]:
    read = strict_json.parse(event.details.encode())
    assert isinstance(read, dict)
    return read


def states(world: World) -> list[str]:
    with world.store.reading() as snapshot:
        return [row[0] for row in snapshot.rows("SELECT state FROM effects ORDER BY id")]


def deed_whose_end_the_store_cannot_take(world: World, who: Principal, error: Exception | None) -> None:
    async def deed() -> None:
        async with world.ledger.effect(who, ACTION, "x", pack):
            hand.run(world.url, "ALTER TABLE audit_events RENAME TO audit_events_away")
            if error is not None:
                raise error

    try:
        with pytest.raises(errors.OutcomeUnknown) as said:
            asyncio.run(deed())
    finally:
        hand.run(world.url, "ALTER TABLE audit_events_away RENAME TO audit_events")
    assert said.value.hint
    assert (deeds(world), states(world)) == (["begun"], ["begun"])


@pytest.mark.promise("OPS-5.10", "OPS-5.11")
@pytest.mark.parametrize(
    ("error", "outcome"),
    [(None, "done"), (errors.NotDelivered("It never left."), "failed"), (ValueError(), "unknown")],
    ids=["done", "failed", "unknown"],
)
def test_an_end_that_the_store_could_not_take_is_written_later_and_once(
    world: World, boss: Principal, error: Exception | None, outcome: str
) -> None:
    deed_whose_end_the_store_cannot_take(world, boss, error)
    world.ledger.live()
    assert (deeds(world), states(world)) == (["begun", outcome], [outcome])
    world.ledger.live()
    assert deeds(world) == ["begun", outcome]
    assert world.house.audit.verify([]).intact


@hand.on_one_engine
def test_an_end_stays_owed_while_the_store_cannot_take_it(world: World, boss: Principal) -> None:
    deed_whose_end_the_store_cannot_take(world, boss, None)
    with hand.away(world.url, "audit_events"), pytest.raises(errors.StoreUnavailable):
        world.ledger.live()
    world.ledger.live()
    assert deeds(world) == ["begun", "done"]


def test_an_end_that_is_owed_is_written_before_the_process_gives_up_its_lease(world: World, boss: Principal) -> None:
    deed_whose_end_the_store_cannot_take(world, boss, None)
    world.ledger.close()
    assert (deeds(world), states(world)) == (["begun", "done"], ["done"])


@pytest.mark.promise("OPS-5.10")
def test_an_end_that_the_ending_loop_took_away_is_owed(world: World, boss: Principal) -> None:
    hold = ExitStack()

    async def deed(left: asyncio.Event) -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            hold.enter_context(held(world))  # nothing is written until the loop has ended
            left.set()

    async def leave() -> None:
        left = asyncio.Event()
        task = asyncio.ensure_future(deed(left))
        await left.wait()
        while len(asyncio.all_tasks()) < len({"this one", "the deed's", "the one that writes its end"}):  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert not task.done()
        # Here the loop ends, and cancels them all.

    with hold:
        asyncio.run(leave())
    assert deeds(world) == ["begun"]
    world.ledger.live()
    assert deeds(world) == ["begun", "done"]


def begun_and_left(world: World, who: Principal, count: int = 1) -> Ledger:
    """Begin deeds by another process and let it die: nobody will ever write their ends."""
    other = Ledger(world.store, clock=world.clock)
    other.live()

    def begin(tx: Transaction) -> None:
        for number in range(count):
            deed = effects.Deed(other.new_id("eff"), who.id, who.name, ACTION.value, f"x{number}")
            effects.begin(tx, deed, other.holder, world.clock.at)

    other.keep(begin)
    return other


@pytest.mark.promise("OPS-5.12")
def test_what_a_dead_process_began_is_unknown_once_its_lease_has_ended(world: World, boss: Principal) -> None:
    other = begun_and_left(world, boss, 2)
    world.clock.advance(seconds=LEASE_SECONDS - 1)
    assert world.ledger.recover() == 0
    world.clock.advance(seconds=1)
    assert world.ledger.recover() == 2
    assert (deeds(world), states(world)) == (["unknown", "unknown"], ["unknown", "unknown"])
    first = world.events(action=ACTION.value)[0]
    assert (first.actor, first.target) == (boss.id, "x0")
    assert details(first)["reason"] == "the process that began it is gone"
    (recovered,) = world.events(action=Action.EFFECT_RECOVER.value)
    assert (recovered.actor, details(recovered)) == ("system", {"deeds": 2})
    events = world.events()
    assert (world.ledger.recover(), world.events()) == (0, events)
    assert other.recover() == 0


@pytest.mark.promise("OPS-5.12")
def test_what_a_living_process_began_is_its_own(world: World, boss: Principal) -> None:
    other = begun_and_left(world, boss)
    for _ in range(3):
        world.clock.advance(seconds=LEASE_SECONDS - 1)
        other.live()
        assert world.ledger.recover() == 0
    assert states(world) == ["begun"]


@pytest.mark.promise("OPS-5.12")
def test_only_the_deeds_of_the_dead_become_unknown(world: World, boss: Principal) -> None:
    begun_and_left(world, boss, 2)
    world.clock.advance(seconds=LEASE_SECONDS)
    living = begun_and_left(world, boss)
    assert world.ledger.recover() == 2
    assert sorted(states(world)) == ["begun", "unknown", "unknown"]
    living.close()
    assert world.ledger.recover() == 1


@hand.on_one_engine
@pytest.mark.promise("OPS-5.12")
def test_a_process_that_says_that_it_ends_need_not_be_waited_for(world: World, boss: Principal) -> None:
    begun_and_left(world, boss).close()
    assert world.ledger.recover() == 1


@hand.on_one_engine
def test_a_process_never_takes_its_own_deeds_for_orphans(world: World, boss: Principal) -> None:
    other = begun_and_left(world, boss)
    world.clock.advance(hours=2)
    assert other.recover() == 0


@pytest.mark.promise("OPS-5.12")
def test_a_late_end_turns_unknown_to_what_happened(world: World, boss: Principal) -> None:
    async def deed() -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            world.clock.advance(hours=1)
            assert Ledger(world.store, clock=world.clock).recover() == 1

    asyncio.run(deed())
    assert (deeds(world), states(world)) == (["begun", "unknown", "done"], ["done"])
    assert world.house.audit.verify([]).intact


@hand.on_one_engine
@pytest.mark.promise("OPS-5.12")
def test_a_late_end_that_knows_no_more_says_nothing_twice(world: World, boss: Principal) -> None:
    async def deed() -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            world.clock.advance(hours=1)
            assert Ledger(world.store, clock=world.clock).recover() == 1
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        asyncio.run(deed())
    assert (deeds(world), states(world)) == (["begun", "unknown"], ["unknown"])


@pytest.mark.promise("OPS-5.12", "OPS-7.05")
def test_of_two_that_recover_at_once_only_one_records_each_deed(world: World, boss: Principal) -> None:
    begun_and_left(world, boss, 3)
    world.clock.advance(hours=1)
    second = open_store(world.url)
    other = Ledger(second, clock=world.clock)
    counts: dict[str, int] = {}
    start = threading.Barrier(2)

    def recover(name: str, ledger: Ledger) -> None:
        start.wait(10)
        counts[name] = ledger.recover()

    threads = [threading.Thread(target=recover, args=each) for each in (("one", world.ledger), ("two", other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    second.close()
    assert sum(counts.values()) == 3
    assert deeds(world) == ["unknown"] * 3


@pytest.mark.promise("OPS-5.12", "OPS-7.05")
def test_one_that_recovers_while_another_does_finds_nothing_left(world: World, boss: Principal) -> None:
    begun_and_left(world, boss)
    world.clock.advance(hours=1)
    second = open_store(world.url)
    other = Ledger(second, clock=world.clock)
    gate = Gate()

    def first(tx: Transaction) -> None:
        for deed in effects.orphans(tx, [], 10):
            effects.end(tx, deed.id, "unknown", world.clock.at)
        gate.passing()

    holding = threading.Thread(target=lambda: other.keep(first))
    holding.start()
    assert gate.reached.wait(10)
    counts: list[int] = []
    late = threading.Thread(target=lambda: counts.append(world.ledger.recover()))
    late.start()
    if world.url.startswith("postgres"):  # it has read the orphan by now, and waits for the row
        waiting = (
            "SELECT 1 FROM pg_locks JOIN pg_database d ON true WHERE NOT granted AND d.datname = current_database()"
        )
        until(lambda: hand.run(world.url, waiting))
    gate.opened.set()
    for thread in (holding, late):
        thread.join(20)
    second.close()
    assert counts == [0]
    assert deeds(world) == []
