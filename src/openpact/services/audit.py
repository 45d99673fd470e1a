"""The record in use: sealed, searched, followed, exported, verified.

Rules of this file:
- Sealing daemons take turns: each waits for the store's identity row, then adds the next checkpoint.
- An export carries everything that verifying needs except the public key, which must come from elsewhere.
- Nothing here changes an event.
"""

import json
from collections.abc import Callable, Iterable, Iterator

import msgspec

from openpact import faults
from openpact.adapters import seal as seals
from openpact.adapters.store import Snapshot, Store, Transaction
from openpact.adapters.store import audit as records
from openpact.adapters.store.chain import store_id
from openpact.domain import audit, audit_check, errors, strict_json
from openpact.domain.principal import Action, Principal
from openpact.services import continuity
from openpact.services.ledger import Ledger

FORMAT = "openpact-audit-1"
_LINE_LIMITS = strict_json.Limits(max_bytes=8_388_608)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of an export: what it is, of which store, and where the store says that its chains end."""

    format: str
    store: str
    ends: dict[str, audit.Head]


class Audit:
    """The record of one store, and the key that seals it."""

    def __init__(self, store: Store, ledger: Ledger, seal: seals.Seal, trusted: Callable[[], seals.Trust]) -> None:
        self._store = store
        self._ledger = ledger
        self._seal = seal
        self._trusted = trusted
        self.broken: str | None = None  # why nothing is sealed any more

    def seal(self) -> audit.Checkpoint | None:
        """Seal the ends of all chains with a signed checkpoint; None when nothing has come since the last one."""
        if self.unsealed() == 0:
            return None
        try:
            made = self._ledger.seal(self._seal_now)
        except errors.StoreCorrupt as fault:
            self.broken = fault.message
            raise
        faults.point("audit.sealed")
        self._seal.write_head(_head_line(made))
        return made

    def unsealed(self) -> int:
        """Say how many events came after the last checkpoint."""
        with self._store.reading() as snapshot:
            last = records.last_checkpoint(snapshot)
            sealed = {} if last is None else audit.read_body(last.body).heads
            return sum(
                head.seq - (sealed[chain].seq if chain in sealed else 0)
                for chain, head in records.heads(snapshot).items()
            )

    def find(self, wanted: records.Filter, limit: int) -> list[audit.Event]:
        """Give the newest events that fit, the newest first."""
        with self._store.reading() as snapshot:
            return records.find(snapshot, wanted, limit)

    def after(self, at: int, event_id: str, wanted: records.Filter, limit: int) -> list[audit.Event]:
        """Give the events that came after this one, the oldest first."""
        with self._store.reading() as snapshot:
            return records.after(snapshot, at, event_id, wanted, limit)

    def verify(self, heads: list[str]) -> audit_check.Report:
        """Read the whole record against the trusted keys, the head file and the heads that the caller brings."""
        with self._store.reading() as snapshot:
            return audit_check.check(
                store_id(snapshot),
                records.checkpoints(snapshot),
                records.walk(snapshot),
                self._trusted().check,
                [*map(audit.bare_head, heads), *self._own_head()],
                records.heads(snapshot),
            )

    def export(self, who: Principal, request: str | None = None) -> Iterator[bytes]:
        """Give the whole record as lines of JSON: what it is, the checkpoints, then every event. Raises Forbidden."""
        self._ledger.act(who, Action.AUDIT_EXPORT, "audit", lambda _act: None, request_id=request)
        return self._lines()

    def _lines(self) -> Iterator[bytes]:
        with self._store.reading() as snapshot:
            first = Header(FORMAT, store_id(snapshot), records.heads(snapshot))
            yield _line(msgspec.to_builtins(first))
            for checkpoint in records.checkpoints(snapshot):
                yield _line({"checkpoint": msgspec.to_builtins(checkpoint)})
            for event in records.walk(snapshot):
                yield _line({"event": audit.as_document(event)})

    def _seal_now(self, tx: Transaction) -> audit.Checkpoint:
        records.take_turn(tx)
        last = records.last_checkpoint(tx)
        self._require_continuity(tx)
        number = 1 if last is None else last.number + 1
        at = self._ledger.now()
        text = audit.body(
            number=number,
            at=at,
            store_id=store_id(tx),
            heads=records.heads(tx),
            prev=audit.NOTHING if last is None else last.hash,
            key_id=self._seal.key_id,
        )
        made = audit.Checkpoint(
            number=number,
            at=at,
            body=text,
            hash=audit.body_hash(text),
            key_id=self._seal.key_id,
            signature=self._seal.sign(audit.signed_bytes(text)),
        )
        records.add_checkpoint(tx, made)
        tx.announce("checkpoint", str(number))
        return made

    def require_continuity(self) -> None:
        """Look whether the record goes on from what was sealed last. Raises StoreCorrupt."""
        with self._store.reading() as snapshot:
            self._require_continuity(snapshot)

    def _require_continuity(self, snapshot: Snapshot) -> None:
        continuity.require(snapshot, self._own_head(), self._trusted())

    def _own_head(self) -> list[str]:
        line = self._seal.read_head()
        if line is None:
            return []
        try:
            document = strict_json.parse(line)
        except errors.Invalid:
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("hash"), str):
            raise errors.KeyUnusable("The file audit/head is damaged.", hint="Move it away and verify with --head.")
        return [str(document["hash"])]


def verify_export(lines: Iterable[bytes], trusted: seals.Trust, heads: list[str]) -> audit_check.Report:
    """Verify an exported record without its store. Raises Invalid when it is no export."""
    heads = [audit.bare_head(head) for head in heads]
    source = iter(lines)
    first = _read_header(next(source, b""))
    checkpoints: list[audit.Checkpoint] = []
    reading: audit_check.Check | None = None
    for number, raw in enumerate(source, start=2):
        line = _read_line(number, raw)
        try:
            if len(line) != 1:
                raise KeyError("event")  # what stands beside it would be shown and is covered by no hash
            if "checkpoint" in line and reading is None:
                checkpoints.append(msgspec.convert(line["checkpoint"], audit.Checkpoint))
                continue
            if reading is None:
                reading = audit_check.Check(first.store, checkpoints, trusted.check, heads, first.ends)
            event = line["event"]
            reading.read(audit.from_document(event if isinstance(event, dict) else {}))
        except (KeyError, ValueError) as fault:
            raise errors.Invalid(f"Line {number} of the export is no event and no checkpoint.") from fault
    if reading is None:
        reading = audit_check.Check(first.store, checkpoints, trusted.check, heads, first.ends)
    return reading.report()


def _read_header(raw: bytes) -> Header:
    try:
        header = msgspec.convert(_read_line(1, raw), Header)
    except msgspec.ValidationError:
        header = None
    if header is None or header.format != FORMAT:
        raise errors.Invalid("This is no export of an OpenPact record.", hint="Make one with `openpact audit export`.")
    return header


def _read_line(number: int, raw: bytes) -> dict[str, strict_json.Value]:
    try:
        document = strict_json.parse(raw.strip(), _LINE_LIMITS)
    except errors.Invalid as fault:
        raise errors.Invalid(f"Line {number} of the export cannot be read: {fault.message}") from fault
    if not isinstance(document, dict):
        raise errors.Invalid(f"Line {number} of the export is no object.")
    return document


def _head_line(checkpoint: audit.Checkpoint) -> str:
    return json.dumps(msgspec.to_builtins(checkpoint), sort_keys=True)


def _line(document: dict[str, strict_json.Value]) -> bytes:
    return strict_json.encode(document) + b"\n"
