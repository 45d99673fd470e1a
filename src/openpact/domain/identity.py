"""Identifiers: a kind, an underscore and 26 characters that sort by time (48 bits of it, then 80 of chance).

Rules of this file:
- An identifier carries its kind (`evt_`, `per_`, `tok_`), so that one can never be taken for another.
- Chance and the clock come in from outside.
"""

KINDS = frozenset({"per", "tok", "evt", "eff", "out", "uns", "req", "ins"})

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u to misread
_LENGTH = 26
_CHANCE_BYTES = 10


def make(kind: str, at: int, chance: bytes) -> str:
    """Make an identifier of this kind for the instant `at` (microseconds) with ten bytes of chance."""
    if kind not in KINDS:
        raise ValueError(f"no kind of thing is called {kind!r}")
    if len(chance) != _CHANCE_BYTES:
        raise ValueError("an identifier takes ten bytes of chance")
    number = ((at // 1000) & ((1 << 48) - 1)) << 80 | int.from_bytes(chance)
    return kind + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def is_kind(text: str, kind: str) -> bool:
    """Say whether the text has the form of an identifier of this kind."""
    head, _, tail = text.partition("_")
    return head == kind and len(tail) == _LENGTH and all(c in _ALPHABET for c in tail)
