"""Many scripts at once: those that compute take turns, those that wait hold nobody up.

Rules of this file:
- What is timed ends with the last of them, never with the first.
"""

import asyncio
import statistics
import time

from bench.frame import Bar, Row
from bench.lab import Lab
from bench.stage import ARGUMENTS, CORES, TRIVIAL, stage
from openpact.services.runs import Script

_AT_ONCE = 16
_SLEEPERS = 500
_SLEEP = Script(name="sleep.star", source="def main():\n    time.sleep(2)\n")


class ScriptThroughput(Row):
    """Many at once."""

    name = f"script-run.{_AT_ONCE}-at-once"
    what = f"script_run with {_AT_ONCE} at once, {CORES} of them computing, time for each"
    against = "one after the other"
    rate = "runs"
    bar = Bar(1e6 / 300, "≥ 300 runs/s")

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._each = lab.times(20)

    def measure(self) -> float:
        began = time.perf_counter_ns()
        self._stage.do(self._all())
        return (time.perf_counter_ns() - began) / 1000 / (_AT_ONCE * self._each)

    def compare(self) -> float:
        return statistics.fmean(self._stage.spent(_AT_ONCE * self._each, TRIVIAL, ARGUMENTS)) * 1000

    async def _all(self) -> None:
        await asyncio.gather(*(self._some() for _ in range(_AT_ONCE)))

    async def _some(self) -> None:
        for _ in range(self._each):
            await self._stage.run(TRIVIAL, ARGUMENTS)


class ScriptSleepers(Row):
    """Hundreds that wait: who waits for its host holds no slot."""

    name = "script-sleepers"
    against = "one of them alone"
    unit = "s"
    bar = Bar(4.0, "≤ 4 s")
    heavy = True

    def __init__(self) -> None:
        self._say(_SLEEPERS)

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._count = lab.size(_SLEEPERS)
        self._say(self._count)

    def measure(self) -> float:
        return self._sleep(self._count)

    def compare(self) -> float:
        return self._sleep(1)

    def _sleep(self, count: int) -> float:
        began = time.perf_counter_ns()
        self._stage.do(self._all(count))
        return (time.perf_counter_ns() - began) / 1e9

    async def _all(self, count: int) -> None:
        await asyncio.gather(*(self._stage.run(_SLEEP) for _ in range(count)))

    def _say(self, count: int) -> None:
        self.what = f"{count} scripts that sleep 2 s, at once, until the last has ended"
