"""What it costs to verify the whole record: every event read, hashed and compared with its chain."""

import time

from bench.frame import Row
from bench.lab import SHOWN, Lab, placeholders
from openpact.adapters import seal
from openpact.services.audit import Audit

_EVENTS = 100_000
_SQL = "SELECT * FROM audit_events WHERE (chain, seq) > ('c1', ?) ORDER BY chain, seq LIMIT 1000"


class Verify(Row):
    """The record verified from its first event to its last."""

    against = "the bare client reading the same rows"
    rate = "events"
    heavy = True

    def __init__(self, engine: str) -> None:
        self.name = f"verify.{engine}"
        self._engine = engine
        self._say(_EVENTS)

    def open(self, lab: Lab) -> None:
        past = lab.size(_EVENTS)
        self._say(past)
        desk = lab.desk(self._engine, events=past)
        folder = lab.place()
        sealer = seal.open_seal(folder)
        self._audit = Audit(desk.store, desk.ledger, sealer, lambda: seal.trust([folder / "keys"]))
        self._audit.seal()
        self._raw = lab.bare(desk.url)
        self._sql = placeholders(desk.url, _SQL)

    def measure(self) -> float:
        began = time.perf_counter_ns()
        report = self._audit.verify([])
        spent = time.perf_counter_ns() - began
        assert report.intact
        assert report.unsealed == 0
        return spent / 1000 / report.events

    def compare(self) -> float:
        began = time.perf_counter_ns()
        seq, count = 0, 0
        while rows := self._raw.execute(self._sql, (seq,)).fetchall():
            seq, count = rows[-1][1], count + len(rows)
        return (time.perf_counter_ns() - began) / 1000 / count

    def _say(self, events: int) -> None:
        self.what = f"audit verify of {events:,} events, time for each, {SHOWN[self._engine]}"
