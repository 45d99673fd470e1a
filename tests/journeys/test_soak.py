"""Many runs at once, good and bad: each ends as it must, and nothing of any of them is left."""

import asyncio
import os
import random
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from openpact.adapters.sandbox.pool import Pool
from openpact.adapters.sandbox.settings import ENTRY
from openpact.domain.run import Code, Limits
from tests.adapters.sandbox.pools import code_of, descendants, descriptors, on_pool, request, settled, soon, workers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

RUNS, AT_ONCE, WARM = 1_500, 200, 4
SLEEPERS = 500


class Kind(NamedTuple):
    """A script and how it ends."""

    source: str
    end: Code | None
    result: str | None = None
    wall_ms: int = 60_000  # on a machine that is busy with all the others


GOOD = (
    Kind("def main():\n    return sum([i for i in range(100)])\ndef sum(x):\n    return len(x)", None, "100"),
    Kind("result = json.encode({'a': [1 << 40, 'é']})", None, '"{\\"a\\":[1099511627776,\\"é\\"]}"'),
    Kind("time.sleep(0.01)\nresult = 'slept'", None, '"slept"'),
    Kind("for i in range(20):\n    print('line', i)", None, "null"),
)
BAD = (
    Kind("x = [1]\nfor _ in range(60):\n    x = x + x", Code.MEMORY_LIMIT),
    Kind("x = ('x' * 1000000).join(['y'] * 100000)", Code.MEMORY_LIMIT),
    Kind("for i in range(2147483647):\n    pass", Code.TIMEOUT, wall_ms=150),
    Kind("x = max(range(2147483647), key = lambda i: i)", Code.TIMEOUT, wall_ms=150),
    Kind("time.sleep(5)", Code.TIMEOUT, wall_ms=150),
    Kind("x = []\nfor _ in range(700000):\n    x = [x]\ns = str(x)", Code.RECURSION_LIMIT),  # the process dies of it
    Kind("def f():\n    return f()\nf()", Code.RECURSION_LIMIT),
    Kind("for i in range(2000):\n    print(i)", Code.OUTPUT_LIMIT),
    Kind("result = 1 // 0", Code.SCRIPT_ERROR),
    Kind("result = [float('nan')]", Code.INVALID_RESULT),
)


class Asleep:
    """A host whose short sleeps are over at once and whose long ones never are; it counts lines."""

    def __init__(self) -> None:
        self.lines = 0

    async def call(self, op: str, given: Mapping[str, Any]) -> object:
        assert op == "sleep"
        await (asyncio.Event().wait() if given["seconds"] > 1 else asyncio.sleep(0))
        return None

    def log(self, text: str) -> None:  # noqa: ARG002 - they are only counted
        self.lines += 1


class Meeting:
    """A host that lets nobody sleep on before all are asleep."""

    def __init__(self, size: int) -> None:
        self.all_here = asyncio.Barrier(size)

    async def call(self, op: str, given: Mapping[str, Any]) -> object:  # noqa: ARG002 - all ask for the same
        await self.all_here.wait()
        return None

    def log(self, text: str) -> None:
        raise AssertionError(text)


@pytest.mark.promise("SCR-3.05", "SCR-3.09", "SCR-3.10")
def test_of_many_runs_each_ends_as_it_must_and_nothing_is_left() -> None:
    kinds = [GOOD[number % len(GOOD)] for number in range(RUNS * 4 // 5)]
    kinds += [BAD[number % len(BAD)] for number in range(RUNS - len(kinds))]
    random.Random(7).shuffle(kinds)  # noqa: S311 - an order, no secret

    async def use(pool: Pool) -> None:
        await soon(lambda: len(workers()) == WARM)
        kept, open_before = descendants(os.getpid()) - workers(), descriptors()
        gate = asyncio.Semaphore(AT_ONCE)
        host = Asleep()

        async def one(kind: Kind) -> tuple[Code | None, str | None]:
            async with gate:
                ended = await pool.run(request(kind.source), Limits(wall_ms=kind.wall_ms, memory_mb=64), host)
            return code_of(ended), ended.result

        ends = await asyncio.gather(*(one(kind) for kind in kinds))
        wrong = [(kind, end) for kind, end in zip(kinds, ends, strict=True) if end != (kind.end, kind.result)]
        assert not wrong
        assert host.lines >= 20 * RUNS // 5
        await settled(pool)
        await soon(lambda: len(workers()) == WARM and descriptors() == open_before)
        assert descendants(os.getpid()) - workers() == kept
        assert pool.stats().active == pool.stats().waiting == 0

    on_pool(use, entry=ENTRY, memory_mb=64, max_active=2, warm=WARM)
    assert not workers()


@pytest.mark.promise("SCR-3.07")
def test_five_hundred_runs_sleep_at_once_on_two_slots() -> None:
    async def use(pool: Pool) -> None:
        host = Meeting(SLEEPERS)
        script = request("time.sleep(2)\nresult = 'slept'")
        running = [asyncio.create_task(pool.run(script, Limits(wall_ms=60_000), host)) for _ in range(SLEEPERS)]
        await soon(lambda: host.all_here.n_waiting > 100)
        assert pool.stats().active <= 2
        async with asyncio.timeout(60):
            assert [(await each).result for each in running] == ['"slept"'] * SLEEPERS
        await settled(pool)

    on_pool(use, entry=ENTRY, max_active=2, warm=WARM)
