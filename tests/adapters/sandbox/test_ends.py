"""Every end of a run has its code, and nothing outlives a run."""

import asyncio
import os
import signal
import sys

import pytest

from openpact.adapters.sandbox import ends, message
from openpact.adapters.sandbox.inside import worker
from openpact.adapters.sandbox.pool import Pool
from openpact.domain import errors
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import (
    LOOPS,
    PLAIN,
    QUICK,
    Desk,
    alive,
    code_of,
    descendants,
    descriptors,
    kill,
    on_pool,
    request,
    run,
    settled,
    soon,
    workers,
)
from tests.waiting import until

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_a_script_s_result_and_its_calls_come_through(loop: str) -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        ended = await run(pool, 'echo {"a": "\N{SNOWMAN}"}', desk=desk)
        assert (ended.result, ended.failure, desk.calls) == ('{"a": "\N{SNOWMAN}"}', None, ["echo"])
        assert 0 < ended.usage.duration_ms < 30_000
        assert ended.usage.peak_memory < 4_000_000  # of the engine's own memory nothing is counted

    on_pool(use, loop=loop)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (-1, Code.BUSY),
        (signal.SIGXCPU, Code.TIMEOUT),
        (signal.SIGBUS, Code.MEMORY_LIMIT),
        (signal.SIGTERM, Code.SANDBOX_VIOLATION),
        (worker.OUT_OF_MEMORY << 8, Code.MEMORY_LIMIT),
        (worker.NO_MEMORY_THERE << 8, Code.MEMORY_LIMIT),
        (signal.SIGSEGV, Code.RECURSION_LIMIT),
        (worker.FAULT << 8, Code.SCRIPT_ERROR),
        (0, Code.SANDBOX_VIOLATION),
    ],
)
def test_every_way_a_process_ends_has_a_code_and_a_hint(status: int, code: Code) -> None:
    failure = ends.died(message.Exit(id=1, status=status, grown=0, cpu=0.0, late=False), QUICK)
    assert failure.code is code
    assert failure.hint
    late = ends.died(message.Exit(id=1, status=signal.SIGKILL, grown=0, cpu=0.0, late=True), QUICK)
    assert late.code is Code.TIMEOUT


@pytest.mark.promise("SCR-3.05", "SCR-3.09")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("never", Code.TIMEOUT),
        ("hungry", Code.MEMORY_LIMIT),
        ("abort", Code.MEMORY_LIMIT),
        ("crash", Code.MEMORY_LIMIT),
        ("overflow", Code.RECURSION_LIMIT),
        ("open", Code.SANDBOX_VIOLATION),
        ("status", Code.SANDBOX_VIOLATION),
        ("large_result", Code.OUTPUT_LIMIT),
    ],
)
def test_a_broken_limit_ends_the_run_with_its_code_and_all_else_goes_on(source: str, code: Code) -> None:
    async def use(pool: Pool) -> None:
        limits = Limits(wall_ms=300 if source == "never" else 10_000)
        asked = asyncio.create_task(run(pool, "ask", Limits(wall_ms=20_000)))
        ended = await run(pool, source, limits)
        assert code_of(ended) is code
        assert ended.failure is not None
        assert ended.failure.hint
        assert not asked.done()
        assert (await run(pool, "1")).result == "1"
        asked.cancel()

    on_pool(use)


def test_what_a_script_says_of_its_failure_is_told_with_its_place() -> None:
    async def use(pool: Pool) -> None:
        failure = (await run(pool, "error")).failure
        assert failure is not None
        assert (failure.code, failure.message, failure.line) == (Code.SCRIPT_ERROR, "no such name", 3)
        assert failure.frames[-1].function == "inner"

    on_pool(use, entry=PLAIN)


def test_a_fault_of_the_engine_is_told_as_one() -> None:
    async def use(pool: Pool) -> None:
        failure = (await run(pool, "fault")).failure
        assert failure is not None
        assert (failure.code, failure.message) == (Code.SCRIPT_ERROR, "The engine failed: ZeroDivisionError.")

    on_pool(use, entry=PLAIN)


def test_a_refusal_ends_the_run_with_the_host_s_own_words() -> None:
    async def use(pool: Pool) -> None:
        failure = (await run(pool, "deny")).failure
        assert failure is not None
        assert (failure.code, failure.message, failure.hint, failure.line) == (
            *(Code.CAPABILITY_DENIED, "This is not declared.", "Declare it."),
            7,
        )

    on_pool(use, entry=PLAIN)


