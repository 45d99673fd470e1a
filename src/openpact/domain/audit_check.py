"""Reads a record from its start and names every place where it was edited, deleted, inserted, reordered or cut.

Rules of this file:
- It trusts nothing it reads: only the public keys and the heads that the caller brings from elsewhere.
- It needs one pass and memory for the checkpoints, not for the events.
- It goes on after a fault, so that one answer names every place.
"""

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from openpact.domain import audit, errors, instant

CheckSignature = Callable[[str, bytes, str], bool]  # (key id, bytes, signature): is it by a trusted key of this id?


class Kind(enum.StrEnum):
    """What was done to the record."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    CHECKPOINT = "checkpoint"


class Fault(msgspec.Struct, frozen=True):
    """One place where the record is not what was written."""

    kind: Kind
    chain: str
    seq: int
    message: str


class Report(msgspec.Struct, frozen=True):
    """What reading the whole record showed."""

    events: int
    checkpoints: int
    heads: dict[str, audit.Head]
    unsealed: int  # events after the last checkpoint: whoever can write the store could still change these
    newest: str | None  # the hash of the newest checkpoint: keep it elsewhere, and give it as --head next time
    faults: list[Fault]

    @property
    def intact(self) -> bool:
        """Say whether everything read is as it was written."""
        return not self.faults


class _Chain:
    """What is known of one chain while it is read."""

    def __init__(self, name: str, genesis: str) -> None:
        self.name = name
        self.next = 1
        self.prev = genesis
        self.missing: set[int] = set()


class Check:
    """The reading of one record: checkpoints first, then `read` for every event in the order of the record."""

    def __init__(
        self,
        store_id: str,
        checkpoints: Sequence[audit.Checkpoint],
        check_signature: CheckSignature,
        heads: Sequence[str] = (),
        ends: Mapping[str, audit.Head] | None = None,
    ) -> None:
        self._store_id = store_id
        self._faults: list[Fault] = []
        self._chains: dict[str, _Chain] = {}
        self._events = 0
        self._awaited = set(heads)
        self._ends = dict(ends or {})  # where the store itself says that its chains end
        self._count = len(checkpoints)
        # What the checkpoints say of each place: chain → seq → (hash, number of the checkpoint)
        self._sealed: dict[str, dict[int, tuple[str, int]]] = {}
        self._newest = audit.NOTHING
        self._number = 0
        for checkpoint in checkpoints:
            self._read_checkpoint(checkpoint, check_signature)

    def read(self, event: audit.Event) -> None:
        """Take the next event of the record."""
        self._events += 1
        self._awaited.discard(event.hash)
        chain = self._chains.get(event.chain)
        if chain is None:
            chain = _Chain(event.chain, audit.genesis(self._store_id, event.chain))
            self._chains[event.chain] = chain
        if audit.event_hash(event) != event.hash or not audit.is_well_formed(event):
            self._say(Kind.EDITED, event.chain, event.seq, f"event {event.id} is not what was recorded")
        if event.seq < chain.next:
            if event.seq in chain.missing:
                chain.missing.discard(event.seq)
                self._say(Kind.REORDERED, event.chain, event.seq, "this event stands behind later ones")
            else:
                self._say(Kind.INSERTED, event.chain, event.seq, f"a second event claims this place: {event.id}")
            return
        if event.seq > chain.next:
            chain.missing.update(range(chain.next, min(event.seq, chain.next + 10_000)))
        elif event.prev != chain.prev:
            at = max(1, event.seq - 1)
            self._say(Kind.EDITED, event.chain, at, f"event {event.seq} continues another event than the one before it")
        self._compare(event)
        chain.next, chain.prev = event.seq + 1, event.hash

    def report(self) -> Report:
        """Say what was found, once every event has been read."""
        for chain in self._chains.values():
            for first, last in _runs(chain.missing):
                what = f"event {first} is" if first == last else f"events {first} to {last} are"
                self._say(Kind.DELETED, chain.name, first, f"{what} missing")
        unsealed = 0
        for name in sorted(self._chains.keys() | self._sealed.keys()):
            last = self._chains[name].next - 1 if name in self._chains else 0
            sealed = max(self._sealed.get(name, {0: ("", 0)}))
            unsealed += max(0, last - sealed)
            if sealed > last:
                number = self._sealed[name][sealed][1]
                self._say(
                    Kind.TRUNCATED, name, last + 1, f"checkpoint {number} sealed {sealed} events, and {last} are left"
                )
        self._compare_ends()
        for head in sorted(self._awaited):
            self._say(Kind.TRUNCATED, "", 0, f"the record does not reach the head {head[:16]}… known elsewhere")
        return Report(
            events=self._events,
            checkpoints=self._count,
            heads={name: audit.Head(chain.next - 1, chain.prev) for name, chain in sorted(self._chains.items())},
            unsealed=unsealed,
            newest=None if self._newest == audit.NOTHING else self._newest,
            faults=sorted(self._faults, key=lambda fault: (fault.chain, fault.seq, fault.kind)),
        )

    def _compare_ends(self) -> None:
        for name, end in sorted(self._ends.items()):
            chain = self._chains.get(name)
            last = 0 if chain is None else chain.next - 1
            if end.seq > last and max(self._sealed.get(name, (0,))) <= last:  # else a checkpoint has said so
                self._say(Kind.TRUNCATED, name, last + 1, f"the chain ended at {end.seq}, and {last} are left")
            elif end.seq < last or (chain is not None and end.seq == last and end.hash != chain.prev):
                self._say(Kind.REWRITTEN, name, last, "the chain ended with another event")

    def _read_checkpoint(self, checkpoint: audit.Checkpoint, check_signature: CheckSignature) -> None:
        number = checkpoint.number
        self._awaited.discard(checkpoint.hash)
        try:
            said = audit.read_body(checkpoint.body)
            at = instant.from_text(said.ts)
        except (ValueError, errors.JsonInvalid):
            self._say(Kind.CHECKPOINT, "", number, f"checkpoint {number} cannot be read")
            return
        whole = (
            checkpoint.hash == audit.body_hash(checkpoint.body)
            and said.number == number
            and said.key == checkpoint.key_id
            and said.store == self._store_id
            and at == checkpoint.at
        )
        if not whole or not check_signature(said.key, audit.signed_bytes(checkpoint.body), checkpoint.signature):
            why = "by a key that is not trusted here, or changed after it was signed"
            self._say(Kind.CHECKPOINT, "", number, f"checkpoint {number} is {why}")
            return  # what nobody signed says nothing about the chains
        if number != self._number + 1 or said.prev != self._newest:
            self._say(Kind.CHECKPOINT, "", number, f"checkpoint {number} does not follow the one before it")
        self._number, self._newest = number, checkpoint.hash
        for chain, head in said.heads.items():
            self._sealed.setdefault(chain, {})[head.seq] = (head.hash, number)

    def _compare(self, event: audit.Event) -> None:
        sealed = self._sealed.get(event.chain, {}).get(event.seq)
        if sealed is not None and sealed[0] != event.hash:
            before = max((seq for seq in self._sealed[event.chain] if seq < event.seq), default=0)
            self._say(
                Kind.REWRITTEN,
                event.chain,
                event.seq,
                f"checkpoint {sealed[1]} sealed another event here: something between {before + 1} and {event.seq} "
                "was changed and the chain was computed anew",
            )

    def _say(self, kind: Kind, chain: str, seq: int, message: str) -> None:
        self._faults.append(Fault(kind, chain, seq, message))


def check(
    store_id: str,
    checkpoints: Sequence[audit.Checkpoint],
    events: Iterable[audit.Event],
    check_signature: CheckSignature,
    heads: Sequence[str] = (),
    ends: Mapping[str, audit.Head] | None = None,
) -> Report:
    """Read the whole record and report."""
    reading = Check(store_id, checkpoints, check_signature, heads, ends)
    for event in events:
        reading.read(event)
    return reading.report()


def _runs(numbers: set[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs
