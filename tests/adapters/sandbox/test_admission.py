"""Slots go round in order, are never lost, and nobody who computes without end keeps one from others."""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

import pytest

from openpact.adapters.sandbox.admission import PATIENCE, Admission, Full, Place
from openpact.adapters.sandbox.pool import Pool
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import Desk, code_of, on_pool, request, run, soon, workers


def on_slots(
    use: Callable[[Admission], Awaitable[None]], *, active: int = 1, workers: int = 9, pending: int = 9
) -> None:
    async def whole() -> None:
        admission = Admission(max_active=active, max_workers=workers, max_pending=pending)
        await use(admission)
        assert (admission.active, admission.inside, admission.waiting) == (0, 0, 0)

    asyncio.run(whole())


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_turns_come_in_order_of_arrival() -> None:
    async def use(admission: Admission) -> None:
        order: list[int] = []

        async def one(number: int) -> None:
            place = await admission.enter()
            order.append(number)
            await turns()
            place.leave()

        await asyncio.gather(*map(one, range(6)))
        assert order == list(range(6))

    on_slots(use)


@pytest.mark.promise("SCR-3.07")
def test_who_rests_lets_another_compute_and_comes_back_in_turn() -> None:
    async def use(admission: Admission) -> None:
        first = await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await turns()
        assert not waiting.done()
        first.rest()
        second = await waiting
        back = asyncio.create_task(first.again())
        await turns()
        assert not back.done()
        second.leave()
        await back
        assert admission.active == 1
        first.leave()

    on_slots(use)


@pytest.mark.promise("SCR-3.08")
def test_more_than_may_wait_are_refused() -> None:
    async def use(admission: Admission) -> None:
        place = await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await turns()
        with pytest.raises(Full):
            await admission.enter()
        place.leave()
        (await waiting).leave()

    on_slots(use, pending=1)


def test_where_nobody_may_wait_a_free_slot_is_still_given() -> None:
    async def use(admission: Admission) -> None:
        place = await admission.enter()
        with pytest.raises(Full):
            await admission.enter()
        place.leave()

    on_slots(use, pending=0)


def test_who_computes_for_long_while_others_wait_is_slowed_down_and_passed() -> None:
    async def use(admission: Admission) -> None:
        slowed: list[int] = []
        endless: list[Place] = []
        began = time.monotonic()
        for number in range(3):
            place = await admission.enter()
            place.slow_down = lambda number=number: slowed.append(number)
            endless.append(place)
        assert slowed == [0, 1]
        assert time.monotonic() - began >= 2 * PATIENCE - 0.01
        assert (admission.active, admission.inside) == (1, 3)
        for place in endless:
            place.leave()

    on_slots(use)


def test_nobody_is_slowed_down_while_nobody_waits() -> None:
    async def use(admission: Admission) -> None:
        slowed: list[Place] = []
        place = await admission.enter()
        place.slow_down = lambda: slowed.append(place)
        ends_at = time.monotonic() + 2 * PATIENCE
        await soon(lambda: time.monotonic() > ends_at)
        assert slowed == []
        place.leave()

    on_slots(use)


def test_as_many_as_there_may_be_workers_go_on_and_no_more() -> None:
    async def use(admission: Admission) -> None:
        places = [await admission.enter() for _ in range(2)]
        for place in places:
            place.rest()
        waiting = asyncio.create_task(admission.enter())
        await turns()
        assert (admission.active, waiting.done()) == (0, False)
        await places[1].again()  # who is inside passes who is not let in
        places[0].leave()
        places[1].leave()
        (await waiting).leave()

    on_slots(use, workers=2)


def test_who_is_nested_does_not_queue_behind_others_and_is_refused_when_all_are_taken() -> None:
    async def use(admission: Admission) -> None:
        outer = await admission.enter()
        waiting = asyncio.create_task(admission.enter())
        await turns()
        outer.rest()
        (await waiting).rest()
        with pytest.raises(Full):
            await admission.enter(nested=True)
        (waiting.result()).leave()
        inner = await admission.enter(nested=True)
        assert admission.active == 1
        inner.leave()
        outer.leave()

    on_slots(use, workers=2)


@pytest.mark.promise("SCR-3.07")
def test_callers_have_turns_however_much_each_of_them_wants() -> None:
    async def use(admission: Admission) -> None:
        order: list[str] = []

        async def one(whose: str) -> None:
            place = await admission.enter(whose=whose)
            order.append(whose)
            place.rest()
            await place.again()
            order.append(whose.upper())
            place.leave()

        holder = await admission.enter()
        all_of_them = asyncio.gather(*map(one, ["a", "a", "a", "a", "b", "c"]))
        await turns()
        holder.leave()
        await all_of_them
        assert order[:3] == ["a", "b", "c"]
        assert order.index("B") < 6
        assert order.index("C") < 8
        assert sorted(order) == sorted("aaaabcAAAABC")

    on_slots(use)