def test_a_fault_of_the_host_is_raised_and_its_worker_ended() -> None:
    async def use(pool: Pool) -> None:
        with pytest.raises(RuntimeError, match="fault of its own"):
            await run(pool, "host_fault")
        await settled(pool)

    on_pool(use, entry=PLAIN)


def test_memory_is_told_as_what_the_run_added_whoever_tells_it() -> None:
    async def use(pool: Pool) -> None:
        killed = (await run(pool, "hungry, crash")).usage
        assert 40_000_000 < killed.peak_memory < 60_000_000
        assert (await run(pool, "1")).usage.peak_memory < 4_000_000

    on_pool(use)


@pytest.mark.promise("SCR-3.09")
def test_a_call_that_takes_too_long_is_cancelled_and_the_script_told_where() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        ended = await run(pool, "long", QUICK, desk)
        assert (code_of(ended), desk.cancelled) == (Code.TIMEOUT, 1)
        assert ended.failure is not None
        assert ended.failure.line == 7

    on_pool(use, entry=PLAIN)


@pytest.mark.promise("SCR-3.09")
def test_a_worker_that_does_not_hear_the_refusal_is_killed() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        ended = await run(pool, "deaf", QUICK, desk)
        assert (code_of(ended), desk.cancelled) == (Code.TIMEOUT, 1)

    on_pool(use)


@LINUX
def test_a_call_is_cancelled_at_once_when_its_worker_is_gone() -> None:
    async def use(pool: Pool) -> None:
        desk = Desk()
        running = asyncio.create_task(run(pool, "ask", Limits(wall_ms=60_000), desk))
        await desk.asked.wait()
        kill(workers())
        async with asyncio.timeout(5):
            assert code_of(await running) is Code.MEMORY_LIMIT  # the kernel kills so when there is no memory left
        assert desk.cancelled == 1

    on_pool(use, warm=0)


@LINUX
@pytest.mark.promise("SCR-3.10")
def test_a_cancelled_run_leaves_no_process_no_descriptor_and_no_slot() -> None:
    async def use(pool: Pool) -> None:
        await settled(pool)
        before = descriptors()
        for source in ("ask", "never") * 3:
            desk = Desk()
            running = asyncio.create_task(run(pool, source, Limits(wall_ms=60_000), desk))
            if source == "ask":
                await desk.asked.wait()
            else:
                await soon(lambda: pool.stats().active)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert pool.stats().active == 0
        await settled(pool)
        assert descriptors() == before

    on_pool(use, max_active=1)


@LINUX
@pytest.mark.parametrize("loop", sorted(LOOPS))
def test_many_runs_leave_no_process_and_no_descriptor(loop: str) -> None:
    async def use(pool: Pool) -> None:
        await run(pool, "1")
        await settled(pool)
        before = (descriptors(), len(descendants(os.getpid())))
        for _ in range(5):
            ended = await asyncio.gather(*(run(pool, str(number), Limits()) for number in range(40)))
            assert [each.result for each in ended] == [str(number) for number in range(40)]
        await settled(pool)
        assert (descriptors(), len(descendants(os.getpid()))) == before

    on_pool(use, loop=loop)


def test_a_closed_pool_leaves_nothing_and_runs_nothing() -> None:
    before = descendants(os.getpid())

    async def use(pool: Pool) -> Pool:
        await run(pool, "1")
        return pool

    pool = on_pool(use)
    until(lambda: not any(map(alive, descendants(os.getpid()) - before)))
    with pytest.raises(errors.SandboxUnavailable, match="closed"):
        asyncio.run(pool.run(request("1"), QUICK, Desk()))


@pytest.mark.promise("SCR-3.01")
def test_a_source_is_checked_without_a_host_and_gives_its_outline() -> None:
    async def use(pool: Pool) -> None:
        assert await pool.check("a.star", "fine") == {"name": "a.star"}
        with pytest.raises(errors.ScriptInvalid, match="no such name") as caught:
            await pool.check("a.star", "error")
        assert caught.value.fields[0]["line"] == 3
        with pytest.raises(errors.ScriptInvalid, match="not answered"):
            await pool.check("a.star", "deny")
        with pytest.raises(errors.ScriptInvalid, match="what no script can do"):
            await pool.check("a.star", "1")

    on_pool(use, entry=PLAIN)


def test_a_worker_without_its_locks_runs_nothing_and_one_that_spoke_cannot_claim_so() -> None:
    async def use(pool: Pool) -> None:
        with pytest.raises(errors.SandboxUnavailable, match="did not hold now"):
            await run(pool, "unlocked")
        assert code_of(await run(pool, "speak, unlocked")) is Code.SANDBOX_VIOLATION

    on_pool(use)
