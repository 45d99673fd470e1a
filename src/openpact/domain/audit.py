"""The record: events, the hash chain that ties them, and the signed checkpoints that seal the chains' ends.

Rules of this file:
- An event's hash covers every field of it and the hash before it. What is shown is what is hashed.
- A checkpoint names the end of every chain and the checkpoint before it, and is signed. What a checkpoint sealed
  cannot be changed, cut or reordered by anybody who lacks the key; what came after the last one can, and verify says
  how much that is.
- Signatures are made and checked outside; this file says over which bytes.
"""

import hashlib
from collections.abc import Mapping

import msgspec

from openpact.domain import errors, instant, strict_json

HASH_PREFIX = "sha256:"  # how every hash is shown and exported; inside it is bare
NOTHING = "0" * 64  # what the first checkpoint names as the one before it

_EVENT_MARK = b"openpact audit event 1\0"
_CHAIN_MARK = b"openpact audit chain 1\0"
_CHECKPOINT_MARK = b"openpact audit checkpoint 1\0"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be recorded, before it has a place in a chain."""

    id: str
    at: int
    actor: str
    actor_name: str
    action: str
    target: str
    outcome: str
    details: Mapping[str, strict_json.Value] = msgspec.field(default_factory=dict)
    decision_id: str | None = None
    request_id: str | None = None
    policy_version: str | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One record in its place. `details` is canonical JSON text, as it is stored and hashed."""

    chain: str
    seq: int
    id: str
    at: int
    type: str
    actor: str
    actor_name: str
    action: str
    target: str
    outcome: str
    decision_id: str | None
    request_id: str | None
    policy_version: str | None
    details: str
    prev: str
    hash: str


class Head(msgspec.Struct, frozen=True):
    """Where a chain ends."""

    seq: int
    hash: str


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sealed moment: its body as canonical JSON text, the body's hash, and the signature over it (base64)."""

    number: int
    at: int
    body: str
    hash: str
    key_id: str
    signature: str


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a checkpoint says."""

    v: int
    number: int
    ts: str
    store: str
    heads: dict[str, Head]
    prev: str
    key: str


def genesis(store_id: str, chain: str) -> str:
    """Give the hash before a chain's first event; no other store and no other chain has it."""
    return hashlib.sha256(_CHAIN_MARK + f"{store_id}/{chain}".encode()).hexdigest()


def link(draft: Draft, *, chain: str, seq: int, prev: str) -> Event:
    """Give the draft its place: behind `prev`, as number `seq` of the chain."""
    event = Event(
        chain=chain,
        seq=seq,
        id=draft.id,
        at=draft.at,
        type=draft.action.partition(".")[0],
        actor=draft.actor,
        actor_name=draft.actor_name,
        action=draft.action,
        target=draft.target,
        outcome=draft.outcome,
        decision_id=draft.decision_id,
        request_id=draft.request_id,
        policy_version=draft.policy_version,
        details=strict_json.canonical(dict(draft.details)).decode(),
        prev=prev,
        hash="",
    )
    return msgspec.structs.replace(event, hash=event_hash(event))


def event_hash(event: Event) -> str:
    """Compute the hash that the event must carry."""
    fields: list[strict_json.Value] = [
        event.chain,
        event.seq,
        event.prev,
        event.id,
        event.at,
        event.type,
        event.actor,
        event.actor_name,
        event.action,
        event.target,
        event.outcome,
        event.decision_id,
        event.request_id,
        event.policy_version,
        event.details,
    ]
    return hashlib.sha256(_EVENT_MARK + strict_json.canonical(fields)).hexdigest()


def is_well_formed(event: Event) -> bool:
    """Say whether the event can be shown as it was written: a right hash over nonsense is still nonsense."""
    try:
        details = strict_json.parse(event.details.encode())
        instant.as_text(event.at)
    except (errors.Invalid, OverflowError, UnicodeEncodeError):
        return False
    canonical = isinstance(details, dict) and strict_json.canonical(details).decode() == event.details
    return canonical and event.type == event.action.partition(".")[0]


def as_document(event: Event) -> dict[str, strict_json.Value]:
    """Give the event as it is exported and shown: times as text, details as an object."""
    return {
        "chain": event.chain,
        "seq": event.seq,
        "id": event.id,
        "ts": instant.as_text(event.at),
        "type": event.type,
        "actor": event.actor,
        "actor_name": event.actor_name,
        "action": event.action,
        "target": event.target,
        "outcome": event.outcome,
        "decision_id": event.decision_id,
        "request_id": event.request_id,
        "policy_version": event.policy_version,
        "details": strict_json.parse(event.details.encode()),
        "prev": HASH_PREFIX + event.prev,
        "hash": HASH_PREFIX + event.hash,
    }


def from_document(document: Mapping[str, strict_json.Value]) -> Event:
    """Read an exported event back; the hash covers what comes out. Raises ValueError for another shape."""
    fields = dict(document)
    try:
        ts, details = fields.pop("ts"), fields.pop("details")
    except KeyError as fault:
        raise ValueError(f"the event has no {fault}") from fault
    if not isinstance(ts, str) or not isinstance(details, dict):
        raise ValueError("ts must be a text and details an object")  # noqa: TRY004 - one error for one bad line
    event = msgspec.convert(
        {
            **fields,
            "at": instant.from_text(ts),
            "details": strict_json.canonical(details).decode(),
            "prev": _bare(fields.get("prev")),
            "hash": _bare(fields.get("hash")),
        },
        Event,
    )
    if as_document(event) != document:
        raise ValueError("the event says something that its hash does not cover")
    return event


def bare_head(text: str) -> str:
    """Read a hash as people keep it, with or without what it is shown with. Raises Invalid for anything else."""
    bare = text.strip().lower().removeprefix(HASH_PREFIX)
    if len(bare) != len(NOTHING) or not set(bare) <= set("0123456789abcdef"):
        raise errors.Invalid(
            "A head is 64 hexadecimal digits.", hint="`openpact audit verify` prints it as sha256: and the digits."
        )
    return bare


def _bare(shown: strict_json.Value) -> strict_json.Value:
    return shown.removeprefix(HASH_PREFIX) if isinstance(shown, str) else shown


def body(*, number: int, at: int, store_id: str, heads: Mapping[str, Head], prev: str, key_id: str) -> str:
    """Write what a checkpoint says, as canonical JSON text."""
    said: dict[str, strict_json.Value] = {
        "v": 1,
        "number": number,
        "ts": instant.as_text(at),
        "store": store_id,
        "heads": {chain: {"seq": head.seq, "hash": head.hash} for chain, head in heads.items()},
        "prev": prev,
        "key": key_id,
    }
    return strict_json.canonical(said).decode()


def read_body(text: str) -> Body:
    """Read what a checkpoint says. Raises ValueError or JsonInvalid."""
    return msgspec.convert(strict_json.parse(text.encode()), Body)


def body_hash(text: str) -> str:
    """Compute the hash that names a checkpoint."""
    return hashlib.sha256(signed_bytes(text)).hexdigest()


def signed_bytes(text: str) -> bytes:
    """Give the bytes that a checkpoint's signature is over."""
    return _CHECKPOINT_MARK + text.encode()
