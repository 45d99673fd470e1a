"""What a sandbox that waits for work holds in memory.

Rules of this file:
- A worker is a copy of its zygote: what both have in common is divided among all who have it (PSS), so that the sum
  over all processes is what the machine has given.
- The kernel tells that only to those who may look into a locked process, which is root. For others the row says that
  it is resident memory, in which what is shared counts in full.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from bench.frame import Row
from bench.lab import Lab
from bench.machine import resident_mb
from bench.stage import WARM, children, stage

_PATIENCE, _MOMENT = 10.0, 0.05  # seconds


class WorkerMemory(Row):
    """What one more warm worker costs."""

    name = "script-memory"
    against = "resident memory of the zygote, which holds what all have in common"
    unit = "KB"

    def __init__(self) -> None:
        self._say("proportional (PSS)")

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._of: Callable[[int], float] = _proportional_kb
        try:
            _proportional_kb(self._settled()[1][0])
        except OSError:  # no such file, or not for us
            self._of = _resident_kb
            self._say("resident")

    def measure(self) -> float:
        return statistics.median(map(self._of, self._settled()[1]))

    def compare(self) -> float:
        return _resident_kb(self._settled()[0])

    def _settled(self) -> tuple[int, list[int]]:
        """Wait until all that shall be warm have started, and nothing else is there."""
        gives_up_at = time.monotonic() + _PATIENCE
        while len((found := self._processes())[1]) != WARM.warm:
            if time.monotonic() > gives_up_at:
                raise RuntimeError(f"{WARM.warm} workers should wait, and there are {len(found[1])}")
            time.sleep(_MOMENT)
        time.sleep(_MOMENT)  # the last one still closes its locks
        return found

    def _processes(self) -> tuple[int, list[int]]:
        """Give the zygote and its workers: where it is the first of a namespace, its parent stands outside."""
        below = children()
        zygote = self._stage.process
        while len(below[zygote]) == 1 and below[min(below[zygote])]:
            zygote = min(below[zygote])
        return zygote, sorted(below[zygote])

    def _say(self, kind: str) -> None:
        self.what = f"{kind} memory of a warm worker, {WARM.warm} of them waiting"


def _proportional_kb(process: int) -> float:
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("Pss:")).split()[1]) * 1.024  # the file says KiB


def _resident_kb(process: int) -> float:
    return resident_mb(process) * 1000
