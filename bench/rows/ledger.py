"""What an act costs: authorised, changed and recorded in one transaction by a person whose standing is read anew.

Rules of this file:
- The act is `audit.export` without its export: the smallest one of a person. What is measured is the door, not a deed.
- The bare client beside it writes the same two rows in one transaction of the same durability, and nothing else: no
  authority is read, no chain is computed.
"""

import asyncio
import itertools
import time

import uvloop

from bench.frame import Bar, Row, median_of
from bench.lab import SHOWN, Desk, Lab, placeholders
from openpact.adapters.store import Durability, people
from openpact.domain.principal import Action
from openpact.services.ledger import Act

_WAITERS = 64
_PAST = 200_000

_INSERT = (
    "INSERT INTO audit_events (chain, seq, id, at, type, actor, actor_name, action, target, outcome, details, "
    "prev, hash) VALUES ('c1', ?, ?, ?, 'audit', 'per_1', 'bench', 'audit.export', 'audit', 'done', '{}', ?, ?)"
)
_UPDATE = "UPDATE audit_chains SET seq = ?, head = ? WHERE chain = 'c1'"
_HASH = "0" * 64


def _nothing(_act: Act) -> None:
    pass


def _act(desk: Desk, durability: Durability) -> None:
    desk.ledger.act(desk.who, Action.AUDIT_EXPORT, "audit", _nothing, durability=durability)


class _Acts(Row):
    against = "the bare client writing the same two rows"
    durability: Durability

    def __init__(self, engine: str) -> None:
        kept = "a loss of power" if self.durability else "kill -9"
        self.name = f"act-{self.durability.name.lower()}.{engine}"
        self.what = f"ledger act {self.durability.name}, which {kept} does not undo, {SHOWN[engine]}"
        self._engine = engine

    def open(self, lab: Lab) -> None:
        self._times = lab.times(200)
        self._desk = lab.desk(self._engine)
        other = lab.desk(self._engine)  # a database of its own: nobody waits for the other's lock or log
        self._raw = lab.bare(other.url)
        if self._engine == "sqlite":
            self._raw.execute(f"PRAGMA synchronous={self.durability.name}")
        else:
            self._raw.execute(f"SET synchronous_commit = {'on' if self.durability else 'off'}")
        self._insert, self._update = placeholders(other.url, _INSERT), placeholders(other.url, _UPDATE)
        self._begin = "BEGIN IMMEDIATE" if self._engine == "sqlite" else "BEGIN"
        self._numbers = itertools.count(1000)  # behind what is there already

    def measure(self) -> float:
        return median_of(self._times, lambda: _act(self._desk, self.durability))

    def compare(self) -> float:
        return median_of(self._times, self._theirs)

    def _theirs(self) -> None:
        number = next(self._numbers)
        self._raw.execute(self._begin)
        self._raw.execute(self._insert, (number, f"evt_{number:026d}", number, _HASH, _HASH))
        self._raw.execute(self._update, (number, _HASH))
        self._raw.execute("COMMIT")


class ActFull(_Acts):
    """A decision."""

    durability = Durability.FULL


class ActNormal(_Acts):
    """A call's record."""

    durability = Durability.NORMAL


class Consume(Row):
    """Something that is used up exactly once: an update that says what it expects."""

    against = "the act without the update"

    def __init__(self, engine: str) -> None:
        self.name = f"consume.{engine}"
        self.what = f"ledger act FULL that uses something up by a conditional update, {SHOWN[engine]}"
        self._engine = engine

    def open(self, lab: Lab) -> None:
        self._times = lab.times(200)
        self._desk = lab.desk(self._engine)
        self._steps = itertools.count(1)

    def measure(self) -> float:
        return median_of(self._times, self._consume)

    def compare(self) -> float:
        return median_of(self._times, lambda: _act(self._desk, Durability.FULL))

    def _consume(self) -> None:
        desk, step = self._desk, next(self._steps)

        def change(act: Act) -> bool:
            return people.spend_totp_step(act.tx, desk.person.id, step)

        assert desk.ledger.act(desk.who, Action.AUDIT_EXPORT, "audit", change)


class GroupCommit(Row):
    """Many who wait share one commit."""

    against = "the same acts one by one"
    rate = "acts"

    def __init__(self, engine: str) -> None:
        self.name = f"group-{_WAITERS}.{engine}"
        self.what = f"ledger act FULL with {_WAITERS} waiting at once, time for each, {SHOWN[engine]}"
        self._engine = engine

    def open(self, lab: Lab) -> None:
        self._each = lab.times(10)
        self._times = lab.times(200)
        self._desk = lab.desk(self._engine)
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        lab.keep(self._runner.close)

    def measure(self) -> float:
        began = time.perf_counter_ns()
        self._runner.run(self._all())
        return (time.perf_counter_ns() - began) / 1000 / (_WAITERS * self._each)

    def compare(self) -> float:
        began = time.perf_counter_ns()
        for _ in range(self._times):
            _act(self._desk, Durability.FULL)
        return (time.perf_counter_ns() - began) / 1000 / self._times

    async def _all(self) -> None:
        await asyncio.gather(*(self._waiter() for _ in range(_WAITERS)))

    async def _waiter(self) -> None:
        for _ in range(self._each):
            await self._desk.ledger.act_soon(self._desk.who, Action.AUDIT_EXPORT, "audit", _nothing)


class Growth(Row):
    """What a long record costs each further act. NORMAL: no wait for the disk hides it."""

    against = "the same in an empty store"
    bar = Bar(1.5, "ratio ≤ 1.5", of="ratio")

    def __init__(self, engine: str) -> None:
        self.name = f"growth.{engine}"
        self._engine = engine
        self._say(_PAST)

    def open(self, lab: Lab) -> None:
        self._times = lab.times(400)
        past = lab.size(_PAST)
        self._say(past)
        self._grown = lab.desk(self._engine, events=past)
        self._empty = lab.desk(self._engine)

    def measure(self) -> float:
        return median_of(self._times, lambda: _act(self._grown, Durability.NORMAL))

    def compare(self) -> float:
        return median_of(self._times, lambda: _act(self._empty, Durability.NORMAL))

    def _say(self, past: int) -> None:
        self.what = f"ledger act NORMAL in a store of {past:,} events, {SHOWN[self._engine]}"
