"""Where the bench runs scripts: the product's own runs, opened once for all rows, with ports behind which nothing is.

Rules of this file:
- Rows share one sandbox, as the scripts of one daemon do: with a zygote for each row, memory that they have in common
  would count for little in every one of them.
- A lock that this machine lacks is told in the row; a figure without a lock never passes for one with it.
- A run that does not end as its row expects ends the bench: the time of a failure is no figure.
"""

import asyncio
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import msgspec
import uvloop

from bench.lab import Lab
from openpact.adapters.sandbox.inside.lockdown import OK
from openpact.adapters.sandbox.pool import Settings
from openpact.domain.fixture import Fixtures
from openpact.domain.run import Code, Limits, Outcome
from openpact.services.isolation import isolated
from openpact.services.ports import Ports
from openpact.services.runs import Runs, Script

T = TypeVar("T")

CORES = 2  # how many scripts compute at once, as the specification's figures assume
WARM = Settings(max_active=CORES)
COLD = msgspec.structs.replace(WARM, warm=0)
_LIMITS = Limits(steps=1 << 50)  # what a row does not set runs as long as the wall clock allows
_NOTHING = Fixtures()

TRIVIAL = Script(name="trivial.star", source="def main(a, b):\n    return {'sum': a + b}\n")
ARGUMENTS = '{"a":1,"b":2}'


class Stage:
    """A sandbox that is open, and the event loop that it lives on."""

    def __init__(self, settings: Settings) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.runs = Runs(settings, _LIMITS)
        self.ports = isolated(_NOTHING)
        before = children()[os.getpid()]
        self.do(self.runs.open())
        (self.process,) = children()[os.getpid()] - before

    @property
    def locks(self) -> str:
        """Say which locks hold."""
        return locks(self.runs.report)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this on the sandbox's event loop."""
        return self._runner.run(work)

    def spent(self, times: int, script: Script, args: str | None = None) -> list[float]:
        """Run a script so often, one run after the other, and give how long each took, in milliseconds."""
        return self.do(self.timed(times, script, args))

    async def timed(self, times: int, script: Script, args: str | None = None) -> list[float]:
        """Do the same from within the event loop."""
        spent = []
        for _ in range(times):
            began = time.perf_counter_ns()
            await self.run(script, args)
            spent.append((time.perf_counter_ns() - began) / 1e6)
        return spent

    async def run(self, script: Script, args: str | None = None, *, ports: Ports | None = None) -> Outcome:
        """Run a script that ends with a result."""
        outcome = await self.runs.run(script, ports or self.ports, args=args)
        if outcome.ended.failure is not None:
            raise RuntimeError(f"{script.name} failed: {outcome.ended.failure}")
        return outcome

    async def refused(self, script: Script, code: Code) -> float:
        """Run a script that is refused with this code, and give how long it took, in milliseconds."""
        began = time.perf_counter_ns()
        outcome = await self.runs.run(script, self.ports)
        spent = (time.perf_counter_ns() - began) / 1e6
        failure = outcome.ended.failure
        if failure is None or failure.code is not code:
            raise RuntimeError(f"{script.name} was not refused with {code}: {outcome.ended}")
        return spent

    def close(self) -> None:
        """End the sandbox and its loop."""
        self.do(self.runs.close())
        self._runner.close()


def locks(report: Mapping[str, str]) -> str:
    """Say which locks hold: all, or all but these."""
    lacking = [layer.replace("_", " ") for layer, state in report.items() if state != OK]
    return f"without {', '.join(lacking)}" if lacking else "all locks on"


_stages: "WeakKeyDictionary[Lab, dict[Settings, Stage]]" = WeakKeyDictionary()


def stage(lab: Lab, settings: Settings = WARM) -> Stage:
    """Give the sandbox of this bench with these settings; the first row that asks opens it, the lab closes it."""
    opened = _stages.setdefault(lab, {})
    if settings not in opened:
        opened[settings] = Stage(settings)
        lab.keep(opened[settings].close)
    return opened[settings]


def children() -> dict[int, set[int]]:
    """Give the processes of this machine by who started them."""
    found: dict[int, set[int]] = defaultdict(set)
    folder = Path("/proc/self")
    if not folder.exists():
        command = ["ps", "-A", "-o", "pid=,ppid="]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - words of ours
        for line in answer.stdout.splitlines():
            child, parent = line.split()
            found[int(parent)].add(int(child))
        return found
    for place in Path("/proc").iterdir():
        if place.name.isdigit():
            try:
                parent = (place / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:  # it ended meanwhile
                continue
            found[int(parent)].add(int(place.name))
    return found
