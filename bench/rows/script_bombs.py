"""What hostile scripts cost: how soon they are ended, and what their neighbours notice of them.

Rules of this file:
- A bomb is timed from its start, not from the moment at which its memory was used up, which nobody knows from outside:
  the figure is too large rather than too small.
- A loop that the engine can interrupt ends by the engine's hand; one that hides in a single operation by the
  zygote's, a quarter of a second later. Both are here.
"""

import asyncio
import statistics

from bench.frame import Bar, Row
from bench.lab import Lab
from bench.stage import ARGUMENTS, CORES, TRIVIAL, stage
from openpact.domain.run import Code
from openpact.services.runs import Script

_WALL_MS = 500
_ONE_SECOND = Bar(1000.0, "≤ 1 s")

_BOMBS = {
    "doubling": ("a list that doubles", "x = [1]\nfor _ in range(60):\n    x = x + x\n"),
    "growing": (
        "many values, one by one",
        "def main():\n    x = []\n    for i in range(2147483647):\n        x.append([i])\n",
    ),
}
_LOOPS = {
    "steps": ("a loop", "for _ in range(2147483647):\n    pass\n"),
    "operation": ("one endless operation", "x = max(range(2147483647))\n"),
}


class Bomb(Row):
    """Memory without end."""

    unit = "ms"
    bar = _ONE_SECOND

    def __init__(self, variant: str) -> None:
        how, source = _BOMBS[variant]
        self.name = f"script-bomb.{variant}"
        self.what = f"memory bomb, {how}: from its start to its refusal"
        self._script = Script(name="bomb.star", source=source)

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)

    def measure(self) -> float:
        return self._stage.do(self._stage.refused(self._script, Code.MEMORY_LIMIT))


class Loop(Row):
    """Time without end."""

    unit = "ms"
    bar = _ONE_SECOND

    def __init__(self, variant: str) -> None:
        how, source = _LOOPS[variant]
        self.name = f"script-loop.{variant}"
        self.what = f"endless script, {how}: its refusal after its limit of {_WALL_MS} ms"
        self._script = Script(name="loop.star", source=source, timeout_ms=_WALL_MS)

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)

    def measure(self) -> float:
        return self._stage.do(self._stage.refused(self._script, Code.TIMEOUT)) - _WALL_MS


class Neighbours(Row):
    """As many of them as there are slots, again and again, and a harmless script beside them."""

    unit = "ms"
    against = "the same alone"
    bar = Bar(3.0, "ratio ≤ 3", of="ratio")

    def __init__(self, variant: str) -> None:
        how, source = {**_BOMBS, **_LOOPS}[variant]
        self.name = f"script-neighbours.{variant}"
        self.what = f"script_run of a trivial script, p50, while {CORES} scripts use all they can get: {how}"
        self._hostile = Script(name="hostile.star", source=source)

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._times = lab.times(100)

    def measure(self) -> float:
        return self._stage.do(self._beside())

    def compare(self) -> float:
        return statistics.median(self._stage.spent(self._times, TRIVIAL, ARGUMENTS))

    async def _beside(self) -> float:
        hostile = [asyncio.create_task(self._again_and_again()) for _ in range(CORES)]
        try:
            while self._stage.runs.stats().active < CORES:  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.001)
            return statistics.median(await self._stage.timed(self._times, TRIVIAL, ARGUMENTS))
        finally:
            for task in hostile:
                task.cancel()
            await asyncio.wait(hostile)

    async def _again_and_again(self) -> None:
        while True:
            outcome = await self._stage.runs.run(self._hostile, self._stage.ports)
            assert not outcome.success
