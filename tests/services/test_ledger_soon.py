"""Acts that wait together: one commit for many, each standing or falling alone, whatever becomes of who waits."""

import asyncio
from collections.abc import Awaitable

import pytest

from openpact.adapters.store import Change
from openpact.domain import errors
from openpact.domain.principal import Action, Principal, Role
from openpact.services.ledger import Act
from tests.services import hand
from tests.services.gate import Gate, held
from tests.services.hand import pack, parcels
from tests.waiting import until
from tests.world import World

ACTION = Action.PERSON_REGROUP
TOGETHER = 20


@pytest.fixture
def boss(world: World) -> Principal:
    return world.person("anna", Role.ADMIN)


def soon(world: World, who: Principal) -> Awaitable[str]:
    return world.ledger.act_soon(who, ACTION, "x", pack)


def failing(act: Act) -> str:
    pack(act)
    raise errors.AlreadyExists("There is one.")


def outcomes(world: World) -> dict[str, str]:
    return {event.target: event.outcome for event in world.events(action=ACTION.value)}


@pytest.mark.promise("ARC-1.17", "OPS-5.02")
def test_many_that_wait_share_one_commit_and_each_is_one_event(world: World, boss: Principal) -> None:
    heard: list[Change] = []
    end = world.store.listen(heard.append)

    async def all_at_once() -> list[str]:
        tasks = [asyncio.ensure_future(soon(world, boss)) for _ in range(TOGETHER)]
        await asyncio.sleep(0)  # every one is queued behind the gate now
        gate.opened.set()
        return list(await asyncio.gather(*tasks))

    with held(world) as gate:
        made = asyncio.run(all_at_once())
    assert parcels(world) == set(made)
    assert outcomes(world) == dict.fromkeys(made, "done")
    # Whatever announces is told once a commit: twenty acts, one commit.
    mine = Change("audit", ACTION.value)
    until(lambda: mine in heard)
    end()
    assert heard.count(mine) == 1
    assert world.house.audit.verify([]).intact


@pytest.mark.promise("OPS-5.03", "ARC-1.17")
def test_in_one_commit_the_refused_and_the_failed_stand_beside_the_done(world: World, boss: Principal) -> None:
    viewer = world.person("vera")

    async def all_at_once() -> list[str | BaseException]:
        asked: list[Awaitable[str]] = [
            soon(world, boss),
            world.ledger.act_soon(boss, ACTION, "failing", failing),
            world.ledger.act_soon(viewer, ACTION, "refused", pack),
            soon(world, boss),
        ]
        tasks = [asyncio.ensure_future(one) for one in asked]
        await asyncio.sleep(0)
        gate.opened.set()
        return await asyncio.gather(*tasks, return_exceptions=True)

    with held(world) as gate:
        first, failed, refused, fourth = asyncio.run(all_at_once())
    assert isinstance(failed, errors.AlreadyExists)
    assert isinstance(refused, errors.Forbidden)
    assert parcels(world) == {first, fourth}
    assert outcomes(world) == {str(first): "done", str(fourth): "done", "refused": "refused", "failing": "failed"}
    assert world.house.audit.verify([]).intact


@pytest.mark.promise("OPS-5.11")
def test_in_one_commit_what_cannot_be_recorded_does_not_happen_for_anybody(world: World, boss: Principal) -> None:
    async def all_at_once() -> list[str | BaseException]:
        return await asyncio.gather(*(soon(world, boss) for _ in range(5)), return_exceptions=True)

    before = world.events()
    with hand.away(world.url, "audit_events"):
        ended = asyncio.run(all_at_once())
    assert [type(one) for one in ended] == [errors.StoreUnavailable] * 5
    assert (parcels(world), world.events()) == (set(), before)


@pytest.mark.promise("ARC-1.17")
def test_who_stops_waiting_before_the_act_began_leaves_nothing_and_no_record(world: World, boss: Principal) -> None:
    async def stop() -> None:
        task = asyncio.ensure_future(soon(world, boss))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before = world.events()
    with held(world):
        asyncio.run(stop())
    made = world.ledger.act(boss, ACTION, "x", pack)  # what was queued before is over now
    assert parcels(world) == {made}
    assert [event.target for event in world.events()[len(before) :]] == [made]


@pytest.mark.promise("ARC-1.17")
def test_who_stops_waiting_while_the_act_runs_finds_it_done_and_recorded(world: World, boss: Principal) -> None:
    gate = Gate()

    def change(act: Act) -> str:
        made = pack(act)
        gate.passing()
        return made

    async def stop() -> None:
        task = asyncio.ensure_future(world.ledger.act_soon(boss, ACTION, "x", change))
        await asyncio.to_thread(gate.reached.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.opened.set()

    asyncio.run(stop())
    until(lambda: parcels(world))
    assert outcomes(world) == dict.fromkeys(parcels(world), "done")
    assert world.house.audit.verify([]).intact
