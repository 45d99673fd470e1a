"""Deeds outside: begun is durable before they leave, and their end is written whatever becomes of who asked."""

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest

from openpact.domain import errors, strict_json
from openpact.domain.audit import Event
from openpact.domain.principal import Action, Principal, Role
from openpact.services.ledger import Act, Effect
from tests.services import hand
from tests.services.gate import held
from tests.services.hand import pack, parcels
from tests.world import World

ACTION = Action.PERSON_SET_ROLE
SECRET = "hunter2-and-more"


@pytest.fixture
def boss(world: World) -> Principal:
    return world.person("anna", Role.ADMIN)


def deeds(world: World) -> list[Event]:
    return world.events(action=ACTION.value)


def details(event: Event) -> dict[str, Any]:
    read = strict_json.parse(event.details.encode())
    assert isinstance(read, dict)
    return read


def states(world: World) -> dict[str, str]:
    with world.store.reading() as snapshot:
        return dict(snapshot.rows("SELECT id, state FROM effects"))


@pytest.mark.promise("OPS-5.10", "ARC-1.17", "OPS-5.01")
def test_begun_is_durable_with_its_change_before_the_deed_and_done_before_the_answer(
    world: World, boss: Principal
) -> None:
    async def deed() -> Effect:
        asked = world.ledger.effect(boss, ACTION, "x", pack, details={"why": "test"}, request_id="req_1")
        async with asked as effect:
            (begun,) = deeds(world)  # read by another connection: it is committed
            assert (begun.outcome, begun.request_id) == ("begun", "req_1")
            assert details(begun) == {"effect": effect.id, "why": "test"}
            assert (states(world), parcels(world)) == ({effect.id: "begun"}, {begun.target})
            effect.details["bytes"] = 12
        return effect

    effect = asyncio.run(deed())
    begun, done = deeds(world)
    assert (done.outcome, done.actor, done.target, done.request_id) == ("done", boss.id, begun.target, "req_1")
    assert details(done) == {"effect": effect.id, "bytes": 12}
    assert states(world) == {effect.id: "done"}
    assert world.house.audit.verify([]).intact


