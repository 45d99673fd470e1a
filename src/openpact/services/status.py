"""How the whole is doing: what health, readiness and `openpact status` answer from.

Rules of this file:
- Healthy means that an act could be recorded now: the store is asked, not remembered.
- What is public says nothing that helps a stranger: no versions, no names, no counts.
"""

import os
import platform
from collections.abc import Callable

import msgspec

import openpact
from openpact.adapters.store import Store, leases, outbox, people
from openpact.adapters.store import audit as records
from openpact.domain import errors, instant
from openpact.domain.audit import read_body


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: str
    ok: bool
    message: str = ""


class Summary(msgspec.Struct, frozen=True):
    """What an operator wants to see first."""

    version: str
    python: str
    pid: int
    started_at: str
    store: str
    schema: int
    setup_required: bool
    separated: bool
    people: int
    instances: list[str]
    outbox: int
    audit_events: int
    audit_unsealed: int
    audit_sealed_at: str | None


class Status:
    """Answers for one process."""

    def __init__(
        self,
        store: Store,
        started_at: int,
        *,
        separated: bool,
        now: Callable[[], int],
        broken: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._broken = broken  # why the record is not sealed any more
        self._store = store
        self._started_at = started_at
        self._separated = separated
        self._now = now

    def health(self) -> list[Check]:
        """Look at what every act needs."""
        try:
            with self._store.reading() as snapshot:
                records.heads(snapshot)
        except errors.OpenPactError as fault:
            return [Check("store", ok=False, message=fault.code)]
        return [Check("store", ok=True), Check("audit", ok=self._broken() is None, message="record_changed")]

    def summary(self) -> Summary:
        """Tell how this daemon and what it shares with others are doing."""
        with self._store.reading() as snapshot:
            heads = records.heads(snapshot)
            last = records.last_checkpoint(snapshot)
            sealed = {} if last is None else read_body(last.body).heads
            events = sum(head.seq for head in heads.values())
            return Summary(
                version=openpact.__version__,
                python=platform.python_version(),
                pid=os.getpid(),
                started_at=instant.as_text(self._started_at),
                store=self._store.engine.name,
                schema=self._store.schema,
                setup_required=people.count(snapshot) == 0,
                separated=self._separated,
                people=people.count(snapshot),
                instances=leases.living(snapshot, "process/", self._now()),
                outbox=outbox.waiting(snapshot),
                audit_events=events,
                audit_unsealed=events - sum(head.seq for head in sealed.values()),
                audit_sealed_at=None if last is None else instant.as_text(last.at),
            )
