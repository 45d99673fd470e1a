"""THE ONE DOOR: every change is authorised, made and recorded here, in one transaction, or it does not happen.

    ledger.act(who, Action.PERSON_ADD, username, add)       # a change of our own state
    async with ledger.effect(who, Action.…, target): …      # a deed outside: begun → done, failed or unknown

Rules of this file:
- Authority is read in the transaction of the act: a role taken away a moment ago does not act any more.
- A refused act and a failed act are recorded too, and change nothing else.
- What cannot be recorded does not happen. Begun is durable before the deed leaves; its outcome is written even when
  the asker has gone. Only an error that says so means that a deed failed: anything else leaves it unknown.
- Times and identifiers are made here.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from openpact import faults
from openpact.adapters.store import Durability, Store, Transaction, audit, effects, leases
from openpact.domain import errors, identity
from openpact.domain.audit import Draft, Event
from openpact.domain.principal import SYSTEM, Action, Principal
from openpact.domain.strict_json import Value
from openpact.services import standing

T = TypeVar("T")

_LIVING = "process/"  # each process holds a lease of this name while it lives
LEASE_SECONDS = 30
_RECOVER_AT_ONCE = 100


@dataclass
class Act:
    """One act while it happens: what its change may use, and what its record will say."""

    tx: Transaction
    now: int
    target: str
    who: Principal
    details: dict[str, Value]
    new_id: Callable[[str], str]


Change = Callable[[Act], T]


@dataclass
class Effect:
    """A deed that has begun; the outcome's record takes these details."""

    id: str
    details: dict[str, Value] = field(default_factory=dict)
    failure: str | None = None

    def fail(self, reason: str) -> None:
        """Say that the deed was seen to fail: the other side answered, and with a no."""
        self.failure = reason


@dataclass
class _Refused(Generic[T]):
    error: errors.OpenPactError


