"""The frame: rows are measured in interleaved rounds, and a figure is the median of its rounds.

Rules of this file:
- Round 1 of every row comes before round 2 of any, in an order drawn anew for each round: what the machine does
  meanwhile strikes all rows alike. The seed of the lot is recorded, so that the order can be had again.
- A row and what it is compared with are measured one right after the other, which of them first is drawn too. The
  ratio is taken within a round; only then comes the median.
- Nothing is thrown away: the smallest and the largest round stand beside the median.
"""

import gc
import random
import statistics
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.lab import Lab

HEAVY_ROUNDS = 3


@dataclass(frozen=True)
class Bar:
    """What the specification demands of a row: its value, or its ratio, is at most the limit."""

    limit: float
    text: str
    of: Literal["value", "ratio"] = "value"


class Row(ABC):
    """One line of the table."""

    name: str  # `subject` or `subject.variant`; what --only takes
    what: str
    against: str | None = None  # what `compare` measures, in words; None: nothing is compared
    unit: str = "µs"
    bar: Bar | None = None
    rate: str | None = None  # what a figure in µs is the time of one of: then it is also told how many a second
    heavy: bool = False  # seconds a round: no warm-up, and at most HEAVY_ROUNDS rounds

    @property
    def command(self) -> str:
        """The command that measures this row alone."""
        return f'make bench ARGS="--only {self.name}"'

    def open(self, lab: Lab) -> None:  # noqa: B027 - not every row has something to prepare
        """Prepare what is measured; the lab closes it."""

    @abstractmethod
    def measure(self) -> float:
        """Measure once, in the row's unit."""

    def compare(self) -> float:
        """Measure what the row is compared with, in the same unit."""
        raise NotImplementedError(f"{self.name} says that it is compared, and does not compare")


@dataclass(frozen=True)
class Round:
    """What one round of one row gave."""

    value: float
    beside: float | None

    @property
    def ratio(self) -> float | None:
        """How many times what it is compared with."""
        return self.value / self.beside if self.beside else None


@dataclass(frozen=True)
class Figure:
    """The median of the rounds, between the smallest and the largest."""

    median: float
    low: float
    high: float


def figure(values: Sequence[float]) -> Figure:
    """Sum up the rounds."""
    return Figure(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Result:
    """All rounds of one row."""

    row: Row
    rounds: tuple[Round, ...]

    @property
    def value(self) -> Figure:
        """What was measured."""
        return figure([one.value for one in self.rounds])

    @property
    def beside(self) -> Figure | None:
        """What it was compared with."""
        found = [one.beside for one in self.rounds if one.beside is not None]
        return figure(found) if found else None

    @property
    def ratio(self) -> Figure | None:
        """The ratio of each round, summed up."""
        found = [one.ratio for one in self.rounds if one.ratio is not None]
        return figure(found) if found else None

    @property
    def a_second(self) -> float | None:
        """How many a second, for a row that has a rate."""
        return None if self.row.rate is None else 1e6 / self.value.median

    @property
    def holds(self) -> bool | None:
        """Say whether the median keeps the bar; None where there is none."""
        if self.row.bar is None:
            return None
        judged = self.value if self.row.bar.of == "value" else self.ratio
        return judged is not None and judged.median <= self.row.bar.limit


Tell = Callable[[str], None]


def run(rows: Sequence[Row], lab: Lab, *, rounds: int, seed: int, tell: Tell = lambda _said: None) -> list[Result]:
    """Prepare every row, then measure all of them round by round."""
    lot = random.Random(seed)  # noqa: S311 - it must be repeatable, not secret
    for row in rows:
        tell(f"preparing {row.name}")
        row.open(lab)
        if not row.heavy:
            _measure(row, first=True)
    found: dict[str, list[Round]] = {row.name: [] for row in rows}
    for number in range(1, rounds + 1):
        order = [row for row in rows if not row.heavy or number <= HEAVY_ROUNDS]
        lot.shuffle(order)
        for place, row in enumerate(order, start=1):
            tell(f"round {number} of {rounds}, {place} of {len(order)}: {row.name}")
            found[row.name].append(_measure(row, first=lot.random() < 0.5))  # noqa: PLR2004 - a coin
    return [Result(row, tuple(found[row.name])) for row in rows]


def median_of(times: int, call: Callable[[], object]) -> float:
    """Give the median time of one call, in microseconds."""
    gc.collect()
    spent = []
    for _ in range(times):
        began = time.perf_counter_ns()
        call()
        spent.append(time.perf_counter_ns() - began)
    return statistics.median(spent) / 1000


def _measure(row: Row, *, first: bool) -> Round:
    if row.against is None:
        return Round(row.measure(), None)
    if first:
        value = row.measure()
        return Round(value, row.compare())
    beside = row.compare()
    return Round(row.measure(), beside)
