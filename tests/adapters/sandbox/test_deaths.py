"""Whoever dies, or hangs, takes nothing along that it should not, and leaves nothing running."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from openpact.adapters.sandbox.pool import Pool
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import Desk, alive, code_of, descendants, kill, on_pool, run, soon, workers
from tests.waiting import until

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

ENDLESS = """
import asyncio, sys
from openpact.adapters.sandbox.pool import Pool, Settings
from openpact.domain.run import Limits
from tests.adapters.sandbox.pools import COMPROMISED, Desk, request

async def main():
    pool = await Pool.open(Settings(max_active=4, entry=COMPROMISED))
    desk = Desk()
    runs = [asyncio.create_task(pool.run(request(s), Limits(wall_ms=300_000), desk)) for s in ("never", "never", "ask")]
    await desk.asked.wait()
    print("running", flush=True)
    await asyncio.gather(*runs)

asyncio.run(main())
"""


def test_the_zygote_ends_a_run_in_time_while_the_parent_is_stuck() -> None:
    async def use(pool: Pool) -> None:
        running = asyncio.create_task(run(pool, "never", Limits(wall_ms=200)))
        await soon(lambda: pool.stats().active)
        for _ in range(100):
            await asyncio.sleep(0)
        stuck_until = time.monotonic() + 5
        processes = descendants(os.getpid())
        # The event loop computes and hears nothing; of all processes only the worker that ran must end meanwhile.
        while all(map(alive, processes)):
            assert time.monotonic() < stuck_until
        assert time.monotonic() < stuck_until - 4
        assert code_of(await running) is Code.TIMEOUT

    on_pool(use, warm=0)


def test_nothing_is_left_when_the_parent_is_killed() -> None:
    process = subprocess.Popen([sys.executable, "-c", ENDLESS], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.readline() == "running\n"
        left = descendants(process.pid)
        assert len(left) >= 4
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        until(lambda: not any(map(alive, left)), 3)


def test_a_killed_zygote_ends_its_runs_and_is_replaced_for_the_next() -> None:
    others = descendants(os.getpid())

    async def use(pool: Pool) -> None:
        desk = Desk()
        lost = [asyncio.create_task(run(pool, source, Limits(wall_ms=60_000), desk)) for source in ("ask", "never")]
        await desk.asked.wait()
        old = descendants(os.getpid()) - others
        kill(old)
        async with asyncio.timeout(10):
            assert [code_of(await each) for each in lost] == [Code.SANDBOX_LOST] * 2
            again = await asyncio.gather(*(run(pool, "open"), run(pool, "1"), run(pool, "executable_memory")))
        assert [code_of(each) for each in again] == [Code.SANDBOX_VIOLATION, None, None]
        assert not any(map(alive, old))

    on_pool(use)


def test_a_warm_worker_that_is_killed_is_not_given_to_a_run() -> None:
    async def use(pool: Pool) -> None:
        await run(pool, "1")
        await soon(lambda: pool.stats().workers == 2)
        kill(workers())
        await soon(lambda: not pool.stats().workers)
        assert (await run(pool, "1")).result == "1"

    on_pool(use, warm=2)