def test_who_returns_has_turns_with_other_callers_too() -> None:
    async def use(admission: Admission) -> None:
        many = [await entered_and_resting(admission, "a") for _ in range(5)]
        holder = await admission.enter()
        order: list[str] = []

        async def back(place: Place) -> None:
            await place.again()
            order.append("a")
            place.leave()

        returning = [asyncio.create_task(back(place)) for place in many]
        await turns()
        other = asyncio.create_task(admission.enter(whose="b"))
        other.add_done_callback(lambda _: order.append("b"))
        await turns()
        holder.leave()
        (await other).leave()
        await asyncio.gather(*returning)
        assert order.index("b") <= 2

    on_slots(use, workers=20)


async def entered_and_resting(admission: Admission, whose: str) -> Place:
    place = await admission.enter(whose=whose)
    place.rest()
    return place


def test_one_caller_has_at_most_five_sixths_of_the_places() -> None:
    async def use(admission: Admission) -> None:
        own = [await entered_and_resting(admission, "a") for _ in range(3)]
        fourth = asyncio.create_task(admission.enter(whose="a"))
        await turns()
        assert (fourth.done(), admission.active) == (False, 0)
        other = await admission.enter(whose="b")
        other.leave()
        own[0].leave()
        (await fourth).leave()
        for place in own[1:]:
            place.leave()

    on_slots(use, workers=4)


@pytest.mark.promise("SCR-3.08")
def test_one_caller_has_at_most_five_sixths_of_the_queue() -> None:
    async def use(admission: Admission) -> None:
        place = await admission.enter(whose="a")
        waiting = [asyncio.create_task(admission.enter(whose="a")) for _ in range(3)]
        await turns()
        with pytest.raises(Full):
            await admission.enter(whose="a")
        other = asyncio.create_task(admission.enter(whose="b"))
        await turns()
        assert admission.waiting == 4
        for each in (*waiting, other):
            each.cancel()
        await asyncio.wait([*waiting, other])
        place.leave()

    on_slots(use, pending=4)


@pytest.mark.parametrize("after", ["before its turn", "at its turn"])
@pytest.mark.parametrize("how", ["enter", "nested", "again"])
def test_a_cancelled_wait_loses_no_slot(after: str, how: str) -> None:
    async def use(admission: Admission) -> None:
        resting = await admission.enter()
        resting.rest()
        holder = await admission.enter()
        wait = {"enter": admission.enter, "nested": lambda: admission.enter(nested=True), "again": resting.again}[how]
        waiting = asyncio.create_task(wait())
        await turns()
        if after == "at its turn":
            holder.leave()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        holder.leave()
        last = await admission.enter()
        last.leave()
        resting.leave()

    on_slots(use)


@pytest.mark.promise("SCR-3.07")
def test_many_scripts_wait_for_their_host_while_one_slot_serves_others() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        waiting = [asyncio.create_task(run(pool, "ask", Limits(wall_ms=60_000), desk)) for _ in range(8)]
        await soon(lambda: len(desk.calls) == 8)
        assert pool.stats().active == 0
        assert (await run(pool, "1", Limits())).result == "1"
        for each in waiting:
            each.cancel()

    on_pool(use, max_active=1)


@pytest.mark.promise("SCR-3.08")
def test_a_full_queue_answers_busy() -> None:
    async def use(pool: Pool) -> None:
        runs = [asyncio.create_task(run(pool, "never", Limits(wall_ms=400))) for _ in range(3)]
        codes = [code_of(await each) for each in runs]
        assert codes == [Code.TIMEOUT, Code.TIMEOUT, Code.BUSY]

    on_pool(use, max_active=1, max_workers=1, max_pending=1)


def test_a_caller_with_endless_loops_does_not_hold_up_another() -> None:
    async def use(pool: Pool) -> None:
        hog = [
            asyncio.create_task(pool.run(request("never"), Limits(wall_ms=60_000), Desk(), whose="a"))
            for _ in range(30)
        ]
        await soon(lambda: pool.stats().active == 1)
        began = time.monotonic()
        ended = await pool.run(request("1"), Limits(), Desk(), whose="b")
        assert ended.result == "1"
        assert time.monotonic() - began < 10 * PATIENCE  # and not the thirty turns of the other's
        for each in hog:
            each.cancel()

    on_pool(use, max_active=1)


def test_endless_loops_starve_nobody() -> None:
    async def use(pool: Pool) -> None:
        loops = [asyncio.create_task(run(pool, "never", Limits(wall_ms=60_000))) for _ in range(4)]
        await soon(lambda: pool.stats().active == 2)
        began = time.monotonic()
        ended = await pool.run(request("1"), Limits(), Desk())
        assert ended.result == "1"
        assert time.monotonic() - began < 30 * PATIENCE
        if sys.platform == "linux":
            await soon(lambda: 19 in [os.getpriority(os.PRIO_PROCESS, worker) for worker in workers()])
        for each in loops:
            each.cancel()

    on_pool(use, max_active=2)
