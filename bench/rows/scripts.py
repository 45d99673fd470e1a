"""What it costs to run one script, beside the engine alone and beside a worker that is forked when the run comes.

Rules of this file:
- The way measured is the product's own: `Runs` with the ports of isolation, the request checked, a worker with its
  locks, the answer judged and redacted. What lies before it, the approval, is not part of it.
- Runs follow one another at once: what the sandbox does meanwhile for the next one is paid for here too.
"""

import math
import statistics

from bench.frame import Bar, Row, median_of
from bench.lab import Lab
from bench.stage import ARGUMENTS, COLD, TRIVIAL, Stage, stage


class Trivial(Row):
    """A trivial script from the pool: the median of many runs."""

    what = "script_run of a trivial script from the pool, p50"
    unit = "ms"
    full = 200

    def open(self, lab: Lab) -> None:
        self._stage = stage(lab)
        self._times = lab.times(self.full)
        self.what = _what(self._stage)

    def measure(self) -> float:
        return statistics.median(self._stage.spent(self._times, TRIVIAL, ARGUMENTS))


class ScriptRun(Trivial):
    """Beside what the engine alone takes, without any wall around it."""

    name = "script-run.engine"
    against = "the engine called bare in process"
    bar = Bar(3.0, "≤ 3 ms")

    def open(self, lab: Lab) -> None:
        super().open(lab)
        import starlark  # noqa: PLC0415 - where the engine does not exist, rows can still be listed

        globals_ = starlark.Globals.standard()

        def bare() -> None:
            parsed = starlark.parse(TRIVIAL.name, f"{TRIVIAL.source}main(1, 2)\n")
            assert starlark.eval(starlark.Module(), parsed, globals_) == {"sum": 3}

        self._bare = bare

    def compare(self) -> float:
        return median_of(self._times, self._bare) / 1000


class ScriptRunForked(Trivial):
    """Beside a worker that is forked when the run comes: what keeping some ready is worth."""

    name = "script-run.fork"
    against = "a worker forked per run, none kept ready"

    def open(self, lab: Lab) -> None:
        super().open(lab)
        self._cold = stage(lab, COLD)

    def compare(self) -> float:
        return statistics.median(self._cold.spent(self._times, TRIVIAL, ARGUMENTS))


class ScriptRunTail(Trivial):
    """The slowest of a hundred."""

    name = "script-run.p99"
    what = "script_run of a trivial script from the pool, p99"
    against = "its p50"
    full = 300

    def open(self, lab: Lab) -> None:
        super().open(lab)
        self.what = _what(self._stage, "p99")

    def measure(self) -> float:
        spent = sorted(self._stage.spent(self._times, TRIVIAL, ARGUMENTS))
        return spent[math.ceil(0.99 * len(spent)) - 1]

    def compare(self) -> float:
        return super().measure()


def _what(opened: Stage, figure: str = "p50") -> str:
    return f"script_run of a trivial script from the pool, {opened.locks}, {figure}"