@hand.on_one_engine
@pytest.mark.promise("OPS-5.03", "OPS-5.10")
@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (errors.NotDelivered("It never left."), "failed", "not_delivered"),
        (errors.Invalid(f"Something of ours said no to {SECRET}."), "unknown", "invalid"),
        (errors.StoreBusy(f"It may have left with {SECRET}."), "unknown", "store_busy"),
        (errors.OutcomeUnknown("It left."), "unknown", "outcome_unknown"),
        (ConnectionResetError(SECRET), "unknown", "ConnectionResetError"),
        (asyncio.CancelledError(SECRET), "unknown", "interrupted"),
        (KeyboardInterrupt(SECRET), "unknown", "interrupted"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_only_an_error_that_says_so_means_that_the_deed_failed_and_anything_else_leaves_it_unknown(
    world: World, boss: Principal, error: BaseException, outcome: str, reason: str
) -> None:
    async def deed() -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            raise error

    with pytest.raises(type(error)):
        asyncio.run(deed())
    begun, end = deeds(world)
    assert (begun.outcome, end.outcome) == ("begun", outcome)
    assert details(end) == {"effect": details(begun)["effect"], "reason": reason}
    assert states(world) == {details(begun)["effect"]: outcome}
    assert not any(SECRET in str(event) for event in world.events())


@hand.on_one_engine
def test_a_deed_that_was_seen_to_fail_is_recorded_as_failed_whether_or_not_an_error_follows(
    world: World, boss: Principal
) -> None:
    async def deed(error: Exception | None) -> None:
        async with world.ledger.effect(boss, ACTION, "x") as effect:
            effect.fail("the other side said no")
            if error is not None:
                raise error

    asyncio.run(deed(None))
    with pytest.raises(errors.Invalid):
        asyncio.run(deed(errors.Invalid("No.")))
    ends = [event for event in deeds(world) if event.outcome != "begun"]
    assert [(event.outcome, details(event)["reason"]) for event in ends] == [("failed", "the other side said no")] * 2


@pytest.mark.promise("ARC-1.17", "OPS-5.03")
def test_a_refused_deed_never_begins(world: World) -> None:
    viewer = world.person("vera")

    async def deed() -> None:
        async with world.ledger.effect(viewer, ACTION, "x", pack):
            pytest.fail("the deed left")

    with pytest.raises(errors.Forbidden):
        asyncio.run(deed())
    (refused,) = [event for event in deeds(world) if event.actor == viewer.id]
    assert (refused.outcome, details(refused)) == ("refused", {"error": "forbidden"})
    assert (states(world), parcels(world)) == ({}, set())


@hand.on_one_engine
@pytest.mark.promise("ARC-1.17", "OPS-5.03")
def test_a_deed_whose_change_fails_never_begins(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        raise errors.IllegalMove("Not from here.")

    async def deed() -> None:
        async with world.ledger.effect(boss, ACTION, "x", change):
            pytest.fail("the deed left")

    with pytest.raises(errors.IllegalMove):
        asyncio.run(deed())
    (failed,) = deeds(world)
    assert (failed.outcome, details(failed)) == ("failed", {"error": "illegal_move"})
    assert (states(world), parcels(world)) == ({}, set())


@pytest.mark.promise("OPS-5.11", "OPS-5.10")
def test_a_deed_that_cannot_be_recorded_never_begins(world: World, boss: Principal) -> None:
    async def deed() -> None:
        async with world.ledger.effect(boss, ACTION, "x", pack):
            pytest.fail("the deed left")

    with hand.away(world.url, "audit_events"), pytest.raises(errors.StoreUnavailable):
        asyncio.run(deed())
    assert (deeds(world), states(world), parcels(world)) == ([], {}, set())


@pytest.mark.promise("OPS-5.10")
def test_the_end_is_written_even_when_who_asked_is_cancelled_again_and_again_meanwhile(
    world: World, boss: Principal
) -> None:
    async def deed(hold: ExitStack, left: asyncio.Event) -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            hold.enter_context(held(world))  # nothing is written from here on until it is let go
            left.set()

    async def impatient() -> None:
        left = asyncio.Event()
        with ExitStack() as hold:
            task = asyncio.ensure_future(deed(hold, left))
            await left.wait()
            for _ in range(5):
                await asyncio.sleep(0)
                task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(impatient())
    assert [event.outcome for event in deeds(world)] == ["begun", "done"]


@pytest.mark.promise("OPS-5.10")
def test_a_deed_cancelled_in_the_middle_is_unknown_and_that_is_written(world: World, boss: Principal) -> None:
    async def deed(left: asyncio.Event) -> None:
        async with world.ledger.effect(boss, ACTION, "x"):
            left.set()
            await asyncio.Event().wait()

    async def impatient() -> None:
        left = asyncio.Event()
        task = asyncio.ensure_future(deed(left))
        await left.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(impatient())
    assert [(event.outcome, details(event).get("reason")) for event in deeds(world)] == [
        ("begun", None),
        ("unknown", "interrupted"),
    ]


async def cancelled_while_beginning(world: World, who: Principal, change: Any) -> None:
    async def deed() -> None:
        async with world.ledger.effect(who, ACTION, "x", change):
            pytest.fail("the deed left")

    with held(world):
        task = asyncio.ensure_future(deed())
        for _ in range(3):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done(), "it must see first whether the intent became durable"
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.promise("OPS-5.10")
def test_a_deed_cancelled_while_it_begins_leaves_no_open_intent_behind(world: World, boss: Principal) -> None:
    asyncio.run(cancelled_while_beginning(world, boss, pack))
    begun, end = deeds(world)
    assert (begun.outcome, end.outcome) == ("begun", "failed")
    assert details(end)["reason"] == "cancelled before it left"
    assert states(world) == {details(begun)["effect"]: "failed"}


@hand.on_one_engine
@pytest.mark.promise("OPS-5.03")
def test_a_deed_cancelled_while_it_is_refused_is_refused_and_nothing_more(world: World) -> None:
    viewer = world.person("vera")
    asyncio.run(cancelled_while_beginning(world, viewer, pack))
    assert [event.outcome for event in deeds(world) if event.actor == viewer.id] == ["refused"]
    assert (states(world), parcels(world)) == ({}, set())


@hand.on_one_engine
def test_a_deed_cancelled_while_its_change_fails_leaves_nothing_open(world: World, boss: Principal) -> None:
    def change(act: Act) -> None:
        pack(act)
        raise errors.IllegalMove("Not from here.")

    asyncio.run(cancelled_while_beginning(world, boss, change))
    assert (states(world), parcels(world)) == ({}, set())
