"""What all workers together make this process hold is bounded, and whoever is refused room only waits for it."""

import asyncio
from pathlib import Path

import pytest

from openpact.adapters.sandbox.pool import Pool
from openpact.adapters.sandbox.room import Room
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import Desk, code_of, on_pool, request, run, soon


def test_room_goes_round_in_order_of_arrival() -> None:
    async def use() -> None:
        room = Room(10)
        first, second, third = room.ask(6), room.ask(6), room.ask(1)
        assert [share.turn.done() for share in (first, second, third)] == [True, False, False]
        room.give_back(first)
        assert [share.turn.done() for share in (second, third)] == [True, True]
        assert room.taken == 7
        room.give_back(second)
        room.give_back(third)
        assert room.taken == 0

    asyncio.run(use())


def test_who_gives_up_waiting_is_passed_and_takes_nothing() -> None:
    async def use() -> None:
        room = Room(10)
        first, second, third = room.ask(6), room.ask(6), room.ask(4)
        room.give_back(second)
        assert third.turn.done()
        room.give_back(first)
        room.give_back(third)
        assert (room.taken, second.turn.done()) == (0, False)

    asyncio.run(use())


def test_one_caller_takes_at_most_half_and_does_not_stand_in_the_way() -> None:
    async def use() -> None:
        room = Room(10)
        own = [room.ask(3, whose="a") for _ in range(3)]
        other = room.ask(5, whose="b")
        assert [share.turn.done() for share in (*own, other)] == [True, False, False, True]
        room.give_back(own[0])
        assert [share.turn.done() for share in own[1:]] == [True, False]

    asyncio.run(use())


def test_what_is_larger_than_all_room_has_it_alone() -> None:
    async def use() -> None:
        room = Room(10)
        large, small = room.ask(11, whose="a"), room.ask(1, whose="b")
        assert (large.turn.done(), small.turn.done()) == (True, False)
        room.give_back(large)
        assert small.turn.done()

    asyncio.run(use())


def held_mb() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 >> 20


@pytest.mark.promise("SCR-3.05")
def test_workers_that_never_end_their_messages_do_not_fill_the_memory() -> None:
    async def use(pool: Pool) -> None:
        await run(pool, "1")
        before = held_mb()
        limits = Limits(wall_ms=4_000)
        runs = [asyncio.create_task(run(pool, "half a call", limits)) for _ in range(20)]
        await soon(lambda: pool.stats().workers >= 20)
        worst = 0
        while not any(each.done() for each in runs):
            worst = max(worst, held_mb() - before)
            await asyncio.sleep(0.05)
        assert worst < 60  # and not the 160 that they send
        assert {code_of(await each) for each in runs} == {Code.TIMEOUT}
        assert (await run(pool, "large 1000000")).result == "1000000"  # the room is there again

    on_pool(use, room_bytes=16 << 20)


def test_who_finds_no_room_waits_and_is_served_when_there_is_some() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        holding = asyncio.create_task(run(pool, "large call", Limits(wall_ms=60_000), desk))
        await desk.asked.wait()
        waiting = asyncio.create_task(run(pool, "large 1500000"))
        assert (await run(pool, "echo 7")).result == "7"  # small ones need none
        await soon(lambda: pool.stats().active == 0)
        assert not waiting.done()
        holding.cancel()
        assert (await waiting).result == "1500000"

    on_pool(use, room_bytes=3_000_000)


def test_who_waits_for_room_still_ends_with_its_time() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        holding = asyncio.create_task(run(pool, "large call", Limits(wall_ms=60_000), desk))
        await desk.asked.wait()
        began = asyncio.get_running_loop().time()
        assert code_of(await run(pool, "large 1500000", Limits(wall_ms=300))) is Code.TIMEOUT
        assert asyncio.get_running_loop().time() - began < 2
        holding.cancel()

    on_pool(use, room_bytes=3_000_000)


def test_one_caller_that_holds_much_leaves_room_for_others() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        limits = Limits(wall_ms=60_000)
        many = [asyncio.create_task(pool.run(request("large call"), limits, desk, whose="a")) for _ in range(4)]
        await desk.asked.wait()
        assert (await pool.run(request("large 2000000"), Limits(), Desk(), whose="b")).result == "2000000"
        assert len(desk.calls) == 1
        for each in many:
            each.cancel()

    on_pool(use, room_bytes=5_000_000)


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        ("huge log", Code.OUTPUT_LIMIT),
        ("huge result", Code.OUTPUT_LIMIT),
        ("huge unknown", Code.SANDBOX_VIOLATION),
    ],
)
def test_only_what_may_be_large_is_waited_for(deed: str, code: Code) -> None:
    async def use(pool: Pool) -> None:
        assert code_of(await run(pool, deed)) is code

    on_pool(use)
