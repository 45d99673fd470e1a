"""Whether the record goes on from what was sealed last, looked at before anything new is signed.

Whoever can write the store but has no key could drop the past, write another one and let the daemon sign it.

Rules of this file:
- Nothing is signed that does not go on, event by event, from what was signed before.
- It looks at what came since the last checkpoint, not at the whole record: that is what verifying is for.
"""

from collections.abc import Sequence

from openpact.adapters import seal as seals
from openpact.adapters.store import Snapshot
from openpact.adapters.store import audit as records
from openpact.adapters.store.chain import store_id
from openpact.domain import audit, errors


def require(snapshot: Snapshot, heads: Sequence[str], trusted: seals.Trust) -> None:
    """Raise StoreCorrupt where the record does not go on from the newest checkpoint that a trusted key signed.

    One by a key that is not trusted says nothing: anybody who can write the store could have put it there.
    """
    for known in heads:
        if not records.has_checkpoint(snapshot, known):
            raise _changed("the checkpoint that audit/head names is gone")
    signed = (
        made
        for made in records.newest_checkpoints(snapshot)
        if trusted.check(made.key_id, audit.signed_bytes(made.body), made.signature)
    )
    last = next(signed, None)
    sealed = {} if last is None else audit.read_body(last.body).heads
    ends = records.heads(snapshot)
    for chain, head in sealed.items():
        if chain not in ends or ends[chain].seq < head.seq:
            raise _changed(f"chain {chain} ends before what was sealed of it")
        if records.hash_at(snapshot, chain, head.seq) != head.hash:
            raise _changed(f"event {chain}/{head.seq} is not the one that was sealed")
    for chain, end in ends.items():
        first = audit.Head(0, audit.genesis(store_id(snapshot), chain))
        _require_links(snapshot, chain, sealed.get(chain, first), end)


def _require_links(snapshot: Snapshot, chain: str, start: audit.Head, end: audit.Head) -> None:
    seq, prev = start.seq, start.hash
    for event in records.walk_chain(snapshot, chain, start.seq, end.seq):
        if (event.seq, event.prev) != (seq + 1, prev) or audit.event_hash(event) != event.hash:
            raise _changed(f"event {chain}/{seq + 1} is not what was recorded")
        seq, prev = event.seq, event.hash
    if (seq, prev) != (end.seq, end.hash):
        raise _changed(f"chain {chain} ended at {end.seq}, and its events end at {seq}")


def _changed(what: str) -> errors.StoreCorrupt:
    return errors.StoreCorrupt(
        f"The record was changed after it was written: {what}.",
        hint="Run `openpact audit verify`, keep the store as it is for inspection, and put back a backup. "
        "Where an older store was put back on purpose, move secure/data/audit/head away.",
    )