class Ledger:
    """The one door, for one process."""

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], int] | None = None,
        tell: Callable[[Event], None] = lambda _event: None,
    ) -> None:
        self._store = store
        self._tell = tell  # called after the commit with each event, for the text lines of the log
        self._clock = clock or store.now
        self.holder = self.new_id("ins")  # this process, among all that share the store
        self._owed: deque[_End] = deque()  # outcomes that the store could not take

    def now(self) -> int:
        """Give the instant that acts are stamped with."""
        return self._clock()

    def new_id(self, kind: str) -> str:
        """Make an identifier that carries its kind and sorts by time."""
        return identity.make(kind, self._clock(), secrets.token_bytes(10))

    def act(
        self,
        who: Principal,
        action: Action,
        target: str,
        change: Change[T],
        *,
        details: dict[str, Value] | None = None,
        request_id: str | None = None,
        durability: Durability = Durability.FULL,
    ) -> T:
        """Authorise, change and record in one transaction. Raises what the change raises, once that is recorded."""
        entry = _Entry(who, action, target, details or {}, request_id)
        try:
            ended = self._store.write(lambda tx: self._act(tx, entry, change), durability)
        except Exception as fault:
            with suppress(*_hidden_by(fault)):
                self._store.write(self._failed(entry, fault), durability)
            raise
        return _granted(ended)

    async def act_soon(
        self,
        who: Principal,
        action: Action,
        target: str,
        change: Change[T],
        *,
        details: dict[str, Value] | None = None,
        request_id: str | None = None,
        durability: Durability = Durability.FULL,
    ) -> T:
        """Do as `act` without holding up the event loop; many that wait share one commit."""
        entry = _Entry(who, action, target, details or {}, request_id)
        try:
            ended = await self._soon(lambda tx: self._act(tx, entry, change), durability)
        except Exception as fault:
            with suppress(*_hidden_by(fault)):
                await self._soon(self._failed(entry, fault), durability)
            raise
        return _granted(ended)

    def refuse(
        self, who: Principal, action: Action, target: str, error: errors.OpenPactError, request_id: str | None = None
    ) -> errors.OpenPactError:
        """Record that a door said no before there was anything to do, and give the error to raise."""
        entry = _Entry(who, action, target, {}, request_id)
        self._store.write(lambda tx: self._record(tx, entry, "refused", error))
        return error

    def expect(self, who: Principal, action: Action, target: str, request_id: str | None = None) -> None:
        """Refuse now, with a record, what would be refused anyway: before anything costly is done for it."""
        try:
            with self._store.reading() as snapshot:
                standing.authorise(snapshot, who, action, self._clock())
        except (errors.NotAuthenticated, errors.Forbidden) as refusal:
            raise self.refuse(who, action, target, refusal, request_id) from None

    @asynccontextmanager
    async def effect(
        self,
        who: Principal,
        action: Action,
        target: str,
        change: Change[Any] | None = None,
        *,
        details: dict[str, Value] | None = None,
        request_id: str | None = None,
    ) -> AsyncIterator[Effect]:
        """Hold a deed outside: the intent (with `change`) is durable before the block, the outcome after it."""
        entry = _Entry(who, action, target, details or {}, request_id)
        effect = Effect(self.new_id("eff"))
        await self._begin_soon(entry, effect, change)
        faults.point("ledger.begun")
        end = _End(entry, effect, "unknown", "interrupted")
        try:
            yield effect
            end.outcome, end.reason = "done", ""
        except errors.NotDelivered as fault:
            end.outcome, end.reason = "failed", fault.code
            raise
        except Exception as fault:
            # It may have come after the deed: a store that was busy, a limit, a fault of ours.
            end.reason = fault.code if isinstance(fault, errors.OpenPactError) else type(fault).__name__
            raise
        finally:
            if effect.failure is not None:
                end.outcome, end.reason = "failed", effect.failure
            faults.point("ledger.deed_done")
            await _finish(self._end_soon(end))

    def keep(self, job: Callable[[Transaction], T], durability: Durability = Durability.NORMAL) -> T:
        """Do bookkeeping that is no act: tries counted, leases, when something was last seen. Never a right."""
        return self._store.write(job, durability)

    def seal(self, job: Callable[[Transaction], T]) -> T:
        """Write a checkpoint, which is a record by itself: signed, numbered and chained."""
        return self._store.write(job, Durability.FULL)

    def live(self) -> None:
        """Say that this process lives and its begun deeds are its own; write outcomes that could not be before."""
        now, ends_at = self._clock(), self._clock() + LEASE_SECONDS * 1_000_000
        name = _LIVING + self.holder
        self._store.write(lambda tx: leases.take(tx, name, self.holder, now, ends_at), Durability.NORMAL)
        self._settle()

    def recover(self) -> int:
        """Mark deeds of processes that live no more as unknown, and say how many there were."""

        def change(act: Act) -> int:
            alive = [name.removeprefix(_LIVING) for name in leases.living(act.tx, _LIVING, act.now)]
            orphans = effects.orphans(act.tx, [*alive, self.holder], _RECOVER_AT_ONCE)
            marked = 0
            for deed in orphans:
                if not effects.end(act.tx, deed.id, "unknown", act.now):
                    continue  # another daemon, or the late end of the deed itself, was first
                marked += 1
                self._write(
                    act.tx,
                    Draft(
                        id=self.new_id("evt"),
                        at=act.now,
                        actor=deed.actor,
                        actor_name=deed.actor_name,
                        action=deed.action,
                        target=deed.target,
                        outcome="unknown",
                        details={"effect": deed.id, "reason": "the process that began it is gone"},
                    ),
                )
            leases.forget(act.tx, _LIVING, act.now - 24 * 3_600_000_000)
            act.details["deeds"] = marked
            return marked

        with self._store.reading() as snapshot:
            now = self._clock()
            alive = [name.removeprefix(_LIVING) for name in leases.living(snapshot, _LIVING, now)]
            if not effects.orphans(snapshot, [*alive, self.holder], 1):
                return 0
        return self.act(SYSTEM, Action.EFFECT_RECOVER, "effects", change)

    def close(self) -> None:
        """Write what is owed, then give back this process's lease: what it began and did not end is nobody's now."""
        self._settle()
        name = _LIVING + self.holder
        self._store.write(lambda tx: leases.give_back(tx, name, self.holder), Durability.NORMAL)

    def _settle(self) -> None:
        while self._owed:
            self._store.write(lambda tx: self._end(tx, self._owed[0]))
            self._owed.popleft()

    async def _soon(self, job: Callable[[Transaction], T], durability: Durability) -> T:
        return await asyncio.wrap_future(self._store.submit(job, durability))

    def _act(self, tx: Transaction, entry: "_Entry", change: Change[T]) -> "T | _Refused[T]":
        try:
            standing.authorise(tx, entry.who, entry.action, self._clock())
        except errors.OpenPactError as refusal:
            self._record(tx, entry, "refused", refusal)
            return _Refused(refusal)
        faults.point("ledger.authorised")
        act = Act(tx, self._clock(), entry.target, entry.who, entry.details, self.new_id)
        result = change(act)
        entry.target = act.target
        faults.point("ledger.changed")
        self._record(tx, entry, "done")
        faults.point("ledger.recorded")
        return result

    async def _begin_soon(self, entry: "_Entry", effect: Effect, change: Change[Any] | None) -> None:
        beginning = asyncio.ensure_future(
            self._soon(lambda tx: self._begin(tx, entry, effect, change), Durability.FULL)
        )
        try:
            _granted(await asyncio.shield(beginning))
        except asyncio.CancelledError:
            # The intent may be durable by now, and its deed will not follow: say so.
            await _finish(self._abandon(beginning, _End(entry, effect, "failed", "cancelled before it left")))
            raise
        except Exception as fault:
            if isinstance(fault, errors.OutcomeUnknown):  # it may stand as begun, and it never leaves
                self._owed.append(_End(entry, effect, "failed", "it never left"))
            if beginning.exception() is not None:  # else it is a refusal, and recorded
                with suppress(*_hidden_by(fault)):
                    await self._soon(self._failed(entry, fault), Durability.FULL)
            raise

    async def _abandon(self, beginning: "asyncio.Future[_Refused[None] | None]", end: "_End") -> None:
        await asyncio.wait([beginning])
        if beginning.exception() is None and beginning.result() is None:
            await self._end_soon(end)

    async def _end_soon(self, end: "_End") -> None:
        try:
            await self._soon(lambda tx: self._end(tx, end), Durability.FULL)
        except (errors.Unavailable, errors.OutcomeUnknown) as fault:
            self._owed.append(end)
            raise errors.OutcomeUnknown("The deed has left, and its end could not be recorded yet.") from fault
        except asyncio.CancelledError:
            self._owed.append(end)  # the loop itself is ending; to write an end twice does no harm
            raise

    def _begin(
        self, tx: Transaction, entry: "_Entry", effect: Effect, change: Change[Any] | None
    ) -> "_Refused[None] | None":
        try:
            standing.authorise(tx, entry.who, entry.action, self._clock())
        except errors.OpenPactError as refusal:
            self._record(tx, entry, "refused", refusal)
            return _Refused(refusal)
        act = Act(tx, self._clock(), entry.target, entry.who, entry.details, self.new_id)
        if change is not None:
            change(act)
            entry.target = act.target
        deed = effects.Deed(effect.id, entry.who.id, entry.who.name, entry.action.value, entry.target)
        effects.begin(tx, deed, self.holder, act.now)
        entry.details["effect"] = effect.id
        self._record(tx, entry, "begun")
        return None

    def _end(self, tx: Transaction, end: "_End") -> None:
        if not effects.end(tx, end.effect.id, end.outcome, self._clock()):
            return  # the end is written already
        said: dict[str, Value] = {"effect": end.effect.id, **end.effect.details}
        if end.reason:
            said["reason"] = end.reason
        entry = _Entry(end.entry.who, end.entry.action, end.entry.target, said, end.entry.request_id)
        self._record(tx, entry, end.outcome)

    def _failed(self, entry: "_Entry", fault: Exception) -> Callable[[Transaction], None]:
        # A store that was lost while it committed may have done so: then nobody can say that the act failed.
        outcome = "unknown" if isinstance(fault, errors.OutcomeUnknown) else "failed"
        return lambda tx: self._record(tx, entry, outcome, fault)

    def _record(self, tx: Transaction, entry: "_Entry", outcome: str, fault: Exception | None = None) -> None:
        details = dict(entry.details)
        if fault is not None:
            # The code is for machines and safe; a foreign exception's text may hold what must not be recorded.
            details["error"] = fault.code if isinstance(fault, errors.OpenPactError) else type(fault).__name__
        self._write(
            tx,
            Draft(
                id=self.new_id("evt"),
                at=self._clock(),
                actor=entry.who.id,
                actor_name=entry.who.name,
                action=entry.action.value,
                target=entry.target,
                outcome=outcome,
                details=details,
                request_id=entry.request_id,
            ),
        )

    def _write(self, tx: Transaction, draft: Draft) -> None:
        event = audit.append(tx, draft)
        tx.announce("audit", event.action)
        tx.afterwards(lambda: self._tell(event))


@dataclass
class _Entry:
    who: Principal
    action: Action
    target: str
    details: dict[str, Value]
    request_id: str | None


@dataclass
class _End:
    entry: _Entry
    effect: Effect
    outcome: str
    reason: str


def _hidden_by(fault: Exception) -> tuple[type[errors.OpenPactError], ...]:
    # Who is told "nothing has happened" by a store that is still away may do a thing twice that has happened.
    return (errors.Unavailable, errors.OutcomeUnknown) if isinstance(fault, errors.OutcomeUnknown) else ()


def _granted(ended: "T | _Refused[T]") -> T:
    if isinstance(ended, _Refused):
        raise ended.error
    return ended


async def _finish(deed: Any) -> None:
    """Await to the end, however often the task is cancelled meanwhile; then let the cancellation go on."""
    task = asyncio.ensure_future(deed)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
