"""A small record for tests: two chains, sealed twice, with a tail that no checkpoint has sealed yet."""

import hashlib
from dataclasses import dataclass, field

import msgspec

from openpact.domain import audit, audit_check

STORE = "store-1"
KEY = "0123456789abcdef"
START = 1_770_287_400_000_000


def sign(key_id: str, data: bytes, secret: bytes = b"ours") -> str:
    """Give a signature that only who knows the secret can make."""
    return hashlib.sha256(secret + key_id.encode() + data).hexdigest()


def check_signature(key_id: str, data: bytes, signature: str) -> bool:
    """Trust the one key."""
    return key_id == KEY and sign(key_id, data) == signature


@dataclass
class Record:
    """Events and checkpoints, as they were written."""

    events: list[audit.Event] = field(default_factory=list)
    checkpoints: list[audit.Checkpoint] = field(default_factory=list)

    def write(self, chain: str = "c1", **said: object) -> audit.Event:
        """Write the next event of the chain."""
        before = [event for event in self.events if event.chain == chain]
        prev = before[-1].hash if before else audit.genesis(STORE, chain)
        number = len(self.events) + 1
        fields: dict[str, object] = {
            "id": f"evt_{number:026d}",
            "at": START + number,
            "actor": "per_1",
            "actor_name": "anna",
            "action": "person.add",
            "target": "boris",
            "outcome": "done",
            "details": {"n": number},
            **said,
        }
        draft = audit.Draft(**fields)  # type: ignore[arg-type]
        event = audit.link(draft, chain=chain, seq=len(before) + 1, prev=prev)
        self.events.append(event)
        return event

    def heads(self) -> dict[str, audit.Head]:
        """Give where the chains end."""
        return {event.chain: audit.Head(event.seq, event.hash) for event in self.events}

    def seal(self, *, secret: bytes = b"ours", leap: int = 0, prev: str | None = None) -> audit.Checkpoint:
        """Seal what was written; with another secret, behind another checkpoint or with a number left out if told."""
        number = len(self.checkpoints) + 1 + leap
        prev = prev or (self.checkpoints[-1].hash if self.checkpoints else audit.NOTHING)
        at = START + 1000 * number
        text = audit.body(number=number, at=at, store_id=STORE, heads=self.heads(), prev=prev, key_id=KEY)
        made = audit.Checkpoint(
            number=number,
            at=at,
            body=text,
            hash=audit.body_hash(text),
            key_id=KEY,
            signature=sign(KEY, audit.signed_bytes(text), secret),
        )
        self.checkpoints.append(made)
        return made

    def check(self, *heads: str) -> audit_check.Report:
        """Read it all."""
        return audit_check.check(STORE, self.checkpoints, self.events, check_signature, heads)

    def found(self, *heads: str) -> list[tuple[str, str, int]]:
        """Read it all, and give each fault's kind and place."""
        return [(fault.kind.value, fault.chain, fault.seq) for fault in self.check(*heads).faults]

    def rewrite(self, chain: str, seq: int, **changed: object) -> None:
        """Change an event and compute the chain anew from there, as somebody would who knows how it is made."""
        prev: str | None = None
        for place, event in enumerate(self.events):
            if event.chain != chain or event.seq < seq:
                continue
            told = changed if event.seq == seq else {}
            changed_event = msgspec.structs.replace(event, **told, prev=prev or event.prev)
            self.events[place] = msgspec.structs.replace(changed_event, hash=audit.event_hash(changed_event))
            prev = self.events[place].hash


def record() -> Record:
    """Give the record: c1 with events 1 to 8, c2 with 1 to 4; sealed at (5, 2) and (7, 4); one is not sealed."""
    made = Record()
    for chain in ("c1", "c1", "c2", "c1", "c1", "c2", "c1"):
        made.write(chain)
    made.seal()
    for chain in ("c1", "c2", "c2", "c1"):
        made.write(chain)
    made.seal()
    made.write("c1")
    return made
